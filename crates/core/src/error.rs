//! The one error type of the engine and its closed set of codes.

use std::any::Any;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use ts_rs::TS;
use wick_formats::{FormatError, FormatErrorKind, FormatProblem};

/// Stable strings a program can act on. New codes come in minor versions: a switch over codes needs a default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The request is malformed or a value is out of range.
    InvalidRequest,
    /// A field or feature that this backend cannot honour.
    Unsupported,
    /// The host wants another key.
    Unauthorized,
    /// The Host or Origin is not allowed.
    ForbiddenHost,
    /// An input is over its limit.
    TooLarge,
    /// A file or model does not exist.
    NotFound,
    /// The model's files contradict themselves or their format.
    ModelInvalid,
    /// A model that is well-formed and not supported.
    ModelUnsupported,
    /// A download does not match its hash.
    ModelIntegrity,
    /// The model's file changed while it was open.
    ModelChanged,
    /// The tokenizer cannot be used.
    TokenizerInvalid,
    /// The chat template cannot be parsed or rendered.
    TemplateInvalid,
    /// The chat template ran over a limit of time, steps or output.
    TemplateLimit,
    /// A grammar or schema cannot be compiled.
    GrammarInvalid,
    /// A grammar or schema is over a limit.
    GrammarLimit,
    /// The prompt does not fit the context.
    ContextOverflow,
    /// Our own queue is full.
    QueueFull,
    /// A time limit passed.
    Timeout,
    /// The caller cancelled.
    Cancelled,
    /// More memory is needed than allowed.
    OutOfMemory,
    /// No space left.
    DiskFull,
    /// Reading or writing a file failed.
    IoError,
    /// A download failed.
    DownloadFailed,
    /// The GPU is gone.
    DeviceLost,
    /// NaN or infinity where a number was due.
    NumericError,
    /// The engine is dead; load the model again.
    EngineFailed,
    /// The model was closed.
    EngineClosed,
    /// The WASM instance trapped; load the model again.
    InstancePoisoned,
    /// Another call is using this now; try again.
    Busy,
    /// The host's stream ended early.
    StreamTruncated,
    /// The host's stream broke its protocol.
    StreamProtocol,
    /// The host answered with an HTTP error.
    HttpError,
    /// No connection to the host.
    ConnectionFailed,
    /// The host limits the rate.
    RateLimited,
    /// No addon or module for this platform.
    BackendUnavailable,
    /// The stream has a reader already.
    StreamConsumed,
    /// The model's text does not fit the schema.
    OutputInvalid,
    /// A tool threw.
    ToolFailed,
    /// A bug of ours; please report.
    Internal,
}

/// The host's own words about a failure: open strings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename_all = "camelCase")]
pub struct UpstreamError {
    /// The host's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub code: Option<String>,
    /// The host's error type.
    #[serde(skip_serializing_if = "Option::is_none", rename = "type")]
    #[ts(optional, rename = "type")]
    pub kind: Option<String>,
    /// The host's message.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub message: Option<String>,
    /// The host's id of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub request_id: Option<String>,
}

/// What went wrong, where, and what to do; plain data that crosses every seam.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename_all = "camelCase")]
pub struct ErrorInfo {
    /// Stable string.
    pub code: ErrorCode,
    /// Says what to do; never holds prompt text or keys.
    pub message: String,
    /// A field path, a file offset or an event index: `messages[2].content`, `byte 4096`.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    #[ts(rename = "where", optional)]
    pub location: Option<String>,
    /// Whether the same call can succeed later.
    pub retryable: bool,
    /// Wait this long before trying again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub retry_after_ms: Option<u64>,
    /// HTTP status of a host.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub status: Option<u16>,
    /// Numbers a program can act on: `{prompt, max}`, `{needed, limit}`, `{reason}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "JsonObject")]
    pub details: Option<Map<String, Value>>,
    /// The host's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub upstream: Option<UpstreamError>,
}

/// An [`ErrorInfo`] on the heap, so that a `Result` stays small.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}", .0.message)]
pub struct Error(Box<ErrorInfo>);

/// What every fallible function of the engine returns.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error that will not go away by trying again, without a place.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self(Box::new(ErrorInfo {
            code,
            message: message.into(),
            location: None,
            retryable: false,
            retry_after_ms: None,
            status: None,
            details: None,
            upstream: None,
        }))
    }

    /// Shorthand for the most frequent error: a request field that cannot stand.
    pub fn invalid_request(location: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidRequest, message).at(location)
    }

    /// A field or feature that is not there.
    pub fn unsupported(location: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Unsupported, message).at(location)
    }

    /// Names the field path, file offset or event index.
    #[must_use]
    pub fn at(mut self, location: impl Into<String>) -> Self {
        self.0.location = Some(location.into());
        self
    }

    /// Adds one entry to `details`.
    #[must_use]
    pub fn detail(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.details.get_or_insert_default().insert(key.to_owned(), value.into());
        self
    }

    /// Keeps what a caught panic said as `details.panic`; the place it came from is on stderr.
    #[must_use]
    pub(crate) fn after_panic(self, payload: &(dyn Any + Send)) -> Self {
        let said = payload.downcast_ref::<String>().map(String::as_str);
        match said.or_else(|| payload.downcast_ref::<&'static str>().copied()) {
            Some(said) => self.detail("panic", said),
            None => self,
        }
    }

    /// Marks the error as one that a later try can get past.
    #[must_use]
    pub fn retryable(mut self) -> Self {
        self.0.retryable = true;
        self
    }

    /// The code.
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// The whole description.
    pub fn info(&self) -> &ErrorInfo {
        &self.0
    }

    /// The whole description as JSON.
    pub fn to_json(&self) -> String {
        // Strings and numbers: nothing in it that has no JSON.
        serde_json::to_string(&self.0).unwrap_or_default()
    }

    /// Gives the description away.
    pub fn into_info(self) -> ErrorInfo {
        *self.0
    }
}

impl From<FormatError> for Error {
    fn from(error: FormatError) -> Self {
        let FormatProblem { kind, reason, message, location, details } = error.into_problem();
        let code = match kind {
            FormatErrorKind::Invalid => ErrorCode::ModelInvalid,
            FormatErrorKind::Unsupported => ErrorCode::ModelUnsupported,
            FormatErrorKind::Changed => ErrorCode::ModelChanged,
            FormatErrorKind::Io => ErrorCode::IoError,
            FormatErrorKind::NotFound => ErrorCode::NotFound,
            FormatErrorKind::TooLarge => ErrorCode::TooLarge,
            FormatErrorKind::OutOfMemory => ErrorCode::OutOfMemory,
        };
        let mut wick = Self::new(code, message).detail("reason", reason);
        wick.0.location = location;
        wick.0.details.get_or_insert_default().extend(details);
        wick
    }
}
