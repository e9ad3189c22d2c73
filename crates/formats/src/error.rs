//! The one error type of this crate.

use serde_json::{Map, Value};

/// What every fallible function of this crate returns.
pub type Result<T> = std::result::Result<T, FormatError>;

/// Who is at fault; maps one to one to the engine's error codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FormatErrorKind {
    /// The file contradicts itself or its format (`model_invalid`).
    Invalid,
    /// Well-formed and not supported (`model_unsupported`).
    Unsupported,
    /// The file is not the one that was opened (`model_changed`).
    Changed,
    /// The operating system refused (`io_error`).
    Io,
    /// There is no such file (`not_found`).
    NotFound,
    /// Over a limit of this crate (`too_large`).
    TooLarge,
    /// The allocator refused (`out_of_memory`).
    OutOfMemory,
}

/// The parts of a [`FormatError`].
#[derive(Debug, Clone, PartialEq)]
pub struct FormatProblem {
    /// Who is at fault.
    pub kind: FormatErrorKind,
    /// Stable string within the kind: `truncated`, `offset`, `dtype`.
    pub reason: &'static str,
    /// Says what to do. Text from a file is quoted, escaped and cut by [`quoted`].
    pub message: String,
    /// A place in the file: `byte 4096`.
    pub location: Option<String>,
    /// Numbers and names a program can act on: `{tensor, expected, got}`.
    pub details: Map<String, Value>,
}

/// Characters of a file's text in a message.
const LONGEST_QUOTE: usize = 80;
/// Characters of a file's text in `details`, where it stands as it is.
const LONGEST_DETAIL: usize = 256;

/// Why a model file cannot be used. On the heap, so that a `Result` stays small.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}", .0.message)]
pub struct FormatError(Box<FormatProblem>);

impl FormatError {
    /// An error without a place and without details.
    pub fn new(kind: FormatErrorKind, reason: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(FormatProblem { kind, reason, message: message.into(), location: None, details: Map::new() }))
    }

    pub(crate) fn invalid(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(FormatErrorKind::Invalid, reason, message)
    }

    pub(crate) fn unsupported(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(FormatErrorKind::Unsupported, reason, message)
    }

    /// The file is shorter than its header promises. Lengths in bytes.
    pub(crate) fn truncated(expected: u64, got: u64) -> Self {
        Self::invalid(
            "truncated",
            format!(
                "the file has {got} bytes and needs at least {expected}: it was cut short; download or copy it again"
            ),
        )
        .detail("expected", expected)
        .detail("got", got)
    }

    /// A size that fits no address space, or not this machine's.
    pub(crate) fn overflow(what: &str) -> Self {
        Self::invalid(
            "overflow",
            format!("the size of {what} is beyond what this machine can address: the file is damaged"),
        )
    }

    pub(crate) fn out_of_memory(bytes: u64) -> Self {
        Self::new(
            FormatErrorKind::OutOfMemory,
            "allocation",
            format!("{bytes} bytes could not be allocated; close other models or use a smaller one"),
        )
        .detail("needed", bytes)
    }

    /// A whole file that is read into memory and longer than files of its kind are.
    pub(crate) fn too_large(len: u64, limit: u64) -> Self {
        let message = format!("the file has {len} bytes; files of its kind have at most {limit}");
        Self::new(FormatErrorKind::TooLarge, "file", message).detail("size", len).detail("limit", limit)
    }

    /// Names the place: a byte of the file.
    #[must_use]
    pub(crate) fn at_byte(mut self, offset: u64) -> Self {
        self.0.location = Some(format!("byte {offset}"));
        self
    }

    /// Adds one entry to `details`; a long string is cut.
    #[must_use]
    pub fn detail(mut self, key: &str, value: impl Into<Value>) -> Self {
        let value = match value.into() {
            Value::String(text) => Value::String(cut(&text, LONGEST_DETAIL)),
            value => value,
        };
        self.0.details.insert(key.to_owned(), value);
        self
    }

    /// Names the file among several: in the message and in `details.file`. The innermost name stays.
    #[must_use]
    pub fn in_file(mut self, name: &str) -> Self {
        if !self.0.details.contains_key("file") {
            self.0.message = format!("{}: {}", quoted(name), self.0.message);
            self = self.detail("file", name);
        }
        self
    }

    /// Who is at fault.
    pub fn kind(&self) -> FormatErrorKind {
        self.0.kind
    }

    /// Stable string within the kind.
    pub fn reason(&self) -> &'static str {
        self.0.reason
    }

    /// Says what to do.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// A place in the file.
    pub fn location(&self) -> Option<&str> {
        self.0.location.as_deref()
    }

    /// Numbers and names a program can act on.
    pub fn details(&self) -> &Map<String, Value> {
        &self.0.details
    }

    /// Gives the parts away.
    pub fn into_problem(self) -> FormatProblem {
        *self.0
    }
}

/// `text` from a file for a message: in quotes, control characters escaped, cut after 80 characters, so that a hostile
/// name can neither forge log lines nor flood them.
pub fn quoted(text: &str) -> String {
    format!("{:?}", cut(text, LONGEST_QUOTE))
}

/// The first `longest` characters of `text`, and a sign where that is not all.
pub(crate) fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_escape_and_cut() {
        assert_eq!(quoted("a\r\nb"), "\"a\\r\\nb\"");
        assert_eq!(quoted(&"é".repeat(80)), format!("\"{}\"", "é".repeat(80)));
        assert_eq!(quoted(&"é".repeat(81)), format!("\"{}…\"", "é".repeat(80)));
        let error = FormatError::overflow("x").detail("tensor", "y".repeat(1000));
        assert_eq!(error.details()["tensor"].as_str().map(|name| name.chars().count()), Some(LONGEST_DETAIL + 1));
    }

    #[test]
    fn keeps_the_innermost_file_name() {
        let error = FormatError::truncated(2, 1).in_file("shard").in_file("index");
        assert_eq!(error.details()["file"], "shard");
        assert!(error.message().starts_with("\"shard\": the file has 1 bytes"));
    }
}
