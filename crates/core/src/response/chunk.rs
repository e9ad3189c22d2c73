//! Events before the end: pieces of text, progress of a prompt.

use serde::Serialize;
use serde_json::Value;
use ts_rs::TS;

use super::completion::{AssistantRole, FinishReason, TokenLogprob, ToolCallDelta};
use super::usage::Usage;

/// What a chunk adds to a message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename_all = "camelCase", optional_fields)]
pub struct ChunkDelta {
    /// In the first chunk of a choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(inline)]
    pub role: Option<AssistantRole>,
    /// The next piece of the answer; whole Unicode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// The next piece of the reasoning; whole Unicode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_content: Option<String>,
    /// The next pieces of tool calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_calls: Option<Vec<ToolCallDelta>>,
}

/// A chunk's share of one choice.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename_all = "camelCase")]
pub struct ChunkChoice {
    /// Which of the `n`.
    pub index: u32,
    /// What it adds.
    pub delta: ChunkDelta,
    /// Null until the choice's last chunk.
    pub finish_reason: Option<FinishReason>,
    /// Of the tokens whose text this chunk completes, when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub logprobs: Option<Vec<TokenLogprob>>,
}

/// A piece of a chat's answer.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename_all = "camelCase", optional_fields)]
pub struct ChunkResponse {
    /// The same in every event of the stream.
    pub id: String,
    /// The model's id.
    pub model: String,
    /// Seconds since 1970.
    pub created: u64,
    /// A host's usage-only chunk (`choices: []`) is absorbed by the transport.
    #[ts(type = "NonEmpty<ChunkChoice>")]
    pub choices: Vec<ChunkChoice>,
    /// Tool loop only; deltas concatenate per choice and round.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round: Option<u32>,
    /// Where a host says it early.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Parts of a host's chunk that Wick has no name for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(as = "Option<Vec<super::typescript::JsonValue>>")]
    pub upstream: Option<Vec<Value>>,
}

/// A chunk's share of one choice of a raw completion.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename_all = "camelCase")]
pub struct CompletionChunkChoice {
    /// Which of the `n`.
    pub index: u32,
    /// The next piece; whole Unicode.
    pub text: String,
    /// Null until the choice's last chunk.
    pub finish_reason: Option<FinishReason>,
    /// Of the tokens whose text this chunk completes, when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub logprobs: Option<Vec<TokenLogprob>>,
}

/// A piece of a raw completion.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(optional_fields)]
pub struct CompletionChunkResponse {
    /// The same in every event of the stream.
    pub id: String,
    /// The model's id.
    pub model: String,
    /// Seconds since 1970.
    pub created: u64,
    /// Never empty.
    #[ts(type = "NonEmpty<CompletionChunkChoice>")]
    pub choices: Vec<CompletionChunkChoice>,
    /// Where a host says it early.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}

/// How far a prompt is, for those who ask with `promptProgress: true`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename_all = "camelCase", optional_fields)]
pub struct PromptProgressResponse {
    /// Tokens of the prompt that are done.
    pub processed: u64,
    /// Tokens of the prompt.
    pub total: u64,
    /// Tokens of the prompt that needed no work.
    pub cached: u64,
    /// Requests before this one, while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_position: Option<u32>,
}
