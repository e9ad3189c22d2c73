//! Stop strings: where the answer ends.

use std::sync::Arc;

use super::needle::Needle;
use crate::error::{Error, Result};

/// Stop strings a request may have.
const MAX_STOPS: usize = 16;
/// Bytes a stop string may have.
const MAX_STOP_BYTES: usize = 256;

/// The checked stop strings of a request; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct StopStrings(Arc<[Needle]>);

/// Which stop string ended the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopMatch {
    /// Its index in the request.
    pub index: usize,
    /// Its text.
    pub text: String,
}

impl StopStrings {
    /// # Errors
    /// `invalid_request` at `stop` for more than 16, at `stop[i]` for an empty one or one over 256 bytes.
    pub fn new<S: AsRef<str>>(stops: &[S]) -> Result<Self> {
        if stops.len() > MAX_STOPS {
            return Err(Error::invalid_request("stop", format!("Give at most {MAX_STOPS} stop strings."))
                .detail("max", MAX_STOPS)
                .detail("got", stops.len()));
        }
        for (index, stop) in stops.iter().enumerate() {
            let bytes = stop.as_ref().len();
            if bytes == 0 {
                return Err(Error::invalid_request(format!("stop[{index}]"), "A stop string must not be empty."));
            }
            if bytes > MAX_STOP_BYTES {
                let message = format!("A stop string has at most {MAX_STOP_BYTES} bytes of UTF-8.");
                return Err(Error::invalid_request(format!("stop[{index}]"), message)
                    .detail("max", MAX_STOP_BYTES)
                    .detail("got", bytes));
            }
        }
        Ok(Self(stops.iter().map(|stop| Needle::new(stop.as_ref())).collect()))
    }
}

/// Ends the text before the first stop string.
///
/// The text is read character by character; it ends at the first character where some stop string ends, and of
/// several ending there the longest counts (of equal ones the first). Nothing at or after its start leaves. Held back
/// is the longest suffix of the text that begins a stop string, at most 255 bytes.
#[derive(Debug, Clone)]
pub(super) struct StopStage {
    stops: StopStrings,
    /// Matched bytes of each stop string, `(stops,)`.
    states: Vec<usize>,
    held: String,
    matched: Option<StopMatch>,
}

impl StopStage {
    pub(super) fn new(stops: StopStrings) -> Self {
        let states = vec![0; stops.0.len()];
        Self { stops, states, held: String::new(), matched: None }
    }

    /// Appends to `out` the text that surely stands before every stop string. After a match it says the match again.
    pub(super) fn push(&mut self, text: &str, out: &mut String) -> Option<StopMatch> {
        if self.matched.is_some() {
            return self.matched.clone();
        }
        if self.states.is_empty() {
            out.push_str(text);
            return None;
        }
        for ch in text.chars() {
            self.held.push(ch);
            let mut ended: Option<usize> = None;
            for (index, (needle, state)) in self.stops.0.iter().zip(&mut self.states).enumerate() {
                *state = needle.step(*state, ch);
                let length = needle.text().len();
                if needle.is_match(*state) && ended.is_none_or(|i| length > self.stops.0[i].text().len()) {
                    ended = Some(index);
                }
            }
            if let Some(index) = ended {
                let stop = self.stops.0[index].text();
                out.push_str(self.held.strip_suffix(stop).unwrap_or_default());
                self.held.clear();
                self.matched = Some(StopMatch { index, text: stop.to_owned() });
                return self.matched.clone();
            }
        }
        // Both ends are ends of characters: the held suffix equals the beginning of a stop string.
        let longest = self.states.iter().copied().max().unwrap_or_default();
        let safe = self.held.len().saturating_sub(longest);
        out.extend(self.held.drain(..safe));
        None
    }

    /// The held text, unless a stop string was found.
    pub(super) fn finish(&mut self, out: &mut String) {
        out.push_str(&self.held);
        self.held.clear();
        self.states.fill(0);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::error::ErrorCode;

    /// Reads the whole text character by character.
    fn oracle(text: &str, stops: &[String]) -> (String, Option<usize>) {
        for (at, ch) in text.char_indices() {
            let read = &text[..at + ch.len_utf8()];
            let ended = (0..stops.len())
                .filter(|&i| read.ends_with(&stops[i]))
                .max_by_key(|&i| (stops[i].len(), std::cmp::Reverse(i)));
            if let Some(index) = ended {
                return (read[..read.len() - stops[index].len()].to_owned(), Some(index));
            }
        }
        (text.to_owned(), None)
    }

    fn run(chunks: &[String], stops: &[String]) -> (String, Option<usize>) {
        let mut stage = StopStage::new(StopStrings::new(stops).unwrap());
        let mut out = String::new();
        let whole = chunks.concat();
        let (expected, _) = oracle(&whole, stops);
        let mut read = String::new();
        for chunk in chunks {
            let matched = stage.push(chunk, &mut out);
            read.push_str(chunk);
            assert!(expected.starts_with(&out), "nothing at or after a stop string leaves");
            if let Some(matched) = matched {
                stage.finish(&mut out);
                return (out, Some(matched.index));
            }
            // Only the longest ambiguous suffix is held.
            let begins_a_stop = |from: usize| stops.iter().any(|stop| stop.starts_with(&read[from..]));
            let ambiguous = (0..read.len()).find(|&from| read.is_char_boundary(from) && begins_a_stop(from));
            assert_eq!(out, read[..ambiguous.unwrap_or(read.len())]);
        }
        stage.finish(&mut out);
        (out, None)
    }

    fn strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    #[test]
    fn match_may_begin_in_held_text() {
        assert_eq!(run(&strings(&["a\n", "\n", "\nb"]), &strings(&["\n\n\nb"])), ("a".to_owned(), Some(0)));
        assert_eq!(run(&strings(&["aa", "ab"]), &strings(&["aab"])), ("a".to_owned(), Some(0)));
    }

    #[test]
    fn earliest_end_wins_and_then_the_longest() {
        assert_eq!(run(&strings(&["xabcd"]), &strings(&["abcd", "bc"])), ("xa".to_owned(), Some(1)));
        assert_eq!(run(&strings(&["xabc"]), &strings(&["bc", "abc", "c"])), ("x".to_owned(), Some(1)));
    }

    #[test]
    fn held_text_is_flushed_at_the_end() {
        assert_eq!(run(&strings(&["a###"]), &strings(&["####"])), ("a###".to_owned(), None));
    }

    #[test]
    fn refuses_bad_stop_strings() {
        for (stops, location) in [
            (vec!["x".to_owned(); 17], "stop"),
            (strings(&["x", ""]), "stop[1]"),
            (vec!["x".repeat(257)], "stop[0]"),
            (vec!["é".repeat(129)], "stop[0]"),
        ] {
            let error = StopStrings::new(&stops).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InvalidRequest);
            assert_eq!(error.info().location.as_deref(), Some(location));
        }
        assert!(StopStrings::new(&vec!["x".repeat(256); 16]).is_ok());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn equals_the_oracle_under_any_chunking(
            chunks in prop::collection::vec("[abé🦀]{0,4}", 0..12),
            stops in prop::collection::vec("[abé🦀]{1,5}", 0..5),
        ) {
            prop_assert_eq!(run(&chunks, &stops), oracle(&chunks.concat(), &stops));
        }
    }
}
