//! The last event of a stream.

use serde::Serialize;
use serde::ser::{Error as _, Serializer};
use ts_rs::TS;

use super::completion::{ChatCompletion, Completion, EmbeddingList};
use crate::error::{Error, ErrorInfo};

/// Who cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename_all = "snake_case")]
pub enum CancelReason {
    /// An `AbortSignal` fired.
    Signal,
    /// `cancel()` was called, or the loop was left.
    Cancel,
    /// The call's `timeoutMs` passed.
    Timeout,
    /// The client went away.
    Disconnect,
}

impl std::str::FromStr for CancelReason {
    type Err = Error;

    fn from_str(reason: &str) -> Result<Self, Error> {
        match reason {
            "signal" => Ok(Self::Signal),
            "cancel" => Ok(Self::Cancel),
            "timeout" => Ok(Self::Timeout),
            "disconnect" => Ok(Self::Disconnect),
            _ => Err(Error::invalid_request("reason", "A reason is signal, cancel, timeout or disconnect.")),
        }
    }
}

/// A chat came to its end.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct DoneResponse {
    /// All of it; equal to the chunks put together.
    pub completion: ChatCompletion,
}

/// The request cannot run; nothing was generated.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct ValidationErrorResponse {
    /// Names the field in `where`.
    pub error: ErrorInfo,
}

/// The model failed midway.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct ModelErrorResponse {
    /// What went wrong.
    pub error: ErrorInfo,
    /// Exactly what was delivered.
    pub partial: ChatCompletion,
}

/// The engine or the transport failed.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct InternalErrorResponse<P> {
    /// What went wrong.
    pub error: ErrorInfo,
    /// Exactly what was delivered.
    pub partial: P,
}

/// The call was cancelled.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct CancelledResponse<P> {
    /// Who cancelled.
    pub reason: CancelReason,
    /// Exactly what was delivered.
    pub partial: P,
}

/// A raw completion came to its end.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct CompletionDoneResponse {
    /// All of it; equal to the chunks put together.
    pub completion: Completion,
}

/// The model failed midway through a raw completion.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct CompletionModelErrorResponse {
    /// What went wrong.
    pub error: ErrorInfo,
    /// Exactly what was delivered.
    pub partial: Completion,
}

/// Embeddings are ready; terminal, because `done` has no room for vectors.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct EmbeddingsResponse {
    /// The vectors.
    pub embeddings: EmbeddingList,
}

/// Raw logits. Local engines only, never serialised: a row of logits is not JSON.
#[derive(Debug, Clone, PartialEq, TS)]
pub struct RawResponse {
    /// The tokens whose rows these are.
    pub tokens: Vec<u32>,
    /// `(tokens.length, vocabulary)`, row-major.
    #[ts(type = "Float32Array")]
    pub logits: Vec<f32>,
}

impl Serialize for RawResponse {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("raw logits are handed over as they are, never serialised"))
    }
}
