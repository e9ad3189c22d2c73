//! How long a file is, for a binding whose model comes as a stream of unknown length.

use serde_json::json;
use wick_formats::gguf::SizeHint;

use crate::weights::file_size;

/// JSON: `{kind: "more", atLeast}` where the header goes on after `prefix`, `{kind: "known", bytes}`, or `{kind: "failed",
/// error}`. The file may end a little earlier, without its last padding.
pub fn file_bytes(prefix: Vec<u8>) -> String {
    let hint = match file_size(prefix) {
        Ok(SizeHint::NeedsMore { at_least }) => json!({"kind": "more", "atLeast": at_least}),
        Ok(SizeHint::Known(bytes)) => json!({"kind": "known", "bytes": bytes}),
        Err(error) => json!({"kind": "failed", "error": error.info()}),
    };
    hint.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_in_json() {
        assert_eq!(file_bytes(Vec::new()), r#"{"kind":"more","atLeast":9}"#);
        assert_eq!(file_bytes([b"GGUF\x03\0\0\0", &[0; 16][..]].concat()), r#"{"kind":"known","bytes":24}"#);
        let failed: serde_json::Value = serde_json::from_str(&file_bytes(vec![0; 9])).unwrap();
        assert_eq!((&failed["kind"], &failed["error"]["code"]), (&"failed".into(), &"model_unsupported".into()));
    }
}
