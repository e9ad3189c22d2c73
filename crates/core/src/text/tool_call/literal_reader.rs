//! Literals of Python and of Gemma, written as JSON while they are read.
//!
//! One method reads one character in one state, which is why the file is a little longer than others.

use super::json_text::{push_escaped, push_escaped_char, push_unit, quoted};
use super::literal_word::word;
use crate::text::marker_scan::{MarkerScan, Markers};

/// Containers within containers before a text counts as malformed.
const MAX_DEPTH: usize = 128;
/// What stands around strings in Gemma's forms.
const QUOTES: [&str; 2] = ["<escape>", "<|\"|>"];

/// How the literals are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LiteralSyntax {
    /// A call of Python with keywords.
    Python,
    /// Members in braces, with keys and words without quotes, and strings between markers.
    Gemma,
}

/// What one character did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    More,
    /// It closed the outermost members.
    End,
    /// It cannot stand here.
    Invalid,
}

/// Reads members (`a=1, b="x"` or `a:1,b:<escape>x<escape>`) up to what closes them.
///
/// What is certain is appended to the output: strings as they come, other words once they are whole.
#[derive(Debug, Clone)]
pub(super) struct LiteralReader {
    syntax: LiteralSyntax,
    open: Vec<Container>,
    state: State,
    /// A word or the beginning of a quote.
    token: String,
    /// What was read and is not written yet, in any form.
    pending: String,
    quotes: Markers,
    scan: MarkerScan,
    has_key: bool,
}

#[derive(Debug, Clone, Copy)]
struct Container {
    kind: Kind,
    is_empty: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The outermost.
    Members,
    Object,
    List,
    Tuple,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A key, or what closes.
    Key,
    BareKey,
    /// What separates the key from its value.
    Separator,
    /// A value, or what closes a list.
    Value,
    Bare,
    /// The beginning of a quote that is a marker.
    Opening {
        is_key: bool,
    },
    String {
        quote: Quote,
        is_key: bool,
    },
    Escape {
        quote: Quote,
        is_key: bool,
    },
    /// `\xNN` or `\uNNNN`, with the digits still due and what those before say.
    Hex {
        quote: Quote,
        is_key: bool,
        due: u8,
        unit: u32,
    },
    /// A comma, or what closes.
    After,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quote {
    Character(char),
    Marker(usize),
}

impl LiteralReader {
    pub(super) fn new(syntax: LiteralSyntax) -> Self {
        Self {
            syntax,
            open: vec![Container { kind: Kind::Members, is_empty: true }],
            state: State::Key,
            token: String::new(),
            pending: String::new(),
            quotes: Markers::new(QUOTES),
            scan: MarkerScan::default(),
            has_key: false,
        }
    }

    /// Whether a key and what separates it from its value have come.
    pub(super) fn has_key(&self) -> bool {
        self.has_key
    }

    /// The text is over, or goes on as what is none of this: what was read and not written, as it is.
    pub(super) fn finish(&mut self, out: &mut String) {
        if let State::String { quote: Quote::Marker(_), .. } = self.state {
            let mut text = String::new();
            self.scan.flush(&self.quotes, &mut text);
            push_escaped(out, &text);
        } else {
            out.push_str(&self.pending);
        }
        self.pending.clear();
    }

    pub(super) fn push(&mut self, ch: char, out: &mut String) -> Read {
        self.pending.push(ch);
        match self.state {
            State::Key => self.key(ch, out),
            State::BareKey => self.bare_key(ch, out),
            State::Separator if ch.is_whitespace() => Read::More,
            State::Separator => self.separator(ch, out),
            State::Value => self.value(ch, out),
            State::Bare => self.bare(ch, out),
            State::Opening { is_key } => self.opening(ch, is_key, out),
            State::String { quote, is_key } => self.string(ch, quote, is_key, out),
            State::Escape { quote, is_key } => self.escape(ch, quote, is_key, out),
            State::Hex { quote, is_key, due, unit } => self.hex(ch, (quote, is_key), due, unit, out),
            State::After => self.after(ch, out),
        }
    }

    /// What was read is written.
    fn written(&mut self, state: State) -> Read {
        self.pending.clear();
        self.go(state)
    }

    fn kind(&self) -> Kind {
        self.open.last().map_or(Kind::Members, |container| container.kind)
    }

    fn go(&mut self, state: State) -> Read {
        self.state = state;
        Read::More
    }

    /// A member or an item begins.
    fn begin_item(&mut self, out: &mut String) {
        if let Some(container) = self.open.last_mut()
            && !std::mem::take(&mut container.is_empty)
        {
            out.push_str(", ");
        }
    }

    fn key(&mut self, ch: char, out: &mut String) -> Read {
        if ch.is_whitespace() {
            return Read::More;
        }
        if self.closes(ch) {
            return self.close(out);
        }
        if let Some(quote) = self.quote(ch)
            && (self.kind() != Kind::Members || self.syntax == LiteralSyntax::Gemma)
        {
            self.begin_item(out);
            out.push('"');
            return self.written(State::String { quote, is_key: true });
        }
        if ch == '<' && self.syntax == LiteralSyntax::Gemma {
            self.token.push(ch);
            return self.go(State::Opening { is_key: true });
        }
        if is_key_character(ch) {
            self.token.push(ch);
            return self.go(State::BareKey);
        }
        Read::Invalid
    }

    fn bare_key(&mut self, ch: char, out: &mut String) -> Read {
        if is_key_character(ch) {
            self.token.push(ch);
            return Read::More;
        }
        if ch.is_whitespace() {
            return self.go(State::Separator);
        }
        self.separator(ch, out)
    }

    fn separator(&mut self, ch: char, out: &mut String) -> Read {
        let expected = match (self.syntax, self.kind()) {
            (LiteralSyntax::Python, Kind::Members) => '=',
            (LiteralSyntax::Python | LiteralSyntax::Gemma, _) => ':',
        };
        if ch != expected {
            return Read::Invalid;
        }
        if !self.token.is_empty() {
            self.begin_item(out);
            out.push_str(&quoted(&std::mem::take(&mut self.token)));
        }
        out.push_str(": ");
        self.has_key = true;
        self.written(State::Value)
    }

    fn value(&mut self, ch: char, out: &mut String) -> Read {
        let is_list = matches!(self.kind(), Kind::List | Kind::Tuple);
        if ch.is_whitespace() {
            return Read::More;
        }
        if is_list && self.closes(ch) {
            return self.close(out);
        }
        if ",:=}])".contains(ch) && (ch != ')' || self.syntax == LiteralSyntax::Python) {
            return Read::Invalid;
        }
        if ch == '<' && self.syntax == LiteralSyntax::Gemma {
            self.token.push(ch);
            return self.go(State::Opening { is_key: false });
        }
        let kind = match ch {
            '{' => Some(Kind::Object),
            '[' => Some(Kind::List),
            '(' if self.syntax == LiteralSyntax::Python => Some(Kind::Tuple),
            _ => None,
        };
        if kind.is_some() && self.open.len() == MAX_DEPTH {
            return Read::Invalid;
        }
        if is_list {
            self.begin_item(out);
        }
        if let Some(kind) = kind {
            self.open.push(Container { kind, is_empty: true });
            out.push(if kind == Kind::Object { '{' } else { '[' });
            return self.written(if kind == Kind::Object { State::Key } else { State::Value });
        }
        if let Some(quote) = self.quote(ch) {
            out.push('"');
            return self.written(State::String { quote, is_key: false });
        }
        self.token.push(ch);
        self.go(State::Bare)
    }

    fn bare(&mut self, ch: char, out: &mut String) -> Read {
        let is_end = matches!(ch, ',' | '}' | ']') || (ch == ')' && self.syntax == LiteralSyntax::Python);
        if !is_end {
            self.token.push(ch);
            return Read::More;
        }
        out.push_str(&word(std::mem::take(&mut self.token).trim()));
        self.pending = ch.to_string();
        self.after(ch, out)
    }

    /// One more character of what may be a quote; else the whole is a word.
    fn opening(&mut self, ch: char, is_key: bool, out: &mut String) -> Read {
        self.token.push(ch);
        if let Some(marker) = QUOTES.iter().position(|quote| *quote == self.token) {
            self.token.clear();
            if is_key || matches!(self.kind(), Kind::List | Kind::Tuple) {
                self.begin_item(out);
            }
            out.push('"');
            return self.written(State::String { quote: Quote::Marker(marker), is_key });
        }
        if QUOTES.iter().any(|quote| quote.starts_with(&self.token)) {
            return Read::More;
        }
        self.token.pop();
        if is_key {
            return Read::Invalid;
        }
        if matches!(self.kind(), Kind::List | Kind::Tuple) {
            self.begin_item(out);
        }
        self.state = State::Bare;
        self.bare(ch, out)
    }

    fn string(&mut self, ch: char, quote: Quote, is_key: bool, out: &mut String) -> Read {
        match quote {
            Quote::Marker(marker) => {
                let mut text = String::new();
                let found = self.scan.push(&self.quotes, ch, &mut text);
                if let Some(found) = found {
                    text.extend(std::iter::repeat_n('\n', found.newlines));
                    if found.marker != marker {
                        text.push_str(QUOTES[found.marker]);
                    }
                }
                push_escaped(out, &text);
                if found.is_none_or(|found| found.marker != marker) {
                    return self.written(self.state);
                }
            }
            Quote::Character(end) if ch == end => {}
            Quote::Character(_) if ch == '\\' => return self.go(State::Escape { quote, is_key }),
            Quote::Character(_) => {
                push_escaped_char(out, ch);
                return self.written(self.state);
            }
        }
        out.push('"');
        self.written(if is_key { State::Separator } else { State::After })
    }

    fn escape(&mut self, ch: char, quote: Quote, is_key: bool, out: &mut String) -> Read {
        self.state = State::String { quote, is_key };
        match ch {
            'n' => push_escaped_char(out, '\n'),
            't' => push_escaped_char(out, '\t'),
            'r' => push_escaped_char(out, '\r'),
            'b' => push_escaped_char(out, '\u{8}'),
            'f' => push_escaped_char(out, '\u{c}'),
            '\\' | '\'' | '"' => push_escaped_char(out, ch),
            '/' if self.syntax == LiteralSyntax::Gemma => out.push('/'),
            'x' if self.syntax == LiteralSyntax::Python => self.state = State::Hex { quote, is_key, due: 2, unit: 0 },
            'u' => self.state = State::Hex { quote, is_key, due: 4, unit: 0 },
            _ => {
                push_escaped_char(out, '\\');
                push_escaped_char(out, ch);
            }
        }
        if let State::Hex { .. } = self.state {
            self.token.push(ch);
            return Read::More;
        }
        self.written(self.state)
    }

    fn hex(&mut self, ch: char, (quote, is_key): (Quote, bool), due: u8, unit: u32, out: &mut String) -> Read {
        let Some(digit) = ch.to_digit(16) else {
            // No such escape: its backslash and the rest are text.
            push_escaped_char(out, '\\');
            out.push_str(&std::mem::take(&mut self.token));
            self.written(State::String { quote, is_key });
            return self.string(ch, quote, is_key, out);
        };
        self.token.push(ch);
        let unit = unit * 16 + digit;
        if due > 1 {
            return self.go(State::Hex { quote, is_key, due: due - 1, unit });
        }
        self.token.clear();
        match char::from_u32(unit) {
            Some(ch) => push_escaped_char(out, ch),
            None => push_unit(out, unit),
        }
        self.written(State::String { quote, is_key })
    }

    fn after(&mut self, ch: char, out: &mut String) -> Read {
        if ch.is_whitespace() {
            return self.go(State::After);
        }
        if ch == ',' {
            let is_list = matches!(self.kind(), Kind::List | Kind::Tuple);
            return self.go(if is_list { State::Value } else { State::Key });
        }
        if self.closes(ch) { self.close(out) } else { Read::Invalid }
    }

    fn quote(&self, ch: char) -> Option<Quote> {
        let is_quote = ch == '"' || (ch == '\'' && self.syntax == LiteralSyntax::Python);
        is_quote.then_some(Quote::Character(ch))
    }

    fn closes(&self, ch: char) -> bool {
        let close = match (self.kind(), self.syntax) {
            (Kind::Members, LiteralSyntax::Python) | (Kind::Tuple, _) => ')',
            (Kind::Members, LiteralSyntax::Gemma) | (Kind::Object, _) => '}',
            (Kind::List, _) => ']',
        };
        ch == close
    }

    fn close(&mut self, out: &mut String) -> Read {
        out.push(if matches!(self.kind(), Kind::List | Kind::Tuple) { ']' } else { '}' });
        self.open.pop();
        self.pending.clear();
        if self.open.is_empty() {
            return Read::End;
        }
        self.go(State::After)
    }
}

fn is_key_character(ch: char) -> bool {
    ch.is_alphanumeric() || matches!(ch, '_' | '-' | '.')
}
