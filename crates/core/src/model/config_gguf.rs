//! The metadata of a GGUF file, by the keys of <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.

use wick_formats::{Gguf, TensorTable, gguf::Metadata};

use super::{
    Architecture, LayerConfig, ModelConfig, RopeScaling, RotaryConfig, Yarn,
    config::{RelationKeys, invalid, limit, unsupported},
};
use crate::{
    backend::RotaryStyle,
    error::{Error, ErrorCode, Result},
    weight::{DType, Weight},
    weights::read_floats,
};

/// Frequency divisors that llama.cpp's converter computes for Llama 3; belongs to the config.
pub(crate) const ROPE_FACTORS: &str = "rope_freqs.weight";

impl ModelConfig {
    /// Reads a GGUF file's metadata.
    ///
    /// # Errors
    /// `model_unsupported` for another architecture or rotary scaling; `model_invalid` at the key that is missing or cannot be.
    pub fn from_gguf(gguf: &Gguf) -> Result<Self> {
        let metadata = gguf.metadata();
        let name = metadata.optional_str("general.architecture")?.ok_or_else(|| {
            Error::new(ErrorCode::ModelUnsupported, "the file does not say which architecture it is")
                .at("general.architecture")
                .detail("key", "general.architecture")
        })?;
        let architecture = Architecture::from_gguf(name)?;
        Keys { metadata, name }.config(architecture, gguf.tensors())
    }
}

/// Typed access to the keys of one architecture; errors name the whole key.
struct Keys<'a> {
    metadata: &'a Metadata,
    name: &'a str,
}

impl Keys<'_> {
    fn config(&self, architecture: Architecture, tensors: &TensorTable) -> Result<ModelConfig> {
        if self.optional_count("expert_count", limit::HEADS)?.is_some() {
            return Err(unsupported(&self.key("expert_count"), "is set: mixtures of experts are not supported yet"));
        }
        let hidden = self.count("embedding_length", limit::WIDTH)?;
        let heads = self.count("attention.head_count", limit::HEADS)?;
        let head_dim = match self.optional_count("attention.key_length", limit::HEAD_DIM)? {
            Some(head_dim) => head_dim,
            None if hidden.is_multiple_of(heads) => hidden / heads,
            None => {
                return Err(invalid(&self.key("attention.head_count"), "does not divide the embedding length"));
            }
        };
        let value_dim = self.optional_count("attention.value_length", limit::HEAD_DIM)?;
        if value_dim.is_some_and(|value_dim| value_dim != head_dim) {
            return Err(unsupported(&self.key("attention.value_length"), "differs from the keys' length"));
        }
        let window = self.optional_count("attention.sliding_window", limit::CONTEXT)?.map(|window| window as u32);
        let layers = (0..self.count("block_count", limit::LAYERS)?).map(|index| LayerConfig {
            window,
            rotary: match architecture {
                // every fourth layer of SmolLM3 has no positions; llama.cpp has the interval in its code, not in the file
                Architecture::SmolLm3 => (index + 1) % 4 != 0,
                Architecture::Llama | Architecture::Qwen2 | Architecture::Qwen3 => true,
            },
        });
        let config = ModelConfig {
            architecture,
            hidden,
            intermediate: self.count("feed_forward_length", limit::WIDTH)?,
            heads,
            kv_heads: self.optional_count("attention.head_count_kv", limit::HEADS)?.unwrap_or(heads),
            head_dim,
            vocabulary: None,
            context_length: self.count("context_length", limit::CONTEXT)?,
            norm_epsilon: self
                .number("attention.layer_norm_rms_epsilon")?
                .ok_or_else(|| invalid(&self.key("attention.layer_norm_rms_epsilon"), "is missing"))?
                as f32,
            rotary: self.rotary(architecture, head_dim, tensors)?,
            tied_embeddings: None,
            attention_bias: None,
            feed_forward_bias: None,
            layers: layers.collect(),
        };
        config.checked(&RelationKeys {
            kv_heads: &self.key("attention.head_count_kv"),
            rotary_dim: &self.key("rope.dimension_count"),
        })
    }

    fn rotary(&self, architecture: Architecture, head_dim: usize, tensors: &TensorTable) -> Result<RotaryConfig> {
        let theta = self.number("rope.freq_base")?.unwrap_or(10_000.0);
        if theta <= 1.0 {
            return Err(invalid(&self.key("rope.freq_base"), format_args!("is {theta}; it has to be above 1")));
        }
        let dim = self.optional_count("rope.dimension_count", limit::HEAD_DIM)?.unwrap_or(head_dim);
        let scaling = self.scaling()?;
        let scaling = match (factors(tensors, dim)?, scaling) {
            (None, scaling) => scaling,
            (Some(factors), RopeScaling::Default) => RopeScaling::Factors { factor: 1.0, factors },
            (Some(factors), RopeScaling::Linear { factor }) => RopeScaling::Factors { factor, factors },
            (Some(_), RopeScaling::Llama3 { .. } | RopeScaling::Yarn(_) | RopeScaling::Factors { .. }) => {
                return Err(unsupported(ROPE_FACTORS, "comes with YaRN scaling"));
            }
        };
        let style = match architecture {
            // the converter permutes the rows of queries and keys of these
            Architecture::Llama | Architecture::SmolLm3 => RotaryStyle::Pairs,
            Architecture::Qwen2 | Architecture::Qwen3 => RotaryStyle::Halves,
        };
        Ok(RotaryConfig { theta, dim, style, scaling })
    }

    fn scaling(&self) -> Result<RopeScaling> {
        let key = self.key("rope.scaling.type");
        let factor = match self.number("rope.scaling.factor")? {
            Some(factor) => Some(factor),
            None => self.number("rope.scale_linear")?, // before 2024
        };
        // llama.cpp reads a factor of 0 as none
        let factor = factor.filter(|factor| *factor != 0.0).unwrap_or(1.0);
        match self.metadata.optional_str(&key)? {
            None | Some("linear") if (factor - 1.0).abs() > f64::EPSILON => Ok(RopeScaling::Linear { factor }),
            None | Some("none" | "linear") => Ok(RopeScaling::Default),
            Some("yarn") => {
                let original = self.count("rope.scaling.original_context_length", limit::CONTEXT)?;
                let mut yarn = Yarn::new(factor, original as f64);
                let attention = self.number("rope.scaling.attn_factor")?.unwrap_or(1.0);
                yarn.attention_factor = Some(attention * Yarn::magnitude(factor, 1.0));
                yarn.beta_fast = self.number("rope.scaling.yarn_beta_fast")?.unwrap_or(yarn.beta_fast);
                yarn.beta_slow = self.number("rope.scaling.yarn_beta_slow")?.unwrap_or(yarn.beta_slow);
                if yarn.beta_slow <= 0.0 || yarn.beta_slow >= yarn.beta_fast {
                    let key = self.key("rope.scaling.yarn_beta_slow");
                    return Err(invalid(&key, "is not between 0 and `yarn_beta_fast`"));
                }
                Ok(RopeScaling::Yarn(yarn))
            }
            Some(other) => Err(unsupported(&key, format_args!("is `{other}`; supported are none, linear and yarn"))),
        }
    }

    fn key(&self, rest: &str) -> String {
        format!("{}.{rest}", self.name)
    }

    fn number(&self, rest: &str) -> Result<Option<f64>> {
        let key = self.key(rest);
        match self.metadata.optional_f32(&key)? {
            Some(number) if number < 0.0 => Err(invalid(&key, format_args!("is {number}"))),
            number => Ok(number.map(f64::from)),
        }
    }

    fn optional_count(&self, rest: &str, max: usize) -> Result<Option<usize>> {
        let key = self.key(rest);
        match self.metadata.optional_u64(&key)? {
            None => Ok(None),
            Some(number) if number >= 1 && number <= max as u64 => Ok(Some(number as usize)),
            Some(number) => Err(invalid(&key, format_args!("is {number}; it has to be from 1 to {max}"))),
        }
    }

    fn count(&self, rest: &str, max: usize) -> Result<usize> {
        self.optional_count(rest, max)?.ok_or_else(|| invalid(&self.key(rest), "is missing"))
    }
}

/// `rope_freqs.weight`, `(dim / 2,)`.
fn factors(tensors: &TensorTable, dim: usize) -> Result<Option<Vec<f64>>> {
    let Some(tensor) = tensors.optional_tensor(ROPE_FACTORS)? else { return Ok(None) };
    if tensor.dtype != DType::F32 || tensor.shape != [dim / 2] {
        return Err(invalid(
            ROPE_FACTORS,
            format_args!("is {:?} of {:?}, not F32 of {}", tensor.dtype, tensor.shape, dim / 2),
        ));
    }
    let mut factors = Vec::with_capacity(dim / 2);
    read_floats(&Weight::from(tensor).bytes()?, DType::F32, &mut factors);
    if factors.iter().any(|factor| !(factor.is_finite() && *factor > 0.0)) {
        return Err(invalid(ROPE_FACTORS, "has a factor that is not above 0"));
    }
    Ok(Some(factors.into_iter().map(f64::from).collect()))
}

#[cfg(test)]
mod tests {
    use wick_formats::gguf::Writer;

    use super::*;

    fn base(architecture: &str) -> Writer {
        let key = |rest: &str| format!("{architecture}.{rest}");
        Writer::new()
            .metadata("general.architecture", architecture)
            .metadata(key("block_count"), 8_u32)
            .metadata(key("context_length"), 2048_u32)
            .metadata(key("embedding_length"), 64_u32)
            .metadata(key("feed_forward_length"), 160_u32)
            .metadata(key("attention.head_count"), 4_u32)
            .metadata(key("attention.head_count_kv"), 2_u32)
            .metadata(key("attention.layer_norm_rms_epsilon"), 1e-5_f32)
    }

    fn config(writer: &Writer, tensor: &[f32]) -> Result<ModelConfig> {
        let bytes: Vec<u8> = tensor.iter().flat_map(|value| value.to_le_bytes()).collect();
        ModelConfig::from_gguf(&Gguf::from_bytes(writer.to_bytes(|_| bytes.clone()).unwrap()).unwrap())
    }

    fn fails(writer: &Writer, code: ErrorCode, key: &str) {
        let error = config(writer, &[]).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert_eq!(error.info().details.as_ref().unwrap()["key"], key, "{error}");
    }

    #[test]
    fn reads_what_llama_cpp_writes() {
        let config = config(&base("llama").metadata("llama.rope.freq_base", 5e5_f32), &[]).unwrap();
        assert_eq!((config.heads, config.kv_heads, config.head_dim, config.layers.len()), (4, 2, 16, 8));
        assert_eq!((config.rotary.style, config.rotary.theta), (RotaryStyle::Pairs, 5e5));
        assert_eq!(config.rotary.scaling, RopeScaling::Default);
    }

    #[test]
    fn smollm3_leaves_out_every_fourth_rotation() {
        let layers = config(&base("smollm3"), &[]).unwrap().layers;
        assert!(layers.iter().enumerate().all(|(index, layer)| layer.rotary == (index % 4 != 3)));
    }

    #[test]
    fn rope_factors_are_a_tensor() {
        let factors = [1.0, 1.0, 2.0, 2.0, 4.0, 4.0, 8.0, 8.0];
        let with = |count: usize| base("llama").tensor(ROPE_FACTORS, DType::F32, [count]);
        let config = config(&with(8), &factors).unwrap();
        let expected = RopeScaling::Factors { factor: 1.0, factors: factors.iter().map(|f| f64::from(*f)).collect() };
        assert_eq!(config.rotary.scaling, expected);
        assert!(super::tests::config(&with(4), &factors[..4]).is_err());
    }

    #[test]
    fn reads_yarn_and_linear() {
        let scaling = |kind: &str| {
            let writer = base("qwen3")
                .metadata("qwen3.rope.scaling.type", kind)
                .metadata("qwen3.rope.scaling.factor", 4_f32)
                .metadata("qwen3.rope.scaling.original_context_length", 512_u32);
            config(&writer, &[]).unwrap().rotary.scaling
        };
        assert_eq!(scaling("linear"), RopeScaling::Linear { factor: 4.0 });
        let yarn = Yarn { attention_factor: Some(Yarn::magnitude(4.0, 1.0)), ..Yarn::new(4.0, 512.0) };
        assert_eq!(scaling("yarn"), RopeScaling::Yarn(yarn));
        assert_eq!(scaling("none"), RopeScaling::Default);
    }

    #[test]
    fn names_the_key_that_cannot_stand() {
        fails(&Writer::new(), ErrorCode::ModelUnsupported, "general.architecture");
        let missing =
            Writer::new().metadata("general.architecture", "llama").metadata("llama.embedding_length", 64_u32);
        fails(&missing, ErrorCode::ModelInvalid, "llama.attention.head_count");
        let zero = Writer::new()
            .metadata("general.architecture", "llama")
            .metadata("llama.embedding_length", 64_u32)
            .metadata("llama.attention.head_count", 0_u32);
        fails(&zero, ErrorCode::ModelInvalid, "llama.attention.head_count");
        fails(
            &base("llama").metadata("llama.rope.dimension_count", 7_u32),
            ErrorCode::ModelInvalid,
            "llama.rope.dimension_count",
        );
        fails(&base("llama").metadata("llama.expert_count", 8_u32), ErrorCode::ModelUnsupported, "llama.expert_count");
        let error = config(&Writer::new().metadata("general.architecture", "rwkv"), &[]).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ModelUnsupported);
        assert!(error.info().message.contains("rwkv"));
    }
}
