//! A call whose name and arguments stand in tags, and whose values are raw text.

use super::call_progress::{MAX_HELD, Progress, Shared, Step, is_bare_name, is_name_character};
use super::json_text::{push_escaped, quoted};
use super::parameter_types::{ParameterTypes, Types, typed};
use crate::text::marker_scan::{MarkerScan, Markers};

/// The tags of a form.
#[derive(Debug)]
pub(super) struct TaggedSyntax {
    /// Before the name.
    name_open: &'static str,
    /// Behind it; where there is none, whitespace or the next tag ends the name.
    name_close: &'static str,
    key_open: &'static str,
    key_close: &'static str,
    /// Between key and value: one of these, said to be a string or not where the form says so.
    value_opens: &'static [(&'static str, Option<bool>)],
    value_close: &'static str,
    /// Behind the last value.
    end: &'static str,
    /// A newline at each end of a value is the form's.
    is_framed: bool,
}

impl TaggedSyntax {
    pub(super) const QWEN_CODER: Self = Self {
        name_open: "<function=",
        name_close: ">",
        key_open: "<parameter=",
        key_close: ">",
        value_opens: &[],
        value_close: "</parameter>",
        end: "</function>",
        is_framed: true,
    };
    pub(super) const DEEP_SEEK: Self = Self {
        name_open: "<｜DSML｜invoke name=\"",
        name_close: "\">",
        key_open: "<｜DSML｜parameter name=\"",
        key_close: "\" string=\"",
        value_opens: &[("true\">", Some(true)), ("false\">", Some(false))],
        value_close: "</｜DSML｜parameter>",
        end: "</｜DSML｜invoke>",
        is_framed: false,
    };
    pub(super) const GLM: Self = Self {
        name_open: "",
        name_close: "",
        key_open: "<arg_key>",
        key_close: "</arg_key>",
        value_opens: &[("<arg_value>", None)],
        value_close: "</arg_value>",
        end: "</tool_call>",
        is_framed: false,
    };
}

/// Bytes of a parameter's name.
const MAX_KEY: usize = 256;

/// Reads such a call. It is certain behind its name, or at the first tag behind it where the name has no end of its own.
#[derive(Debug, Clone)]
pub(super) struct TaggedCall {
    pub(super) shared: Shared,
    syntax: &'static TaggedSyntax,
    state: State,
    /// What is being read: a tag so far, the name, a key.
    token: String,
    name: String,
    key: String,
    value: Value,
    members: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    NameOpen,
    Name,
    /// Before a key or the end.
    Between,
    Key,
    ValueOpen,
    Value,
}

#[derive(Debug, Clone)]
struct Value {
    close: Markers,
    scan: MarkerScan,
    types: Option<Types>,
    /// Where nothing tells the types: whether it was said to be a string.
    said: Option<bool>,
    /// It is at its first character.
    is_fresh: bool,
    /// Text of a value that is not sent as it comes.
    raw: String,
}

impl TaggedCall {
    pub(super) fn new(syntax: &'static TaggedSyntax) -> Self {
        Self {
            shared: Shared::new(),
            syntax,
            state: if syntax.name_open.is_empty() { State::Name } else { State::NameOpen },
            token: String::new(),
            name: String::new(),
            key: String::new(),
            value: Value {
                close: Markers::new([syntax.value_close]),
                scan: MarkerScan::default(),
                types: None,
                said: None,
                is_fresh: true,
                raw: String::new(),
            },
            members: 0,
        }
    }

    pub(super) fn read(&mut self, ch: char, types: &ParameterTypes) -> Step {
        if self.shared.progress == Progress::Uncertain {
            self.shared.held.push(ch);
            if self.shared.held.len() > MAX_HELD {
                return Step::FalseAlarm;
            }
        } else if self.state != State::Value {
            self.shared.unread.push(ch);
        }
        match self.state {
            State::NameOpen => self.read_name_open(ch),
            State::Name => self.read_name(ch),
            State::Between => self.read_between(ch),
            State::Key => self.read_key(ch, types),
            State::ValueOpen => self.read_value_open(ch),
            State::Value => self.read_value(ch),
        }
    }

    /// The text ends: a string's text so far is part of it.
    pub(super) fn finish(&mut self) {
        if self.state == State::Value {
            let mut text = String::new();
            self.value.scan.flush(&self.value.close, &mut text);
            self.push_value(&text);
        }
    }

    fn read_name_open(&mut self, ch: char) -> Step {
        if self.token.is_empty() && ch.is_whitespace() {
            return Step::More;
        }
        self.token.push(ch);
        if self.token == self.syntax.name_open {
            self.token.clear();
            self.state = State::Name;
        } else if !self.syntax.name_open.starts_with(&self.token) {
            return Step::FalseAlarm;
        }
        Step::More
    }

    fn read_name(&mut self, ch: char) -> Step {
        let close = self.syntax.name_close;
        if self.token.is_empty() && is_name_character(ch) {
            self.name.push(ch);
            return if is_bare_name(&self.name) { Step::More } else { Step::FalseAlarm };
        }
        if !is_bare_name(&self.name) {
            // Whitespace before a name that nothing opens.
            return if close.is_empty() && self.name.is_empty() && ch.is_whitespace() {
                Step::More
            } else {
                Step::FalseAlarm
            };
        }
        if close.is_empty() {
            self.state = State::Between;
            return self.read_between(ch);
        }
        self.token.push(ch);
        if self.token == close {
            self.begin();
        } else if !close.starts_with(&self.token) {
            return Step::FalseAlarm;
        }
        Step::More
    }

    fn begin(&mut self) {
        self.token.clear();
        self.shared.begin(self.name.clone(), Progress::Arguments, "{");
        self.state = State::Between;
    }

    fn read_between(&mut self, ch: char) -> Step {
        if self.token.is_empty() && ch.is_whitespace() {
            return Step::More;
        }
        self.token.push(ch);
        let TaggedSyntax { key_open, end, .. } = *self.syntax;
        let is_end = self.token == end;
        if is_end || self.token == key_open {
            if self.shared.progress == Progress::Uncertain {
                self.begin();
                self.shared.unread.push_str(key_open);
            }
            self.token.clear();
            if is_end {
                self.shared.unread.clear();
                self.close();
                return Step::End;
            }
            self.state = State::Key;
            return Step::More;
        }
        if key_open.starts_with(&self.token) || end.starts_with(&self.token) { Step::More } else { self.cut() }
    }

    fn read_key(&mut self, ch: char, types: &ParameterTypes) -> Step {
        self.token.push(ch);
        let Some(key) = self.token.strip_suffix(self.syntax.key_close) else {
            let is_key = ch != '\n' && self.token.len() <= MAX_KEY + self.syntax.key_close.len();
            return if is_key { Step::More } else { self.cut() };
        };
        if key.is_empty() || key.len() > MAX_KEY {
            return self.cut();
        }
        self.key = key.to_owned();
        self.value.types = types.get(&self.name, &self.key);
        self.token.clear();
        if self.syntax.value_opens.is_empty() {
            self.open_value(None);
        } else {
            self.state = State::ValueOpen;
        }
        Step::More
    }

    fn read_value_open(&mut self, ch: char) -> Step {
        let opens = self.syntax.value_opens;
        if self.token.is_empty() && ch.is_whitespace() && opens.len() == 1 {
            return Step::More;
        }
        self.token.push(ch);
        if let Some((_, said)) = opens.iter().find(|(open, _)| *open == self.token) {
            self.token.clear();
            self.open_value(*said);
            return Step::More;
        }
        if opens.iter().any(|(open, _)| open.starts_with(&self.token)) { Step::More } else { self.cut() }
    }

    fn open_value(&mut self, said: Option<bool>) {
        self.state = State::Value;
        self.shared.unread.clear();
        self.value.said = said;
        self.value.is_fresh = true;
        if self.is_string() {
            self.push_key();
            self.shared.fragment.push('"');
        }
    }

    fn read_value(&mut self, ch: char) -> Step {
        if std::mem::take(&mut self.value.is_fresh) && self.syntax.is_framed && ch == '\n' {
            return Step::More;
        }
        let mut text = String::new();
        let found = self.value.scan.push(&self.value.close, ch, &mut text);
        if let Some(found) = found {
            let newlines = if self.syntax.is_framed { found.newlines.saturating_sub(1) } else { found.newlines };
            text.extend(std::iter::repeat_n('\n', newlines));
        }
        self.push_value(&text);
        if found.is_some() {
            self.close_value();
        }
        Step::More
    }

    fn push_value(&mut self, text: &str) {
        if self.is_string() {
            push_escaped(&mut self.shared.fragment, text);
        } else {
            self.value.raw.push_str(text);
        }
    }

    fn close_value(&mut self) {
        if self.is_string() {
            self.shared.fragment.push('"');
        } else {
            let raw = std::mem::take(&mut self.value.raw);
            // What a form says is no string may be anything else.
            let types = if self.value.said.is_some() { None } else { self.value.types };
            self.push_key();
            self.shared.fragment.push_str(&typed(&raw, types));
        }
        self.members += 1;
        self.state = State::Between;
    }

    fn push_key(&mut self) {
        if self.members > 0 {
            self.shared.fragment.push_str(", ");
        }
        self.shared.fragment.push_str(&quoted(&self.key));
        self.shared.fragment.push_str(": ");
    }

    /// Whether the value is sent as it comes, since it can be nothing but a string.
    fn is_string(&self) -> bool {
        self.value.said.unwrap_or_else(|| self.value.types.is_some_and(Types::is_string))
    }

    fn close(&mut self) {
        self.shared.fragment.push('}');
        self.shared.progress = Progress::Complete;
    }

    /// What comes is no part of the call, whose members so far are all of them.
    fn cut(&mut self) -> Step {
        if self.shared.progress == Progress::Uncertain {
            return Step::FalseAlarm;
        }
        self.close();
        Step::Cut
    }
}
