//! `config.json` of a Hugging Face checkpoint, in both of its styles: `rope_theta` with `rope_scaling`, and `rope_parameters`.

use serde_json::{Map, Value};

use super::{
    Architecture, LayerConfig, ModelConfig, RopeScaling, RotaryConfig, Yarn,
    config::{RelationKeys, invalid, limit, unsupported},
};
use crate::{
    backend::RotaryStyle,
    error::{Error, ErrorCode, Result},
};

impl ModelConfig {
    /// Reads a `config.json`.
    ///
    /// # Errors
    /// `model_unsupported` for another architecture, activation or rotary scaling, or weights quantised in a format of
    /// transformers' own; `model_invalid` at the key that is missing or cannot be.
    pub fn from_json(bytes: &[u8]) -> Result<Self> {
        let value: Value = serde_json::from_slice(bytes).map_err(|error| {
            Error::new(ErrorCode::ModelInvalid, format!("config.json is not JSON: {error}")).at("config.json")
        })?;
        let Value::Object(object) = value else {
            return Err(Error::new(ErrorCode::ModelInvalid, "config.json is not an object").at("config.json"));
        };
        Reader { object: &object, prefix: "" }.config()
    }
}

/// Typed access to one object of the config; errors name the key.
struct Reader<'a> {
    object: &'a Map<String, Value>,
    prefix: &'static str,
}

impl Reader<'_> {
    fn config(&self) -> Result<ModelConfig> {
        let architecture = Architecture::from_model_type(
            self.text("model_type")?.ok_or_else(|| invalid("model_type", "is missing"))?,
        )?;
        self.refuse_unsupported()?;
        let hidden = self.count("hidden_size", limit::WIDTH)?;
        let heads = self.count("num_attention_heads", limit::HEADS)?;
        let kv_heads = self.optional_count("num_key_value_heads", limit::HEADS)?.unwrap_or(heads);
        let head_dim = match self.optional_count("head_dim", limit::HEAD_DIM)? {
            Some(head_dim) => head_dim,
            None if hidden.is_multiple_of(heads) => hidden / heads,
            None => return Err(invalid("head_dim", "is missing and the heads do not divide the hidden size")),
        };
        let layers = self.count("num_hidden_layers", limit::LAYERS)?;
        let context_length = self.count("max_position_embeddings", limit::CONTEXT)?;
        let config = ModelConfig {
            architecture,
            hidden,
            intermediate: self.count("intermediate_size", limit::WIDTH)?,
            heads,
            kv_heads,
            head_dim,
            vocabulary: Some(self.count("vocab_size", limit::VOCABULARY)?),
            context_length,
            norm_epsilon: self.number("rms_norm_eps")?.unwrap_or(1e-6) as f32,
            rotary: self.rotary(architecture, head_dim, context_length)?,
            tied_embeddings: self.flag("tie_word_embeddings")?,
            attention_bias: Some(match architecture {
                Architecture::Qwen2 => true,
                Architecture::Llama | Architecture::SmolLm3 | Architecture::Qwen3 => {
                    self.flag("attention_bias")?.unwrap_or(false)
                }
            }),
            feed_forward_bias: Some(self.flag("mlp_bias")?.unwrap_or(false)),
            layers: self.layers(architecture, layers)?,
        };
        config.checked(&RelationKeys { kv_heads: "num_key_value_heads", rotary_dim: "partial_rotary_factor" })
    }

    fn refuse_unsupported(&self) -> Result<()> {
        if let Some(activation) = self.text("hidden_act")?
            && activation != "silu"
        {
            return Err(unsupported("hidden_act", format_args!("is `{activation}`; only `silu` is supported")));
        }
        match self.object.get("quantization_config") {
            None | Some(Value::Null) => Ok(()),
            Some(_) => Err(unsupported(
                "quantization_config",
                "asks for weights in a format of transformers' own; load the unquantised model with `isq`, or a GGUF file",
            )),
        }
    }

    fn layers(&self, architecture: Architecture, count: usize) -> Result<Vec<LayerConfig>> {
        // Llama's own configuration knows no window: transformers passes over one that is there.
        let mistral = self.object.get("model_type").is_some_and(|name| name == "mistral");
        let window = match self.optional_count("sliding_window", limit::CONTEXT)? {
            Some(window) if self.flag("use_sliding_window")?.unwrap_or(mistral) => Some(window as u32),
            Some(_) | None => None,
        };
        let rotary = self.rotary_layers(architecture, count)?;
        let slides = match self.layer_types(count)? {
            Some(slides) if slides.contains(&true) && window.is_none() => {
                return Err(invalid("sliding_window", "is missing and `layer_types` asks for it"));
            }
            Some(slides) => slides,
            None => self.sliding_layers(architecture, &rotary)?,
        };
        let layers = rotary.into_iter().zip(slides);
        Ok(layers.map(|(rotary, slides)| LayerConfig { window: window.filter(|_| slides), rotary }).collect())
    }

    /// Which layers slide, where `layer_types` does not say it.
    fn sliding_layers(&self, architecture: Architecture, rotary: &[bool]) -> Result<Vec<bool>> {
        let first = match architecture {
            Architecture::Llama => 0,
            // those without positions
            Architecture::SmolLm3 => return Ok(rotary.iter().map(|rotates| !rotates).collect()),
            // the first `max_window_layers` see everything
            Architecture::Qwen2 | Architecture::Qwen3 => match self.object.get("max_window_layers") {
                None | Some(Value::Null) => 28,
                Some(Value::Number(number)) if number.as_u64() == Some(0) => 0,
                Some(_) => self.count("max_window_layers", limit::WIDTH)?,
            },
        };
        Ok((0..rotary.len()).map(|index| index >= first).collect())
    }

    /// Which layers slide, where `layer_types` says so.
    fn layer_types(&self, count: usize) -> Result<Option<Vec<bool>>> {
        let Some(value) = self.object.get("layer_types").filter(|value| !value.is_null()) else { return Ok(None) };
        let kinds = value.as_array().ok_or_else(|| invalid("layer_types", "is not an array"))?;
        if kinds.len() != count {
            return Err(invalid("layer_types", format_args!("has {} entries for {count} layers", kinds.len())));
        }
        let slides = kinds.iter().map(|kind| match kind.as_str() {
            Some("full_attention") => Ok(false),
            Some("sliding_attention") => Ok(true),
            Some(other) => Err(unsupported("layer_types", format_args!("has the unsupported type `{other}`"))),
            None => Err(invalid("layer_types", "has an entry that is no string")),
        });
        slides.collect::<Result<Vec<_>>>().map(Some)
    }

    /// Which layers rotate: all, except where `SmolLM3` leaves some out.
    fn rotary_layers(&self, architecture: Architecture, count: usize) -> Result<Vec<bool>> {
        match architecture {
            Architecture::Llama | Architecture::Qwen2 | Architecture::Qwen3 => return Ok(vec![true; count]),
            Architecture::SmolLm3 => {}
        }
        let Some(value) = self.object.get("no_rope_layers").filter(|value| !value.is_null()) else {
            let interval = self.optional_count("no_rope_layer_interval", limit::LAYERS)?.unwrap_or(4);
            return Ok((0..count).map(|index| !(index + 1).is_multiple_of(interval)).collect());
        };
        // despite its name a 1 means that the layer rotates
        let marks = value.as_array().ok_or_else(|| invalid("no_rope_layers", "is not an array"))?;
        // transformers takes a longer list
        if marks.len() < count {
            return Err(invalid("no_rope_layers", format_args!("has {} entries for {count} layers", marks.len())));
        }
        let rotates = marks.iter().take(count).map(|mark| match mark.as_u64() {
            Some(0) => Ok(false),
            Some(1) => Ok(true),
            Some(_) | None => Err(invalid("no_rope_layers", "has an entry other than 0 and 1")),
        });
        rotates.collect()
    }

    fn rotary(&self, architecture: Architecture, head_dim: usize, context_length: usize) -> Result<RotaryConfig> {
        let (parameters, prefix) = match (self.nested("rope_parameters")?, self.nested("rope_scaling")?) {
            (Some(parameters), _) => (Some(parameters), "rope_parameters."),
            (None, scaling) => (scaling, "rope_scaling."),
        };
        let parameters = parameters.map(|object| Reader { object, prefix });
        let default_theta = match architecture {
            Architecture::SmolLm3 => 2_000_000.0,
            Architecture::Llama | Architecture::Qwen2 | Architecture::Qwen3 => 10_000.0,
        };
        let own = |key: &'static str| match &parameters {
            Some(parameters) => parameters.number(key),
            None => Ok(None),
        };
        let theta = match own("rope_theta")? {
            Some(theta) => theta,
            None => self.number("rope_theta")?.unwrap_or(default_theta),
        };
        if theta <= 1.0 {
            return Err(invalid("rope_theta", format_args!("is {theta}; it has to be above 1")));
        }
        let partial = match own("partial_rotary_factor")? {
            Some(partial) => partial,
            None => self.number("partial_rotary_factor")?.unwrap_or(1.0),
        };
        if !(partial > 0.0 && partial <= 1.0) {
            return Err(invalid("partial_rotary_factor", format_args!("is {partial}, not within 0 and 1")));
        }
        let scaling = match &parameters {
            Some(parameters) => parameters.scaling(context_length as f64)?,
            None => RopeScaling::Default,
        };
        Ok(RotaryConfig { theta, dim: (head_dim as f64 * partial) as usize, style: RotaryStyle::Halves, scaling })
    }

    /// Reads `rope_parameters` or `rope_scaling`.
    fn scaling(&self, context_length: f64) -> Result<RopeScaling> {
        let kind = match self.text("rope_type")? {
            Some(kind) => kind,
            None => self.text("type")?.unwrap_or("default"),
        };
        Ok(match kind {
            "default" => RopeScaling::Default,
            "linear" => RopeScaling::Linear { factor: self.positive("factor")? },
            "llama3" => {
                let (low, high) = (self.positive("low_freq_factor")?, self.positive("high_freq_factor")?);
                if low >= high {
                    return Err(self.invalid("low_freq_factor", "is not below `high_freq_factor`"));
                }
                RopeScaling::Llama3 {
                    factor: self.positive("factor")?,
                    low_frequency_factor: low,
                    high_frequency_factor: high,
                    original_context: self.positive("original_max_position_embeddings")?,
                }
            }
            "yarn" => RopeScaling::Yarn(self.yarn(context_length)?),
            other => {
                return Err(unsupported(
                    "rope_type",
                    format_args!("is `{other}`; supported are default, linear, llama3 and yarn"),
                ));
            }
        })
    }

    fn yarn(&self, context_length: f64) -> Result<Yarn> {
        let original_context = match self.number("original_max_position_embeddings")? {
            Some(_) => self.positive("original_max_position_embeddings")?,
            None => context_length,
        };
        let mut yarn = Yarn::new(self.positive("factor")?, original_context);
        if let Some(beta_fast) = self.number("beta_fast")? {
            yarn.beta_fast = beta_fast;
        }
        if let Some(beta_slow) = self.number("beta_slow")? {
            yarn.beta_slow = beta_slow;
        }
        if yarn.beta_slow <= 0.0 || yarn.beta_slow >= yarn.beta_fast {
            return Err(self.invalid("beta_slow", "is not between 0 and `beta_fast`"));
        }
        if let Some(truncate) = self.flag("truncate")? {
            yarn.truncate = truncate;
        }
        yarn.attention_factor = match self.number("attention_factor")? {
            Some(_) => Some(self.positive("attention_factor")?),
            None => match (self.number("mscale")?, self.number("mscale_all_dim")?) {
                (Some(mscale), Some(all)) if mscale != 0.0 && all != 0.0 => {
                    Some(Yarn::magnitude(yarn.factor, mscale) / Yarn::magnitude(yarn.factor, all))
                }
                (Some(_) | None, Some(_) | None) => None,
            },
        };
        Ok(yarn)
    }

    fn present(&self, key: &str) -> Option<&Value> {
        self.object.get(key).filter(|value| !value.is_null())
    }

    fn invalid(&self, key: &str, message: impl std::fmt::Display) -> Error {
        invalid(&format!("{}{key}", self.prefix), message)
    }

    fn nested(&self, key: &str) -> Result<Option<&Map<String, Value>>> {
        match self.present(key) {
            None => Ok(None),
            Some(Value::Object(object)) if object.values().any(Value::is_object) => {
                Err(unsupported(key, "differs from layer to layer"))
            }
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(_) => Err(self.invalid(key, "is not an object")),
        }
    }

    fn text(&self, key: &str) -> Result<Option<&str>> {
        match self.present(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.invalid(key, "is not a string")),
        }
    }

    fn flag(&self, key: &str) -> Result<Option<bool>> {
        match self.present(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(self.invalid(key, "is neither true nor false")),
        }
    }

    fn number(&self, key: &str) -> Result<Option<f64>> {
        match self.present(key) {
            None => Ok(None),
            Some(value) => match value.as_f64() {
                Some(number) if number.is_finite() && number >= 0.0 => Ok(Some(number)),
                Some(_) | None => {
                    Err(self.invalid(key, format_args!("is {value}; it has to be a number of 0 or more")))
                }
            },
        }
    }

    fn positive(&self, key: &str) -> Result<f64> {
        match self.number(key)? {
            Some(number) if number > 0.0 => Ok(number),
            Some(_) => Err(self.invalid(key, "is 0")),
            None => Err(self.invalid(key, "is missing")),
        }
    }

    fn optional_count(&self, key: &str, max: usize) -> Result<Option<usize>> {
        match self.present(key) {
            None => Ok(None),
            Some(value) => match value.as_u64() {
                Some(number) if number >= 1 && number <= max as u64 => Ok(Some(number as usize)),
                Some(_) | None => {
                    Err(self.invalid(key, format_args!("is {value}; it has to be a whole number from 1 to {max}")))
                }
            },
        }
    }

    fn count(&self, key: &str, max: usize) -> Result<usize> {
        self.optional_count(key, max)?.ok_or_else(|| self.invalid(key, "is missing"))
    }
}

#[cfg(test)]
#[path = "config_json_tests.rs"]
mod tests;
