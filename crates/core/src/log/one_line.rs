//! Text from outside, as far as a line of a log can hold it.

use std::fmt;

use serde::Serialize;
use ts_rs::{Config, TS};

/// Text on one line: what names and messages hold of line ends, control characters and marks of direction is escaped, so
/// that nothing in a file can write lines of its own into a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OneLine(String);

/// A longer text says no more.
const MAX_CHARS: usize = 512;

impl OneLine {
    /// `text`, escaped and cut to 512 characters.
    pub fn new(text: &str) -> Self {
        let mut line = String::with_capacity(text.len().min(MAX_CHARS));
        for (count, letter) in text.chars().enumerate() {
            if count == MAX_CHARS {
                line.push('…');
                break;
            }
            if is_plain(letter) {
                line.push(letter);
            } else {
                line.extend(letter.escape_default());
            }
        }
        Self(line)
    }

    /// What a panic said. The standard library quotes the text that it tripped over, which may be a prompt's: nothing from
    /// the first quotation mark on is kept.
    pub fn of_panic(said: &str) -> Self {
        match said.find(['`', '"', '\'']) {
            Some(quoted) => Self::new(&format!("{}…", &said[..quoted])),
            None => Self::new(said),
        }
    }
}

/// A string like others for who reads it.
impl TS for OneLine {
    type WithoutGenerics = Self;
    type OptionInnerType = Self;

    fn name(_: &Config) -> String {
        "string".to_owned()
    }

    fn inline(config: &Config) -> String {
        Self::name(config)
    }
}

impl fmt::Display for OneLine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn is_plain(letter: char) -> bool {
    // Separators of lines and paragraphs; marks that turn the direction of what follows.
    let turns =
        matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}');
    !letter.is_control() && !turns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_begins_a_line_or_a_sequence() {
        let hostile = "Qwen\r\n2026 ERROR all is lost\u{1b}[2J\0\u{7f}\u{85}\u{2028}\u{2029}\u{202e}end";
        let line = OneLine::new(hostile).to_string();
        assert_eq!(
            line,
            "Qwen\\r\\n2026 ERROR all is lost\\u{1b}[2J\\u{0}\\u{7f}\\u{85}\\u{2028}\\u{2029}\\u{202e}end"
        );
        assert_eq!(OneLine::new("C:\\models\\naïve 模型 🦀").to_string(), "C:\\models\\naïve 模型 🦀");
    }

    #[test]
    fn long_text_is_cut() {
        let line = OneLine::new(&"é".repeat(10_000)).to_string();
        assert_eq!((line.chars().count(), line.ends_with("é…")), (MAX_CHARS + 1, true));
    }

    #[test]
    fn a_panic_tells_nothing_of_the_text_it_tripped_over() {
        let text = "my secret ` prompt é";
        let panic = std::panic::catch_unwind(|| text[..text.len() - 1].len()).unwrap_err();
        let said = panic.downcast_ref::<String>().unwrap();
        assert!(said.contains("secret"), "what this is about: {said}");
        let line = OneLine::of_panic(said).to_string();
        assert!(line.contains("not a char boundary") && !line.contains("secret") && !line.contains("prompt"), "{line}");
        assert_eq!(OneLine::of_panic("index out of bounds: 3").to_string(), "index out of bounds: 3");
    }
}
