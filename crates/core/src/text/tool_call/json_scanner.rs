//! JSON, checked while it is being written.

/// Containers within containers before a text counts as malformed.
const MAX_DEPTH: usize = 128;

/// What one character did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    /// Nothing that the reader of a top-level object acts on.
    More,
    /// The opening quote of a key of the top-level object.
    KeyStart,
    /// The closing quote of that key.
    KeyEnd,
    /// First character of a value in the top-level object.
    ValueStart,
    /// Last character of such a value, for strings and containers; numbers and literals end unsaid.
    ValueEnd,
    /// The closing brace of the top-level object.
    End,
    /// Not JSON (RFC 8259), or nested too deep. The scanner must not be fed any further.
    Invalid,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Container {
    Object,
    Array,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The opening brace of the whole.
    Start,
    /// After `{`.
    KeyOrEnd,
    /// After a comma in an object.
    Key,
    Colon,
    Value,
    /// After `[`.
    ValueOrEnd,
    CommaOrEnd,
    String {
        key: bool,
    },
    Escape {
        key: bool,
    },
    /// In `\uXXXX`, with the digits still due.
    Unicode {
        key: bool,
        digits: u8,
    },
    Number(Number),
    /// The rest of `true`, `false` or `null`.
    Literal(&'static str),
    Done,
}

/// Where in a number; the grammar of RFC 8259 §6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    Minus,
    Zero,
    Integer,
    Point,
    Fraction,
    Exponent,
    ExponentSign,
    ExponentDigits,
}

/// Checks one JSON object character by character and says where the parts of its top level begin and end.
///
/// Memory: one bit of meaning per level, at most 128 levels. Surrogate escapes are not paired up here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JsonScanner {
    open: Vec<Container>,
    state: State,
}

impl JsonScanner {
    pub(super) fn new() -> Self {
        Self { open: Vec::new(), state: State::Start }
    }

    /// Whether the next character is one of a string.
    pub(super) fn in_string(&self) -> bool {
        matches!(self.state, State::String { .. } | State::Escape { .. } | State::Unicode { .. })
    }

    pub(super) fn push(&mut self, ch: char) -> Read {
        if matches!(ch, ' ' | '\t' | '\n' | '\r') && self.skips_whitespace() {
            return Read::More;
        }
        match self.state {
            State::Start if ch == '{' => self.enter(Container::Object),
            State::KeyOrEnd if ch == '}' => self.leave(Container::Object),
            State::KeyOrEnd | State::Key if ch == '"' => {
                self.state = State::String { key: true };
                self.at_top(Read::KeyStart)
            }
            State::Colon if ch == ':' => self.go(State::Value),
            State::ValueOrEnd if ch == ']' => self.leave(Container::Array),
            State::Value | State::ValueOrEnd => self.value(ch),
            State::CommaOrEnd => self.after_value(ch),
            State::String { key } => match ch {
                '"' => {
                    self.state = if key { State::Colon } else { State::CommaOrEnd };
                    self.at_top(if key { Read::KeyEnd } else { Read::ValueEnd })
                }
                '\\' => self.go(State::Escape { key }),
                '\0'..='\x1F' => Read::Invalid,
                _ => Read::More,
            },
            State::Escape { key } => match ch {
                '"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't' => self.go(State::String { key }),
                'u' => self.go(State::Unicode { key, digits: 4 }),
                _ => Read::Invalid,
            },
            State::Unicode { key, digits } if ch.is_ascii_hexdigit() => {
                self.go(if digits == 1 { State::String { key } } else { State::Unicode { key, digits: digits - 1 } })
            }
            State::Number(number) => self.number(number, ch),
            State::Literal(rest) => match rest.strip_prefix(ch) {
                Some("") => self.go(State::CommaOrEnd),
                Some(rest) => self.go(State::Literal(rest)),
                None => Read::Invalid,
            },
            State::Start | State::KeyOrEnd | State::Key | State::Colon | State::Unicode { .. } | State::Done => {
                Read::Invalid
            }
        }
    }

    fn skips_whitespace(&self) -> bool {
        match self.state {
            State::Start
            | State::KeyOrEnd
            | State::Key
            | State::Colon
            | State::Value
            | State::ValueOrEnd
            | State::CommaOrEnd => true,
            State::String { .. }
            | State::Escape { .. }
            | State::Unicode { .. }
            | State::Number(_)
            | State::Literal(_)
            | State::Done => false,
        }
    }

    fn go(&mut self, state: State) -> Read {
        self.state = state;
        Read::More
    }

    /// `read` in the top-level object, nothing deeper.
    fn at_top(&self, read: Read) -> Read {
        if self.open.len() == 1 { read } else { Read::More }
    }

    fn enter(&mut self, container: Container) -> Read {
        if self.open.len() == MAX_DEPTH {
            return Read::Invalid;
        }
        let read = self.at_top(Read::ValueStart);
        self.open.push(container);
        self.go(match container {
            Container::Object => State::KeyOrEnd,
            Container::Array => State::ValueOrEnd,
        });
        read
    }

    fn leave(&mut self, container: Container) -> Read {
        if self.open.pop() != Some(container) {
            return Read::Invalid;
        }
        if self.open.is_empty() {
            self.state = State::Done;
            return Read::End;
        }
        self.state = State::CommaOrEnd;
        self.at_top(Read::ValueEnd)
    }

    fn value(&mut self, ch: char) -> Read {
        self.state = match ch {
            '{' => return self.enter(Container::Object),
            '[' => return self.enter(Container::Array),
            '"' => State::String { key: false },
            '-' => State::Number(Number::Minus),
            '0' => State::Number(Number::Zero),
            '1'..='9' => State::Number(Number::Integer),
            't' => State::Literal("rue"),
            'f' => State::Literal("alse"),
            'n' => State::Literal("ull"),
            _ => return Read::Invalid,
        };
        self.at_top(Read::ValueStart)
    }

    fn after_value(&mut self, ch: char) -> Read {
        match (ch, self.open.last()) {
            (',', Some(Container::Object)) => self.go(State::Key),
            (',', Some(Container::Array)) => self.go(State::Value),
            ('}', Some(Container::Object)) => self.leave(Container::Object),
            (']', Some(Container::Array)) => self.leave(Container::Array),
            _ => Read::Invalid,
        }
    }

    fn number(&mut self, number: Number, ch: char) -> Read {
        use Number::{Exponent, ExponentDigits, ExponentSign, Fraction, Integer, Minus, Point, Zero};
        let next = match (number, ch) {
            (Minus, '0') => Zero,
            (Minus, '1'..='9') | (Integer, '0'..='9') => Integer,
            (Zero | Integer, '.') => Point,
            (Point | Fraction, '0'..='9') => Fraction,
            (Zero | Integer | Fraction, 'e' | 'E') => Exponent,
            (Exponent, '+' | '-') => ExponentSign,
            (Exponent | ExponentSign | ExponentDigits, '0'..='9') => ExponentDigits,
            (Zero | Integer | Fraction | ExponentDigits, _) => {
                // The number is over; `ch` is what follows a value.
                self.state = State::CommaOrEnd;
                return self.push(ch);
            }
            (Minus | Point | Exponent | ExponentSign, _) => return Read::Invalid,
        };
        self.go(State::Number(next))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// Whether `text` is one whole object and nothing more.
    fn accepts(text: &str) -> bool {
        let mut scanner = JsonScanner::new();
        let mut ended = false;
        for ch in text.chars() {
            match scanner.push(ch) {
                Read::Invalid => return false,
                Read::End => ended = true,
                Read::More | Read::KeyStart | Read::KeyEnd | Read::ValueStart | Read::ValueEnd => {}
            }
        }
        ended
    }

    #[test]
    fn says_where_the_top_level_begins_and_ends() {
        use Read::{End, KeyEnd, KeyStart, ValueEnd, ValueStart};
        let text = r#"{"a": {"b": [1]}, "c": "d", "e": 5}"#;
        let mut scanner = JsonScanner::new();
        let reads: Vec<(usize, Read)> =
            text.chars().map(|ch| scanner.push(ch)).enumerate().filter(|(_, read)| *read != Read::More).collect();
        assert_eq!(
            reads,
            [
                (1, KeyStart),
                (3, KeyEnd),
                (6, ValueStart),
                (15, ValueEnd),
                (18, KeyStart),
                (20, KeyEnd),
                (23, ValueStart),
                (25, ValueEnd),
                (28, KeyStart),
                (30, KeyEnd),
                (33, ValueStart),
                (34, End),
            ]
        );
    }

    #[test]
    fn refuses_too_deep() {
        let nested = |depth: usize| format!("{{\"a\":{}1{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(accepts(&nested(127)));
        assert!(!accepts(&nested(128)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn agrees_with_serde_json(
            pieces in prop::collection::vec(prop_oneof![
                "[{}\\[\\],:]", "\"[a-c]?\"", "-?(0|[1-9][0-9]?)(\\.[0-9])?([eE][+-]?[0-9])?", "[-+.e0-9]{1,3}",
                "true|false|null|nul", "\"\\\\[nu\"x]\"", "\"\\\\u00[0-9a-g]1\"", "[ \n\t\u{1}]",
            ], 0..10),
            wrap: bool,
        ) {
            let text = if wrap { format!("{{\"k\":{}}}", pieces.concat()) } else { pieces.concat() };
            let expected = match serde_json::from_str::<Value>(&text) {
                Ok(value) => value.is_object(),
                // Well-formed, but over f64: JavaScript reads infinity.
                Err(error) if error.to_string().starts_with("number out of range") => return Ok(()),
                Err(_) => false,
            };
            // Trailing whitespace is serde_json's to skip and the caller's to read here.
            prop_assert_eq!(accepts(text.trim_end_matches([' ', '\n', '\t', '\r'])), expected, "{}", text);
        }
    }
}
