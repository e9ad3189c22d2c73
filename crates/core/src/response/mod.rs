//! The one [`Response`] enum: everything an engine says to its caller, on every transport.
//!
//! TypeScript's types are generated from these (see [`typescript`]). Fields are present or absent, never null;
//! the one exception is the `finishReason` of a chunk's choice.

mod agentic;
mod chunk;
mod completion;
mod schema_hash;
mod terminal;
pub mod typescript;
mod usage;

use serde::Serialize;
use ts_rs::TS;

pub use agentic::{ToolApprovalResponse, ToolPhase, ToolProgressResponse};
pub use chunk::{
    ChunkChoice, ChunkDelta, ChunkResponse, CompletionChunkChoice, CompletionChunkResponse, PromptProgressResponse,
};
pub use completion::{
    AssistantOutput, AssistantRole, ChatChoice, ChatCompletion, ChatCompletionObject, Completion, CompletionChoice,
    CompletionObject, Embedding, EmbeddingList, FinishReason, FunctionCall, FunctionCallDelta, ListObject, StopReason,
    TokenAlternative, TokenLogprob, ToolCall, ToolCallDelta, ToolCallType,
};
pub use schema_hash::SCHEMA_HASH;
pub use terminal::{
    CancelReason, CancelledResponse, CompletionDoneResponse, CompletionModelErrorResponse, DoneResponse,
    EmbeddingsResponse, InternalErrorResponse, ModelErrorResponse, RawResponse, ValidationErrorResponse,
};
pub use usage::{Timings, Usage};

/// Every kind of every call; `kind` tells them apart.
///
/// `internal_error` and `cancelled` occur once per result type, so that a narrow union keeps an exact `partial`.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[ts(tag = "kind", rename_all = "snake_case")]
pub enum Response {
    /// Text of a chat arrived.
    Chunk(ChunkResponse),
    /// A chat came to its end.
    Done(DoneResponse),
    /// The request cannot run; nothing was generated.
    ValidationError(ValidationErrorResponse),
    /// The model failed midway through a chat.
    ModelError(ModelErrorResponse),
    /// The engine or the transport failed during a chat.
    InternalError(InternalErrorResponse<ChatCompletion>),
    /// The engine or the transport failed during a raw completion.
    #[serde(rename = "internal_error")]
    #[ts(rename = "internal_error")]
    CompletionInternalError(InternalErrorResponse<Completion>),
    /// The engine or the transport failed while embedding.
    #[serde(rename = "internal_error")]
    #[ts(rename = "internal_error")]
    EmbeddingsInternalError(InternalErrorResponse<EmbeddingList>),
    /// A chat was cancelled.
    Cancelled(CancelledResponse<ChatCompletion>),
    /// A raw completion was cancelled.
    #[serde(rename = "cancelled")]
    #[ts(rename = "cancelled")]
    CompletionCancelled(CancelledResponse<Completion>),
    /// Embedding was cancelled.
    #[serde(rename = "cancelled")]
    #[ts(rename = "cancelled")]
    EmbeddingsCancelled(CancelledResponse<EmbeddingList>),
    /// Opt-in: queueing and prefill of a prompt.
    PromptProgress(PromptProgressResponse),
    /// A tool that Wick runs.
    AgenticToolCallProgress(ToolProgressResponse),
    /// A tool wants permission.
    AgenticToolApprovalRequired(ToolApprovalResponse),
    /// Text of a raw completion arrived.
    CompletionChunk(CompletionChunkResponse),
    /// A raw completion came to its end.
    CompletionDone(CompletionDoneResponse),
    /// The model failed midway through a raw completion.
    CompletionModelError(CompletionModelErrorResponse),
    /// Embeddings are ready.
    Embeddings(EmbeddingsResponse),
    /// Raw logits; local only, serialising one is an error.
    Raw(RawResponse),
}

impl Response {
    /// Whether this is the last event of its stream.
    pub fn is_terminal(&self) -> bool {
        match self {
            Self::Chunk(_)
            | Self::PromptProgress(_)
            | Self::AgenticToolCallProgress(_)
            | Self::AgenticToolApprovalRequired(_)
            | Self::CompletionChunk(_) => false,
            Self::Done(_)
            | Self::ValidationError(_)
            | Self::ModelError(_)
            | Self::InternalError(_)
            | Self::CompletionInternalError(_)
            | Self::EmbeddingsInternalError(_)
            | Self::Cancelled(_)
            | Self::CompletionCancelled(_)
            | Self::EmbeddingsCancelled(_)
            | Self::CompletionDone(_)
            | Self::CompletionModelError(_)
            | Self::Embeddings(_)
            | Self::Raw(_) => true,
        }
    }
}
