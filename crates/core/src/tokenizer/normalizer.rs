//! The normalisers a tokenizer.json may name, run by the tokenizers crate.

use serde_json::Value;
use tokenizers::{NormalizedString, Normalizer as _, NormalizerWrapper};

use super::invalid;
use super::pattern::check_automaton;
use crate::error::Result;

/// Normalisers in a sequence.
const MAX_STEPS: usize = 16;
/// Longest text a normaliser may put in, in bytes: every match grows by it.
const MAX_CONTENT: usize = 64;

/// A checked normaliser.
#[derive(Debug)]
pub(crate) struct Normalizer {
    wrapper: NormalizerWrapper,
    /// ASCII text passes unchanged.
    keeps_ascii: bool,
}

impl Normalizer {
    /// Reads the `normalizer` of a tokenizer.json.
    ///
    /// # Errors
    /// `tokenizer_invalid{reason: "normalizer" | "regex"}`.
    pub(crate) fn parse(value: &Value) -> Result<Self> {
        let mut steps = 0;
        check(value, &mut steps)?;
        let wrapper = serde_json::from_value(value.clone())
            .map_err(|error| invalid("normalizer", format!("the normaliser is not supported: {error}")))?;
        let keeps_ascii = matches!(kind(value), "NFC" | "NFD" | "NFKC" | "NFKD");
        Ok(Self { wrapper, keeps_ascii })
    }

    /// Normalises `text`; `None` where it stays as it is.
    pub(crate) fn run(&self, text: &str) -> Result<Option<NormalizedString>> {
        if self.keeps_ascii && text.is_ascii() {
            return Ok(None);
        }
        let mut normalized = NormalizedString::from(text);
        self.wrapper
            .normalize(&mut normalized)
            .map_err(|error| invalid("normalizer", format!("the normaliser failed: {error}")))?;
        Ok(Some(normalized))
    }
}

fn kind(value: &Value) -> &str {
    value.get("type").and_then(Value::as_str).unwrap_or_default()
}

fn check(value: &Value, steps: &mut usize) -> Result<()> {
    *steps += 1;
    if *steps > MAX_STEPS {
        return Err(invalid("normalizer", format!("more than {MAX_STEPS} normalisers in a row")));
    }
    match kind(value) {
        "NFC" | "NFD" | "NFKC" | "NFKD" | "Lowercase" | "Strip" | "StripAccents" | "Nmt" | "BertNormalizer" => Ok(()),
        "Sequence" => {
            let inner = value.get("normalizers").and_then(Value::as_array);
            inner.into_iter().flatten().try_for_each(|inner| check(inner, steps))
        }
        "Prepend" => short(value.get("prepend")),
        "Replace" => {
            short(value.get("content"))?;
            match value.get("pattern").and_then(Value::as_object).and_then(|pattern| pattern.iter().next()) {
                Some((kind, Value::String(text))) if kind == "String" && !text.is_empty() => {
                    short(Some(&Value::from(text.as_str())))
                }
                Some((kind, Value::String(source))) if kind == "Regex" => check_automaton(source),
                Some(_) | None => Err(invalid("normalizer", "a Replace normaliser has no usable pattern")),
            }
        }
        other => Err(invalid("normalizer", format!("the normaliser {other:?} is not supported"))),
    }
}

fn short(value: Option<&Value>) -> Result<()> {
    match value.and_then(Value::as_str) {
        Some(text) if text.len() <= MAX_CONTENT => Ok(()),
        Some(_) | None => {
            Err(invalid("normalizer", format!("a normaliser's text is missing or over {MAX_CONTENT} bytes")))
        }
    }
}
