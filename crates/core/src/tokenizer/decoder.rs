//! The decoders a tokenizer.json may name: how spellings become text.

use serde_json::Value;
use tokenizers::{Decoder as _, DecoderWrapper};

use super::invalid;
use super::vocabulary::Writing;
use crate::error::Result;

/// A checked decoder, and what it says about each token's bytes.
#[derive(Debug)]
pub(crate) struct Decoder {
    wrapper: DecoderWrapper,
    pub(crate) writing: Writing,
    pub(crate) drops_leading_space: bool,
}

impl Decoder {
    /// Reads the `decoder` of a tokenizer.json.
    ///
    /// # Errors
    /// `tokenizer_invalid{reason: "decoder"}` for one whose tokens have no bytes of their own.
    pub(crate) fn parse(value: &Value) -> Result<Self> {
        let steps = match value.get("decoders").and_then(Value::as_array) {
            Some(steps) if kind(value) == "Sequence" => steps.iter().collect(),
            Some(_) | None => vec![value],
        };
        let mut replacements = Vec::new();
        let mut byte_fallback = false;
        let mut byte_level = false;
        let mut drops_leading_space = false;
        for step in steps {
            match kind(step) {
                "ByteLevel" => byte_level = true,
                "ByteFallback" => byte_fallback = true,
                "Fuse" => {}
                "Replace" => {
                    let from = step.get("pattern").and_then(|pattern| pattern.get("String")).and_then(Value::as_str);
                    match (from, step.get("content").and_then(Value::as_str)) {
                        (Some(from), Some(to)) if !from.is_empty() && from.len() <= 64 && to.len() <= 64 => {
                            replacements.push((from.to_owned(), to.to_owned()));
                        }
                        _ => return Err(invalid("decoder", "a Replace decoder must have a string to look for")),
                    }
                }
                "Metaspace" => {
                    let Some(from) = step.get("replacement").and_then(Value::as_str) else {
                        return Err(invalid("decoder", "a Metaspace decoder has no replacement"));
                    };
                    replacements.push((from.to_owned(), " ".to_owned()));
                    let never = step.get("prepend_scheme").and_then(Value::as_str) == Some("never")
                        || step.get("add_prefix_space").and_then(Value::as_bool) == Some(false);
                    drops_leading_space |= !never;
                }
                "Strip" => {
                    let number = |key| step.get(key).and_then(Value::as_u64);
                    if step.get("content").and_then(Value::as_str) != Some(" ")
                        || number("start") > Some(1)
                        || number("stop") != Some(0)
                    {
                        return Err(invalid("decoder", "a Strip decoder may drop one space at the start only"));
                    }
                    drops_leading_space |= number("start") == Some(1);
                }
                other => return Err(invalid("decoder", format!("the decoder {other:?} is not supported"))),
            }
        }
        let writing = if byte_level {
            if !replacements.is_empty() || byte_fallback {
                return Err(invalid("decoder", "ByteLevel together with other decoders is not supported"));
            }
            Writing::ByteLevel
        } else {
            Writing::Replaced { replacements, byte_fallback }
        };
        let wrapper = serde_json::from_value(value.clone())
            .map_err(|error| invalid("decoder", format!("the decoder is not supported: {error}")))?;
        Ok(Self { wrapper, writing, drops_leading_space })
    }

    /// Text of the spellings of some tokens.
    pub(crate) fn decode(&self, tokens: Vec<String>) -> Result<String> {
        self.wrapper.decode(tokens).map_err(|error| invalid("decoder", format!("the decoder failed: {error}")))
    }
}

fn kind(value: &Value) -> &str {
    value.get("type").and_then(Value::as_str).unwrap_or_default()
}
