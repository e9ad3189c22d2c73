//! Splitting patterns that run in linear time.
//!
//! Tokenizer files bring patterns for a backtracking engine. Such an engine stops at its limit on long runs of one
//! character, and the tokenizers crate takes that stop for the end of the matches: the rest of the text silently
//! becomes one piece. Patterns therefore run on a finite automaton here. The one look-around that the published
//! tokenizers use, the alternatives `\s+(?!\S)|\s+` at the end, is done by hand; any other is refused at load.

use regex_automata::{Input, meta};

use super::invalid;
use crate::error::Result;

/// Longest pattern accepted, in bytes.
const MAX_PATTERN: usize = 4 << 10;
/// Bound on the compiled automaton, in bytes; `\p{L}{1000}` is over it.
const MAX_AUTOMATON: usize = 8 << 20;
/// Endings by which a pattern leaves the last space of a run to the word that follows.
const LEAVING_LAST_SPACE: [&str; 2] = [r"|\s+(?!\S)|\s+", r"|\s+(?!\S)|\s"];

/// GPT-2's pattern, also what a `ByteLevel` pre-tokenizer with `use_regex` splits by.
/// Source: <https://github.com/openai/gpt-2/blob/master/src/encoder.py>.
pub(crate) const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Pattern {
    regex: meta::Regex,
    /// Pattern 1 of `regex` is a run of spaces that leaves its last one to the next word.
    leaves_last_space: bool,
}

impl Pattern {
    /// Compiles a pattern out of a file.
    ///
    /// # Errors
    /// `tokenizer_invalid{reason: "regex"}`: over 4 KiB, a syntax error, look-around elsewhere than in the known ending,
    /// possessive quantifiers, back references, or a pattern that matches the empty text.
    pub(crate) fn regex(source: &str) -> Result<Self> {
        if source.len() > MAX_PATTERN {
            return Err(invalid(
                "regex",
                format!("a pattern of {} bytes is over the limit of {MAX_PATTERN}", source.len()),
            ));
        }
        if has_possessive_quantifier(source) {
            return Err(invalid("regex", "possessive quantifiers (`++`, `*+`, `?+`) are not supported"));
        }
        let body = LEAVING_LAST_SPACE.iter().find_map(|ending| source.strip_suffix(ending));
        let sources = match body {
            Some(body) => vec![body, r"\s+"],
            None => vec![source],
        };
        let regex = compile(&sources)?;
        // `is_match` on the empty text misses `\b`, which matches without a character elsewhere.
        if regex.is_match("") || regex.is_match(Input::new("a").range(1..1)) {
            return Err(invalid("regex", "a pattern that matches the empty text cannot split"));
        }
        Ok(Self { regex, leaves_last_space: body.is_some() })
    }

    /// A pattern that is one string.
    pub(crate) fn literal(text: &str) -> Result<Self> {
        if text.is_empty() || text.len() > MAX_PATTERN {
            return Err(invalid("regex", "a pattern must have 1 to 4096 bytes"));
        }
        let mut escaped = String::with_capacity(text.len() * 2);
        for character in text.chars() {
            if character.is_ascii_punctuation() {
                escaped.push('\\');
            }
            escaped.push(character);
        }
        Ok(Self { regex: compile(&[&escaped])?, leaves_last_space: false })
    }

    /// Calls `found` with the byte range of every match in `text`, left to right.
    pub(crate) fn matches(&self, text: &str, mut found: impl FnMut(usize, usize)) {
        let mut at = 0;
        while at < text.len() {
            let Some(found_match) = self.regex.search(&Input::new(text).range(at..)) else { break };
            let (start, mut end) = (found_match.start(), found_match.end());
            if self.leaves_last_space && found_match.pattern().as_usize() == 1 && end < text.len() {
                let last = text[start..end].chars().next_back().map_or(0, char::len_utf8);
                if end - last > start {
                    end -= last;
                }
            }
            if end > start {
                found(start, end);
                at = end;
            } else {
                // A match without text (`^`, `$`): step over one character, as the engines do.
                at = end + text[end..].chars().next().map_or(1, char::len_utf8);
            }
        }
    }
}

/// Whether the tokenizers crate itself may run `source`: only if its engine has no need to backtrack.
pub(crate) fn check_automaton(source: &str) -> Result<()> {
    if source.len() > MAX_PATTERN {
        return Err(invalid(
            "regex",
            format!("a pattern of {} bytes is over the limit of {MAX_PATTERN}", source.len()),
        ));
    }
    if has_possessive_quantifier(source) {
        return Err(invalid("regex", "possessive quantifiers (`++`, `*+`, `?+`) are not supported"));
    }
    compile(&[source]).map(|_| ())
}

fn compile(sources: &[&str]) -> Result<meta::Regex> {
    meta::Regex::builder()
        .configure(meta::Config::new().nfa_size_limit(Some(MAX_AUTOMATON)))
        .build_many(sources)
        .map_err(|error| {
            let cause = error.syntax_error().map_or_else(|| error.to_string(), ToString::to_string);
            let cause = cause.lines().last().unwrap_or_default().to_owned();
            invalid("regex", format!("a pattern cannot run in linear time or has a syntax error ({cause})"))
        })
}

/// `x++` means "once taken, never given back" to the engines these files are written for and "repeat the repetition" to
/// the automaton: read otherwise than meant, it would split wrongly without a word.
fn has_possessive_quantifier(source: &str) -> bool {
    let mut classes = 0_u32;
    let mut quantified = false;
    let mut characters = source.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                // `\p{L}`: the braces are no repetition.
                let class = characters.next().is_some_and(|escaped| matches!(escaped, 'p' | 'P'));
                if class && characters.clone().next() == Some('{') {
                    characters.by_ref().find(|character| *character == '}');
                }
                quantified = false;
            }
            '[' => {
                classes += 1;
                quantified = false;
            }
            ']' => {
                classes = classes.saturating_sub(1);
                quantified = false;
            }
            '+' if classes == 0 && quantified => return true,
            '+' | '*' | '?' | '}' if classes == 0 => quantified = true,
            _ => quantified = false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(pattern: &Pattern, text: &str) -> Vec<String> {
        let mut pieces = Vec::new();
        pattern.matches(text, |start, end| pieces.push(text[start..end].to_owned()));
        pieces
    }

    #[test]
    fn leaves_the_last_space_of_a_run_to_the_next_word() {
        let pattern = Pattern::regex(GPT2).unwrap();
        assert_eq!(split(&pattern, "a   b"), ["a", "  ", " b"]);
        assert_eq!(split(&pattern, "a\n\nb\t"), ["a", "\n", "\n", "b", "\t"]);
        assert_eq!(split(&pattern, "  a  "), [" ", " a", "  "]);
    }

    #[test]
    fn refuses_what_would_backtrack_or_split_wrongly() {
        let nested = "[".repeat(10_000);
        for source in
            [r"(?<=a)b", r"a(?=b)", r"(?<!a{1,100})b", r"(a)\1", r"\p{L}++", r"a*", "(", &nested, r"(\p{L}{500}){500}"]
        {
            let error = Pattern::regex(source).unwrap_err();
            assert_eq!(error.info().details.as_ref().unwrap()["reason"], "regex", "{source:.40}");
        }
    }

    #[test]
    fn runs_a_pattern_that_explodes_elsewhere() {
        let pattern = Pattern::regex(r"(a+)+$").unwrap();
        let text = "a".repeat(100_000) + "b";
        assert!(split(&pattern, &text).is_empty());
    }
}
