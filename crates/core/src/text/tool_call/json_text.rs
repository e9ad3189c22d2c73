//! Text as the inside of a JSON string.

use std::fmt::Write;

use serde_json::Value;

/// Appends `text` with the escapes that JSON asks for (RFC 8259 §7), and no others.
pub(super) fn push_escaped(out: &mut String, text: &str) {
    for ch in text.chars() {
        push_escaped_char(out, ch);
    }
}

/// The same for one character.
pub(super) fn push_escaped_char(out: &mut String, ch: char) {
    match ch {
        '"' | '\\' | '\0'..='\u{1f}' => {
            let quoted = quoted(ch.encode_utf8(&mut [0; 4]));
            out.push_str(&quoted[1..quoted.len() - 1]);
        }
        _ => out.push(ch),
    }
}

/// `\u00e9` of a UTF-16 unit, which may be half of a pair.
pub(super) fn push_unit(out: &mut String, unit: u32) {
    // Writing to a string does not fail.
    let _ = write!(out, "\\u{unit:04x}");
}

/// `text` as a JSON string.
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn is_what_serde_json_reads(text in "\\PC{0,8}[\0-\x1f\"\\\\]{0,4}") {
            prop_assert_eq!(serde_json::from_str::<String>(&quoted(&text)).unwrap(), text);
        }
    }
}
