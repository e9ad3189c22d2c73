//! The option `speculation`.

use serde_json::Value;

use super::load_options::{count, one_of};
use crate::{
    engine::{PromptLookup, Speculation},
    error::{Error, Result},
};

/// Longer drafts are longer than any text repeats itself, and each token is a row of logits.
const MAX_TOKENS: u64 = 64;
/// Each takes a step of the draft model; with the token before them they make 8 rows.
const DRAFT_TOKENS: usize = 7;
/// Longer matches find nothing that shorter ones do not.
const MAX_MATCH: u64 = 32;

/// Reads `"off"`, `"ngram"`, `{"ngram": {"maxTokens", "minMatch", "maxMatch"}}` or `{"draft": {"maxTokens"}}`; which model drafts is
/// said beside the options.
///
/// # Errors
/// `invalid_request` at the field.
pub(super) fn read(value: &Value) -> Result<Speculation> {
    let invalid = || one_of("speculation", value, "\"off\", \"ngram\" or an object with `ngram` or `draft`");
    match value {
        Value::String(name) if name == "off" => Ok(Speculation::Off),
        Value::String(name) if name == "ngram" => Ok(Speculation::PromptLookup(PromptLookup::default())),
        Value::Object(fields) => {
            let mut read = None;
            for (field, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
                match field.as_str() {
                    _ if read.is_some() => return Err(invalid()),
                    "ngram" => read = Some(Speculation::PromptLookup(prompt_lookup(value)?)),
                    "draft" => read = Some(draft_model(value)?),
                    unknown => return Err(unknown_field("speculation", unknown)),
                }
            }
            read.ok_or_else(invalid)
        }
        _ => Err(invalid()),
    }
}

fn prompt_lookup(value: &Value) -> Result<PromptLookup> {
    const PATH: &str = "speculation.ngram";
    let Value::Object(fields) = value else { return Err(one_of(PATH, value, "an object")) };
    let defaults = PromptLookup::default();
    let (mut max_tokens, mut min_match, mut max_match) = (defaults.max_tokens, None, None);
    for (field, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
        let path = format!("{PATH}.{field}");
        match field.as_str() {
            "maxTokens" => max_tokens = count(&path, value, MAX_TOKENS)? as usize,
            "minMatch" => min_match = Some(count(&path, value, MAX_MATCH)? as usize),
            "maxMatch" => max_match = Some(count(&path, value, MAX_MATCH)? as usize),
            unknown => return Err(unknown_field(PATH, unknown)),
        }
    }
    let (min_match, max_match) = match (min_match, max_match) {
        (Some(min), Some(max)) if min > max => {
            let message = format!("`minMatch` is {min}, and `maxMatch` {max}: it cannot be less");
            return Err(Error::invalid_request(format!("{PATH}.maxMatch"), message));
        }
        (min, max) => {
            let min = min.unwrap_or_else(|| defaults.min_match.min(max.unwrap_or(usize::MAX)));
            (min, max.unwrap_or_else(|| defaults.max_match.max(min)))
        }
    };
    Ok(PromptLookup { max_tokens, min_match, max_match })
}

fn draft_model(value: &Value) -> Result<Speculation> {
    let Value::Object(fields) = value else { return Err(one_of("speculation.draft", value, "an object")) };
    let mut max_tokens = DRAFT_TOKENS;
    for (field, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
        match field.as_str() {
            "maxTokens" => max_tokens = count("speculation.maxTokens", value, MAX_TOKENS)? as usize,
            unknown => return Err(unknown_field("speculation", unknown)),
        }
    }
    Ok(Speculation::DraftModel { max_tokens })
}

fn unknown_field(path: &str, field: &str) -> Error {
    let shown: String = field.chars().take(64).collect();
    Error::invalid_request(format!("{path}.{shown}"), format!("`{path}` has no field `{shown}`"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::ErrorCode;

    #[test]
    fn reads_what_is_given_and_leaves_the_rest() {
        let read = |value: Value| read(&value).unwrap();
        let lookup = |max_tokens, min_match, max_match| {
            Speculation::PromptLookup(PromptLookup { max_tokens, min_match, max_match })
        };
        let PromptLookup { max_tokens, min_match, max_match } = PromptLookup::default();
        assert_eq!(read(json!("off")), Speculation::Off);
        assert_eq!(read(json!("ngram")), lookup(max_tokens, min_match, max_match));
        assert_eq!(read(json!({ "ngram": {}, "draft": null })), read(json!("ngram")));
        assert_eq!(read(json!({ "ngram": { "maxTokens": 3.0 } })), lookup(3, min_match, max_match));
        assert_eq!(read(json!({ "ngram": { "maxTokens": 64, "minMatch": 1, "maxMatch": 32 } })), lookup(64, 1, 32));
        assert_eq!(read(json!({ "ngram": { "minMatch": 9 } })), lookup(max_tokens, 9, 9), "the one follows the other");
        assert_eq!(read(json!({ "ngram": { "maxMatch": 1 } })), lookup(max_tokens, 1, 1));
        assert_eq!(read(json!({ "draft": { "maxTokens": 3 } })), Speculation::DraftModel { max_tokens: 3 });
        assert_eq!(read(json!({ "draft": {} })), Speculation::DraftModel { max_tokens: 7 });
    }

    #[test]
    fn names_the_field_that_cannot_stand() {
        for (value, path) in [
            (json!(true), "speculation"),
            (json!("draft"), "speculation"),
            (json!({}), "speculation"),
            (json!({ "ngram": 3 }), "speculation.ngram"),
            (json!({ "lookup": {} }), "speculation.lookup"),
            (json!({ "ngram": { "maxTokens": 0 } }), "speculation.ngram.maxTokens"),
            (json!({ "ngram": { "maxTokens": 65 } }), "speculation.ngram.maxTokens"),
            (json!({ "ngram": { "minMatch": 1.5 } }), "speculation.ngram.minMatch"),
            (json!({ "ngram": { "maxMatch": "4" } }), "speculation.ngram.maxMatch"),
            (json!({ "ngram": { "minMatch": 5, "maxMatch": 4 } }), "speculation.ngram.maxMatch"),
            (json!({ "ngram": { "size": 4 } }), "speculation.ngram.size"),
            (json!({ "ngram": {}, "draft": {} }), "speculation"),
            (json!({ "draft": "x" }), "speculation.draft"),
            (json!({ "draft": { "maxTokens": 0 } }), "speculation.maxTokens"),
            (json!({ "draft": { "minMatch": 1 } }), "speculation.minMatch"),
        ] {
            let error = read(&value).unwrap_err();
            let expected = (ErrorCode::InvalidRequest, Some(path));
            assert_eq!((error.code(), error.info().location.as_deref()), expected, "{error}");
        }
    }
}
