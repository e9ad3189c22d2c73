//! What a model's files say about sampling and about where an answer ends.

use serde::Deserialize;
use serde_json::Value;
use wick_formats::gguf::Metadata;

use crate::error::{Error, ErrorCode, Result};
use crate::tokenizer::{GgufVocabulary, Tokenizer, TokenizerConfig};

/// Spellings that end a turn in published models; where one is a control token of the vocabulary it ends an answer.
/// Many files name only the token that ends a text, and the model then runs on into the next turn.
pub(crate) const END_TEXTS: [&str; 9] = [
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end|>",
    "<end_of_turn>",
    "<|end_of_text|>",
    "<|endoftext|>",
    "<|eot|>",
    "<｜end▁of▁sentence｜>",
];
/// Largest `generation_config.json`, in bytes.
const MAX_FILE: usize = 1 << 20;

/// How the model's makers would have it sampled; a request's own fields go before.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct SamplingDefaults {
    /// 0 or more.
    pub temperature: Option<f32>,
    /// In (0, 1].
    pub top_p: Option<f32>,
    /// In [0, 1].
    pub min_p: Option<f32>,
    /// At least 1; 0 in a file means none and is left out.
    pub top_k: Option<u32>,
    /// Above 0.
    pub repetition_penalty: Option<f32>,
    /// The file says `do_sample: false`: the likeliest token each time, whatever the temperature beside it.
    pub greedy: bool,
}

/// Defaults of a model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GenerationDefaults {
    /// Ids that end an answer, ascending, each in the vocabulary.
    pub end_tokens: Vec<u32>,
    /// Sampling.
    pub sampling: SamplingDefaults,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Ids {
    One(u32),
    Many(Vec<u32>),
    /// `null`, or nothing we can use.
    Other(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
struct File {
    eos_token_id: Option<Ids>,
    do_sample: Option<Value>,
    temperature: Option<Value>,
    top_p: Option<Value>,
    min_p: Option<Value>,
    top_k: Option<Value>,
    repetition_penalty: Option<Value>,
}

impl GenerationDefaults {
    /// From `generation_config.json` (its bytes, where there is one) and `tokenizer_config.json`.
    ///
    /// # Errors
    /// `model_invalid{key: "generation_config.json"}` for a file that is no JSON object.
    pub fn new(
        generation_config: Option<&[u8]>,
        config: Option<&TokenizerConfig>,
        tokenizer: &dyn Tokenizer,
    ) -> Result<Self> {
        let mut ids = Vec::new();
        let mut sampling = SamplingDefaults::default();
        if let Some(json) = generation_config {
            let invalid = |what: String| {
                Error::new(ErrorCode::ModelInvalid, format!("generation_config.json {what}"))
                    .detail("key", "generation_config.json")
            };
            if json.len() > MAX_FILE {
                return Err(invalid(format!("has {} bytes, over the limit of {MAX_FILE}", json.len())));
            }
            let file: File =
                serde_json::from_slice(json).map_err(|error| invalid(format!("cannot be read: {error}")))?;
            match file.eos_token_id {
                Some(Ids::One(id)) => ids.push(id),
                Some(Ids::Many(many)) => ids.extend(many),
                Some(Ids::Other(_)) | None => {}
            }
            let number = |value: Option<Value>| value.as_ref().and_then(Value::as_f64).map(|value| value as f32);
            sampling = SamplingDefaults {
                temperature: number(file.temperature),
                top_p: number(file.top_p),
                min_p: number(file.min_p),
                top_k: file
                    .top_k
                    .as_ref()
                    .and_then(Value::as_u64)
                    .map(|value| u32::try_from(value).unwrap_or(u32::MAX)),
                repetition_penalty: number(file.repetition_penalty),
                greedy: file.do_sample == Some(Value::Bool(false)),
            };
        }
        ids.extend(config.and_then(|config| config.eos_token.as_deref()).and_then(|text| tokenizer.token_id(text)));
        Ok(Self { end_tokens: end_tokens(ids, tokenizer), sampling: sampling.in_range() })
    }

    /// From a GGUF file's metadata: `tokenizer.ggml.{eos,eot,eom}_token_id` and `general.sampling.*`.
    ///
    /// # Errors
    /// `model_invalid{key}` for a key of a wrong type.
    pub fn from_gguf(metadata: &Metadata, vocabulary: &GgufVocabulary<'_>, tokenizer: &dyn Tokenizer) -> Result<Self> {
        let number = |name: &str| metadata.optional_f32(&format!("general.sampling.{name}"));
        let sampling = SamplingDefaults {
            temperature: number("temp")?,
            top_p: number("top_p")?,
            min_p: number("min_p")?,
            top_k: metadata.optional_i32("general.sampling.top_k")?.and_then(|value| u32::try_from(value).ok()),
            repetition_penalty: number("penalty_repeat")?,
            greedy: false,
        };
        let ids = [vocabulary.eos, vocabulary.eot, vocabulary.eom].into_iter().flatten().collect();
        Ok(Self { end_tokens: end_tokens(ids, tokenizer), sampling: sampling.in_range() })
    }
}

impl SamplingDefaults {
    /// Without the values that no request could have either.
    fn in_range(self) -> Self {
        Self {
            temperature: self.temperature.filter(|value| (0.0..=100.0).contains(value)),
            top_p: self.top_p.filter(|value| *value > 0.0 && *value <= 1.0),
            min_p: self.min_p.filter(|value| (0.0..=1.0).contains(value)),
            top_k: self.top_k.filter(|value| *value > 0),
            repetition_penalty: self.repetition_penalty.filter(|value| *value > 0.0 && value.is_finite()),
            greedy: self.greedy,
        }
    }
}

fn end_tokens(mut ids: Vec<u32>, tokenizer: &dyn Tokenizer) -> Vec<u32> {
    ids.extend(END_TEXTS.iter().filter_map(|text| tokenizer.token_id(text)).filter(|id| tokenizer.is_control(*id)));
    ids.retain(|id| tokenizer.token_text(*id).is_some());
    ids.sort_unstable();
    ids.dedup();
    ids
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenizer::hugging_face;

    fn demo() -> impl Tokenizer {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../test/fixtures/demo-model/safetensors/tokenizer.json");
        hugging_face::from_json(&std::fs::read(path).unwrap(), None).unwrap()
    }

    #[test]
    fn reads_one_end_token_or_several() {
        let read = |json: &str| GenerationDefaults::new(Some(json.as_bytes()), None, &demo()).unwrap();
        assert_eq!(
            read(
                r#"{"eos_token_id": [4086, 4084], "do_sample": true, "temperature": 0.6, "top_k": 20, "top_p": 0.95}"#
            ),
            GenerationDefaults {
                end_tokens: vec![4084, 4086],
                sampling: SamplingDefaults {
                    temperature: Some(0.6),
                    top_k: Some(20),
                    top_p: Some(0.95),
                    ..SamplingDefaults::default()
                },
            }
        );
        let odd = read(
            r#"{"eos_token_id": 4087, "do_sample": false, "temperature": -1, "top_k": 0, "top_p": 7, "extra": {}}"#,
        );
        assert_eq!(odd.end_tokens, [4084, 4086, 4087]);
        assert_eq!(odd.sampling, SamplingDefaults { greedy: true, ..SamplingDefaults::default() });
        assert_eq!(read(r#"{"eos_token_id": 99999}"#).end_tokens, [4084, 4086]);
    }

    #[test]
    fn refuses_what_is_no_json_object() {
        let error = GenerationDefaults::new(Some(b"[1"), None, &demo()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ModelInvalid);
    }
}
