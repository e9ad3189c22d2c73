//! One string looked for in a stream.

use std::sync::Arc;

/// Knuth–Morris–Pratt over one non-empty string. The state is the number of bytes matched so far, which is also the
/// length of the longest suffix of the text that may be the beginning of a match: what a stage must hold back.
/// Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Needle {
    text: Arc<str>,
    /// Longest proper border of each prefix, `(text.len() + 1,)`.
    borders: Arc<[usize]>,
}

impl Needle {
    /// An empty `text` never matches.
    pub(super) fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut borders = vec![0; bytes.len() + 1];
        let mut border = 0;
        for i in 1..bytes.len() {
            while border > 0 && bytes[border] != bytes[i] {
                border = borders[border];
            }
            border += usize::from(bytes[border] == bytes[i]);
            borders[i + 1] = border;
        }
        Self { text: text.into(), borders: borders.into() }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The state after `ch`; `text().len()` is a match. On whole characters, so that the state always ends one.
    pub(super) fn step(&self, state: usize, ch: char) -> usize {
        let bytes = self.text.as_bytes();
        let mut state = state;
        for &byte in ch.encode_utf8(&mut [0; 4]).as_bytes() {
            while state > 0 && bytes.get(state) != Some(&byte) {
                state = self.borders[state];
            }
            state += usize::from(bytes.get(state) == Some(&byte));
        }
        state
    }

    /// Whether `state` is a match.
    pub(super) fn is_match(&self, state: usize) -> bool {
        state > 0 && state == self.text.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn state_is_the_longest_suffix_that_begins_the_needle(needle in "[abä]{1,8}", text in "[abäö]{0,40}") {
            let automaton = Needle::new(&needle);
            let mut state = 0;
            for (at, ch) in text.char_indices() {
                state = automaton.step(state, ch);
                let read = &text[..at + ch.len_utf8()];
                let expected = (0..=needle.len()).rev().find(|&n| needle.is_char_boundary(n) && read.ends_with(&needle[..n]));
                prop_assert_eq!(Some(state), expected);
                prop_assert_eq!(automaton.is_match(state), read.ends_with(&needle));
            }
        }
    }
}
