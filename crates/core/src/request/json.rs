//! JSON from a program we do not trust, into a bounded tree.

use std::borrow::Cow;

use serde_json::Value;

use crate::error::{Error, Result};

/// Arrays and objects in one another: 64 in a request, and the command round it.
const MAX_DEPTH: usize = 65;

/// Reads `text`. A lone surrogate (JavaScript can have one, Unicode cannot) becomes U+FFFD.
///
/// # Errors
/// `invalid_request` for what is no JSON, a number out of range, or more than 65 levels.
pub fn parse_json(text: &str) -> Result<Value> {
    let value: Value = serde_json::from_str(&without_lone_surrogates(text)).map_err(|error| {
        // serde_json stops at 128 levels, and its message for that says "recursion limit".
        Error::invalid_request("", format!("The request is not valid JSON: {error}."))
    })?;
    if deeper_than(&value, MAX_DEPTH) {
        return Err(Error::invalid_request("", format!("The request is nested deeper than {MAX_DEPTH} levels."))
            .detail("max", MAX_DEPTH));
    }
    Ok(value)
}

fn deeper_than(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(|item| deeper_than(item, levels - 1)),
        Value::Object(map) => levels == 0 || map.values().any(|item| deeper_than(item, levels - 1)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Rewrites the escape of a surrogate that has no partner, which `serde_json` would refuse, as `\ufffd`.
fn without_lone_surrogates(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut fixed: Option<Vec<u8>> = None;
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'\\' {
            at += 1;
            continue;
        }
        match surrogate(&bytes[at..]) {
            Some(0xD800..=0xDBFF) if matches!(bytes.get(at + 6..).and_then(surrogate), Some(0xDC00..=0xDFFF)) => {
                at += 12;
            }
            Some(_) => {
                fixed.get_or_insert_with(|| bytes.to_vec())[at + 2..at + 6].copy_from_slice(b"fffd");
                at += 6;
            }
            None => at += 2, // the backslash with what it escapes
        }
    }
    match fixed.map(String::from_utf8) {
        Some(Ok(fixed)) => Cow::Owned(fixed),
        Some(Err(_)) | None => Cow::Borrowed(text),
    }
}

/// The surrogate whose escape `bytes` begin with.
fn surrogate(bytes: &[u8]) -> Option<u16> {
    let digits = bytes.strip_prefix(b"\\u")?.get(..4)?;
    let unit = u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    (0xD800..=0xDFFF).contains(&unit).then_some(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lone_surrogates_become_replacement_characters() {
        for (text, expected) in [
            (r#""\ud83e\udd80""#, "🦀"),
            (r#""a\ud83eb""#, "a\u{fffd}b"),
            (r#""\udd80\ud83e""#, "\u{fffd}\u{fffd}"),
            (r#""\ud83e\ud83e\udd80""#, "\u{fffd}🦀"),
            (r#""\\ud83e""#, "\\ud83e"),
            (r#""\\\ud83e""#, "\\\u{fffd}"),
        ] {
            assert_eq!(parse_json(text).unwrap(), Value::from(expected), "{text}");
        }
    }

    #[test]
    fn refuses_deep_and_broken_json() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse_json(&nested(65)).is_ok());
        for text in
            [nested(66), nested(100_000), "1e999".to_owned(), "{".to_owned(), String::new(), "\"\\ud8\"".to_owned()]
        {
            assert_eq!(parse_json(&text).unwrap_err().code(), crate::ErrorCode::InvalidRequest);
        }
    }
}
