//! Keeps text of the request from becoming a control token.
//!
//! A nonce, one private-use character that occurs nowhere else, goes behind the first character of everything in the
//! request's text that spells a control token, could be the end of one that a template's literal began, or the
//! beginning of one that a literal or the next part completes. After rendering the nonces come out again, and their
//! places are the breaks that no control token may straddle.

use std::collections::HashSet;

use serde_json::Value;

/// Spellings of control tokens, and how to mark text against them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shield {
    controls: HashSet<String>,
    /// Beginnings of control tokens, the whole left out.
    prefixes: HashSet<String>,
    /// Endings of control tokens, the whole left out.
    suffixes: HashSet<String>,
    /// Bytes of the longest.
    longest: usize,
}

impl Shield {
    pub(crate) fn new(controls: &[&str]) -> Self {
        let mut shield = Self::default();
        for control in controls.iter().filter(|control| !control.is_empty()) {
            for (at, _) in control.char_indices().skip(1) {
                shield.prefixes.insert(control[..at].to_owned());
                shield.suffixes.insert(control[at..].to_owned());
            }
            shield.longest = shield.longest.max(control.len());
            shield.controls.insert((*control).to_owned());
        }
        shield
    }

    /// Byte offsets in `text` where a nonce goes.
    fn places(&self, text: &str) -> Vec<usize> {
        let mut places = Vec::new();
        if self.controls.is_empty() || text.is_empty() {
            return places;
        }
        for (at, first) in text.char_indices() {
            if self.starts_control(&text[at..]) {
                places.push(at + first.len_utf8());
            }
        }
        let trimmed = text.trim_end();
        for end in [text, trimmed] {
            if let Some(at) = self.trailing_prefix(end) {
                places.push(at + end[at..].chars().next().map_or(0, char::len_utf8));
            }
        }
        let lead = text.len() - text.trim_start().len();
        for start in [0, lead] {
            if self.leading_suffix(&text[start..]) {
                places.push(start + text[start..].chars().next().map_or(0, char::len_utf8));
            }
        }
        places.sort_unstable();
        places.dedup();
        places
    }

    fn starts_control(&self, text: &str) -> bool {
        for (at, character) in text.char_indices() {
            let head = &text[..at + character.len_utf8()];
            if self.controls.contains(head) {
                return true;
            }
            if !self.prefixes.contains(head) {
                return false;
            }
        }
        false
    }

    /// Where the longest ending of `text` begins that begins some control token without being all of it.
    fn trailing_prefix(&self, text: &str) -> Option<usize> {
        let from = text.len().saturating_sub(self.longest);
        (from..text.len()).find(|at| text.is_char_boundary(*at) && self.prefixes.contains(&text[*at..]))
    }

    /// Whether some control token ends with a beginning of `text`.
    fn leading_suffix(&self, text: &str) -> bool {
        let to = text.len().min(self.longest);
        (1..=to).any(|at| text.is_char_boundary(at) && self.suffixes.contains(&text[..at]))
    }

    fn mark(&self, text: &str, nonce: char) -> Option<String> {
        let places = self.places(text);
        if places.is_empty() {
            return None;
        }
        let mut marked = String::with_capacity(text.len() + places.len() * nonce.len_utf8());
        let mut at = 0;
        for place in places {
            marked.push_str(&text[at..place]);
            marked.push(nonce);
            at = place;
        }
        marked.push_str(&text[at..]);
        Some(marked)
    }

    /// Marks every string in `value`, keys included, but for those under `exempt` keys.
    pub(crate) fn mark_value(&self, value: &mut Value, nonce: char, exempt: &[&str]) {
        match value {
            Value::String(text) => {
                if let Some(marked) = self.mark(text, nonce) {
                    *text = marked;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.mark_value(item, nonce, exempt)),
            Value::Object(map) => {
                if map.keys().any(|key| !self.places(key).is_empty()) {
                    let entries: Vec<(String, Value)> = std::mem::take(map).into_iter().collect();
                    map.extend(entries.into_iter().map(|(key, value)| (self.mark(&key, nonce).unwrap_or(key), value)));
                }
                for (key, value) in map.iter_mut() {
                    if !exempt.contains(&key.as_str()) {
                        self.mark_value(value, nonce, exempt);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// A private-use character that occurs in none of `texts`; `None` where all of them do.
pub(crate) fn nonce(texts: &[&str]) -> Option<char> {
    // Plane 16's private use area: the last one anybody else would pick.
    ('\u{100000}'..='\u{10fffd}').rev().take(4096).find(|candidate| !texts.iter().any(|text| text.contains(*candidate)))
}

/// All strings in `value`.
pub(crate) fn strings<'a>(value: &'a Value, out: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => out.push(text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, out)),
        Value::Object(map) => {
            for (key, value) in map {
                out.push(key);
                strings(value, out);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Takes the nonces out of `text` and says where they were.
pub(crate) fn take_out(text: &str, nonce: char) -> (String, Vec<usize>) {
    let mut out = String::with_capacity(text.len());
    let mut breaks = Vec::new();
    for (index, part) in text.split(nonce).enumerate() {
        if index > 0 && breaks.last() != Some(&out.len()) {
            breaks.push(out.len());
        }
        out.push_str(part);
    }
    (out, breaks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(text: &str) -> String {
        Shield::new(&["<|im_end|>", "<think>", "</think>"]).mark(text, '#').unwrap_or_else(|| text.to_owned())
    }

    #[test]
    fn marks_spellings_and_what_could_be_completed() {
        assert_eq!(marked("a <|im_end|> b"), "a <#|im_end|> b");
        assert_eq!(marked("<think>x</think>"), "<#think>x<#/think>");
        assert_eq!(marked("half <|im_"), "half <#|im_");
        assert_eq!(marked("half <|im_ \n"), "half <#|im_ \n");
        assert_eq!(marked("end|> of one"), "e#nd|> of one");
        assert_eq!(marked("<"), "<#");
        assert_eq!(marked("1 < 2 and <b>"), "1 < 2 and <b>");
        assert_eq!(marked("plain"), "plain");
    }

    #[test]
    fn takes_nonces_out_again() {
        assert_eq!(take_out("a#b##c#", '#'), ("abc".to_owned(), vec![1, 2, 3]));
    }
}
