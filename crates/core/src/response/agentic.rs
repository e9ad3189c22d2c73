//! Events of tools that Wick runs.

use serde::Serialize;
use serde_json::{Map, Value};
use ts_rs::TS;

use crate::error::ErrorInfo;

/// Where a tool call is.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase")]
#[ts(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum ToolPhase {
    /// It starts.
    Calling,
    /// It says something before it is through.
    Output {
        /// The next piece.
        delta: String,
    },
    /// It is through.
    Complete {
        /// All of its output.
        output: String,
        /// How long it took.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        duration_ms: Option<f64>,
    },
    /// It threw; a timeout has the code `timeout`.
    Failed {
        /// What went wrong.
        error: ErrorInfo,
    },
    /// It was not allowed.
    Denied {
        /// Why, where someone said so.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        reason: Option<String>,
    },
}

/// A tool that Wick runs went a step further.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename_all = "camelCase")]
pub struct ToolProgressResponse {
    /// Round of the tool loop, from 0.
    pub round: u32,
    /// The call's id.
    pub call_id: String,
    /// The tool's name.
    pub tool_name: String,
    /// What it is called with.
    #[ts(type = "JsonObject")]
    pub input: Map<String, Value>,
    /// Where it is.
    pub phase: ToolPhase,
}

/// A tool wants permission. Answer with `stream.approve(approvalId)` or `stream.deny(approvalId)`; the value itself is plain data.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename_all = "camelCase", optional_fields)]
pub struct ToolApprovalResponse {
    /// Names the question in the answer.
    pub approval_id: String,
    /// Round of the tool loop, from 0.
    pub round: u32,
    /// The call's id.
    pub call_id: String,
    /// The tool's name.
    pub tool_name: String,
    /// What it would be called with.
    #[ts(type = "JsonObject")]
    pub input: Map<String, Value>,
    /// When it is denied without an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in_ms: Option<u64>,
}
