//! Bytes of tokens → whole Unicode.

/// Decodes a byte stream as `String::from_utf8_lossy` decodes the whole of it: each maximal invalid part becomes one
/// U+FFFD. A sequence that may still be completed waits. Holds at most 3 bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Utf8Stage {
    /// A valid beginning of one code point: at most 3 bytes of `held` are used.
    held: [u8; 4],
    length: usize,
}

impl Utf8Stage {
    /// Appends to `out` the text that is certain.
    pub(super) fn push(&mut self, mut bytes: &[u8], out: &mut String) {
        while self.length > 0 {
            let Some((&byte, rest)) = bytes.split_first() else { return };
            self.held[self.length] = byte;
            match std::str::from_utf8(&self.held[..=self.length]) {
                Ok(text) => {
                    out.push_str(text);
                    self.length = 0;
                    bytes = rest;
                }
                // Still the beginning of a code point: fewer than 4 bytes, as 4 always decide.
                Err(error) if error.error_len().is_none() => {
                    self.length += 1;
                    bytes = rest;
                }
                // `byte` does not go on with the sequence: it is read again on its own.
                Err(_) => self.finish(out),
            }
        }
        while !bytes.is_empty() {
            match std::str::from_utf8(bytes) {
                Ok(text) => {
                    out.push_str(text);
                    return;
                }
                Err(error) => {
                    let (valid, rest) = bytes.split_at(error.valid_up_to());
                    out.push_str(std::str::from_utf8(valid).unwrap_or_default());
                    let Some(invalid) = error.error_len() else {
                        self.held[..rest.len()].copy_from_slice(rest);
                        self.length = rest.len();
                        return;
                    };
                    out.push(char::REPLACEMENT_CHARACTER);
                    bytes = &rest[invalid..];
                }
            }
        }
    }

    /// Gives up on an incomplete sequence: one U+FFFD.
    pub(super) fn finish(&mut self, out: &mut String) {
        if self.is_incomplete() {
            out.push(char::REPLACEMENT_CHARACTER);
            self.length = 0;
        }
    }

    /// Whether a code point is waiting for its rest.
    pub(super) fn is_incomplete(&self) -> bool {
        self.length > 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> String {
        let mut stage = Utf8Stage::default();
        let mut out = String::new();
        for chunk in chunks {
            stage.push(chunk, &mut out);
            assert!(stage.length <= 3);
        }
        stage.finish(&mut out);
        out
    }

    #[test]
    fn waits_for_the_rest_of_a_code_point() {
        let mut stage = Utf8Stage::default();
        let mut out = String::new();
        stage.push(&"🦀".as_bytes()[..3], &mut out);
        assert_eq!(out, "");
        assert!(stage.is_incomplete());
        stage.push(&"🦀".as_bytes()[3..], &mut out);
        assert_eq!(out, "🦀");
    }

    #[test]
    fn flushes_an_incomplete_tail_once() {
        let mut stage = Utf8Stage::default();
        let mut out = String::new();
        stage.push(&[b'a', 0xF0, 0x9F], &mut out);
        stage.finish(&mut out);
        stage.finish(&mut out);
        assert_eq!(out, "a\u{FFFD}");
    }

    /// Every byte sequence of up to four bytes from one representative of each class of the UTF-8 grammar.
    #[test]
    fn equals_the_standard_library_on_every_class_of_byte() {
        let classes = [
            b'a', 0x80, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF1, 0xF4, 0xF5, 0xFF, 0x8F, 0x90,
        ];
        for n in 0..classes.len().pow(4) {
            let bytes: Vec<u8> = (0..4).map(|i| classes[n / classes.len().pow(i) % classes.len()]).collect();
            assert_eq!(decode(bytes.chunks(1)), String::from_utf8_lossy(&bytes), "{bytes:x?}");
        }
    }

    proptest! {
        #[test]
        fn equals_the_whole_text_under_any_chunking(
            pieces in prop::collection::vec(prop_oneof![
                any::<Vec<u8>>(),
                "\\PC{0,4}".prop_map(String::into_bytes),
                "\\PC{1}".prop_map(|text| text.into_bytes()[1..].to_vec()),
            ], 0..12),
            size in 1_usize..7,
        ) {
            let bytes = pieces.concat();
            let expected = String::from_utf8_lossy(&bytes);
            prop_assert_eq!(decode(pieces.iter().map(Vec::as_slice)), expected.as_ref());
            prop_assert_eq!(decode(bytes.chunks(size)), expected.as_ref());
        }
    }
}
