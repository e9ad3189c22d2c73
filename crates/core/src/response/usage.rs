//! What a call cost.

use serde::Serialize;
use ts_rs::TS;

/// Exact token counts, the same in a stream, a whole answer, an error and a cancellation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename_all = "camelCase", optional_fields)]
pub struct Usage {
    /// Ids fed.
    pub prompt_tokens: u64,
    /// Ids sampled, over all choices.
    pub completion_tokens: u64,
    /// Both.
    pub total_tokens: u64,
    /// Prompt ids whose keys and values were still there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached_tokens: Option<u64>,
    /// Sampled ids that were reasoning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_tokens: Option<u64>,
}

/// Where the time went, in milliseconds, which is absent where the clock stands still; and what speculation did for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename_all = "camelCase", optional_fields)]
pub struct Timings {
    /// From arrival to the first step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queued_ms: Option<f64>,
    /// From the first step to the end of prefill.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_ms: Option<f64>,
    /// From arrival to the first token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_token_ms: Option<f64>,
    /// From the first token to the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decode_ms: Option<f64>,
    /// Tokens after the first, over `decodeMs`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_per_second: Option<f64>,
    /// Tokens that were drafted, with speculation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drafted_tokens: Option<u64>,
    /// Of those the ones that were kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted_tokens: Option<u64>,
}
