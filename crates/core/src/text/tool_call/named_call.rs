//! A call as its name, markers, and its arguments as a JSON object.

use super::call_progress::{Progress, Shared, Step, is_bare_name, is_name_character};
use super::json_scanner::{JsonScanner, Read};

/// What stands before the arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Header {
    /// `f[CALL_ID]x1[ARGS]`, of which the markers may be missing.
    Mistral,
    /// `f<｜tool▁sep｜>`, or `function<｜tool▁sep｜>f` and the beginning of a code fence.
    DeepSeek,
}

/// What a header is so far.
enum Reading<'a> {
    /// The arguments of this name may begin.
    Ready(&'a str),
    /// It may become one.
    Possible,
    No,
}

/// Reads such a call, which is certain where its arguments begin.
#[derive(Debug, Clone)]
pub(super) struct NamedCall {
    pub(super) shared: Shared,
    header: Header,
    scanner: JsonScanner,
}

impl NamedCall {
    pub(super) fn new(header: Header) -> Self {
        Self { shared: Shared::new(), header, scanner: JsonScanner::new() }
    }

    pub(super) fn read(&mut self, ch: char) -> Step {
        if self.shared.progress == Progress::Uncertain {
            return self.read_header(ch);
        }
        match self.scanner.push(ch) {
            Read::Invalid => self.shared.leave(Step::Broken, ch),
            Read::End => {
                self.shared.fragment.push(ch);
                self.shared.progress = Progress::Complete;
                Step::End
            }
            Read::More | Read::KeyStart | Read::KeyEnd | Read::ValueStart | Read::ValueEnd => {
                self.shared.fragment.push(ch);
                Step::More
            }
        }
    }

    fn read_header(&mut self, ch: char) -> Step {
        if ch == '{'
            && let Reading::Ready(name) = self.header.read(&self.shared.held)
        {
            let name = name.to_owned();
            self.shared.begin(name, Progress::Arguments, "{");
            self.scanner.push(ch);
            return Step::More;
        }
        self.shared.held.push(ch);
        match self.header.read(&self.shared.held) {
            Reading::Ready(_) | Reading::Possible => Step::More,
            Reading::No => Step::FalseAlarm,
        }
    }
}

impl Header {
    /// Headers have a few dozen characters and no more than [`is_bare_name`] allows, so that they are read anew with each.
    fn read(self, text: &str) -> Reading<'_> {
        let end = text.find(|ch| !is_name_character(ch)).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        if !is_bare_name(name) {
            return Reading::No;
        }
        match self {
            Self::Mistral => mistral(name, rest),
            Self::DeepSeek => deep_seek(name, rest),
        }
    }
}

/// Whitespace between a header and its arguments.
const MAX_WHITESPACE: usize = 256;

fn mistral<'a>(name: &'a str, rest: &str) -> Reading<'a> {
    const CALL_ID: &str = "[CALL_ID]";
    let rest = match rest.strip_prefix(CALL_ID) {
        Some(id) => {
            let id = id.trim_start_matches(|ch: char| ch.is_ascii_alphanumeric());
            if text_len(rest, id) > MAX_WHITESPACE {
                return Reading::No;
            }
            id
        }
        None if !rest.is_empty() && CALL_ID.starts_with(rest) => return Reading::Possible,
        None => rest,
    };
    before_arguments(name, rest, "[ARGS]")
}

fn deep_seek<'a>(name: &'a str, rest: &'a str) -> Reading<'a> {
    const SEPARATOR: &str = "<｜tool▁sep｜>";
    let Some(rest) = rest.strip_prefix(SEPARATOR) else {
        return if SEPARATOR.starts_with(rest) { Reading::Possible } else { Reading::No };
    };
    if name == "function" && rest.starts_with(is_name_character) {
        let end = rest.find(|ch| !is_name_character(ch)).unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        return if is_bare_name(name) { fence(name, rest) } else { Reading::No };
    }
    blank(name, rest)
}

fn fence<'a>(name: &'a str, rest: &str) -> Reading<'a> {
    const FENCE: &str = "\n```json\n";
    match rest.strip_prefix(FENCE) {
        Some(rest) => blank(name, rest),
        None if FENCE.starts_with(rest) => Reading::Possible,
        None => Reading::No,
    }
}

/// `marker`, which may be missing, and whitespace.
fn before_arguments<'a>(name: &'a str, rest: &str, marker: &str) -> Reading<'a> {
    match rest.strip_prefix(marker) {
        Some(rest) => blank(name, rest),
        None if !rest.is_empty() && marker.starts_with(rest) => Reading::Possible,
        None => blank(name, rest),
    }
}

fn blank<'a>(name: &'a str, rest: &str) -> Reading<'a> {
    let is_blank = rest.len() <= MAX_WHITESPACE && rest.chars().all(char::is_whitespace);
    if is_blank { Reading::Ready(name) } else { Reading::No }
}

/// Bytes of `text` before its end `rest`.
fn text_len(text: &str, rest: &str) -> usize {
    text.len() - rest.len()
}
