//! What a failing template comes to for its caller.

use std::fmt;

use minijinja::ErrorKind;

use super::budget::Limit;
use super::program;
use crate::error::{Error, ErrorCode};

/// What `raise_exception` was called with.
#[derive(Debug)]
pub(super) struct Raised(pub(super) String);

impl fmt::Display for Raised {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Raised {}

/// More than a template may use.
pub(super) fn over_limit(limit: Limit) -> Error {
    let what = match limit {
        Limit::Fuel => "steps",
        Limit::Bytes => "text",
    };
    Error::new(
        ErrorCode::TemplateLimit,
        format!("the chat template makes too many {what}; pass another with `chatTemplate`"),
    )
    .detail("limit", limit.word())
}

/// An error of minijinja as one of ours.
pub(super) fn explain(error: &minijinja::Error) -> Error {
    let mut line = error.line();
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = cause {
        if let Some(Raised(message)) = current.downcast_ref::<Raised>() {
            let shown: String = message.chars().take(500).collect();
            return Error::invalid_request("messages", format!("the chat template refuses these messages: {shown}"))
                .detail("reason", "template_message")
                .detail("message", shown);
        }
        if let Some(limit) = current.downcast_ref::<Limit>() {
            return over_limit(*limit);
        }
        if let Some(program::Line(own)) = current.downcast_ref() {
            line = Some(*own);
        }
        if current.downcast_ref::<minijinja::Error>().is_some_and(|inner| inner.kind() == ErrorKind::OutOfFuel) {
            return over_limit(Limit::Fuel);
        }
        cause = current.source();
    }
    // Never the values: they are the prompt.
    let what = match error.kind() {
        ErrorKind::SyntaxError => error.detail().unwrap_or("syntax error").to_owned(),
        kind => format!(
            "{kind}{}",
            error
                .detail()
                .map(|detail| format!(": {}", detail.chars().take(200).collect::<String>()))
                .unwrap_or_default()
        ),
    };
    let mut invalid = Error::new(
        ErrorCode::TemplateInvalid,
        format!("the chat template fails: {what}; pass another with `chatTemplate`"),
    );
    if let Some(line) = line {
        invalid = invalid.at(format!("line {line}")).detail("line", line);
    }
    invalid
}
