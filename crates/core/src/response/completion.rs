//! Whole answers: what `done` carries and what `partial` is.

use serde::Serialize;
use serde_json::Value;
use ts_rs::TS;

use super::usage::{Timings, Usage};

/// Why a choice ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model or a stop string ended it.
    Stop,
    /// A limit ended it.
    Length,
    /// The model calls tools.
    ToolCalls,
    /// A host's filter ended it.
    ContentFilter,
    /// It failed; in a `partial` only.
    Error,
    /// It was cancelled; in a `partial` only.
    Cancelled,
}

/// Which of the reasons behind a [`FinishReason`] it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[ts(tag = "kind", rename_all = "snake_case")]
pub enum StopReason {
    /// The model's end token, or the end of the form that was asked for.
    Eos,
    /// One of the request's stop strings.
    StopString {
        /// The string that matched.
        text: String,
    },
    /// The request's `maxTokens`.
    MaxTokens,
    /// No room left in the context.
    Context,
}

/// Whose message it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename_all = "snake_case")]
pub enum AssistantRole {
    /// The model's.
    Assistant,
}

/// The kind of a tool call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename_all = "snake_case")]
pub enum ToolCallType {
    /// A function.
    Function,
}

/// A function's name with its arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct FunctionCall {
    /// The tool's name.
    pub name: String,
    /// The model's text, JSON as far as the model kept to it.
    pub arguments: String,
}

/// A tool call of the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ToolCall {
    /// Repeated by the tool's answer.
    pub id: String,
    /// Always `function`.
    #[serde(rename = "type")]
    #[ts(rename = "type", inline)]
    pub kind: ToolCallType,
    /// What is called.
    #[ts(inline)]
    pub function: FunctionCall,
}

/// A piece of a function call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, TS)]
#[ts(optional_fields)]
pub struct FunctionCallDelta {
    /// Once, first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The next piece of the arguments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arguments: Option<String>,
}

/// A piece of a tool call: `id` and `name` once, first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(optional_fields)]
pub struct ToolCallDelta {
    /// Which call of the message.
    pub index: u32,
    /// Once, first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The piece.
    #[ts(inline)]
    pub function: FunctionCallDelta,
}

/// A token that could have been.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct TokenAlternative {
    /// Its text; U+FFFD where its bytes are no text alone.
    pub token: String,
    /// Its id; −1 where a hosted model does not tell it.
    pub id: u32,
    /// Natural logarithm of its probability, before temperature and after the mask.
    pub logprob: f32,
}

/// How likely a sampled token was.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(optional_fields)]
pub struct TokenLogprob {
    /// Its text; U+FFFD where its bytes are no text alone.
    pub token: String,
    /// Its id; −1 where a hosted model does not tell it.
    pub id: u32,
    /// Natural logarithm of its probability, before temperature and after the mask.
    pub logprob: f32,
    /// Its bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Vec<u8>>,
    /// The likeliest tokens, best first, as many as `topLogprobs` asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(inline)]
    pub top: Option<Vec<TokenAlternative>>,
}

/// What the model said. Assignable to `AssistantMessage`: push it back into `messages` as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename_all = "camelCase", optional_fields)]
pub struct AssistantOutput {
    /// Always `assistant`.
    #[ts(inline)]
    pub role: AssistantRole,
    /// `""` for a pure tool call.
    pub content: String,
    /// What the model thought before it answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_content: Option<String>,
    /// For hosts that demand it on replay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_signature: Option<String>,
    /// Calls of tools, in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_calls: Option<Vec<ToolCall>>,
}

/// One of the `n` answers of a chat.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename_all = "camelCase", optional_fields)]
pub struct ChatChoice {
    /// Its place among the `n`.
    pub index: u32,
    /// What the model said.
    pub message: AssistantOutput,
    /// Why it ended.
    pub finish_reason: FinishReason,
    /// Which of the reasons it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_reason: Option<StopReason>,
    /// Of every token delivered, when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<Vec<TokenLogprob>>,
}

/// `object` of a [`ChatCompletion`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
pub enum ChatCompletionObject {
    /// The only value.
    #[serde(rename = "chat.completion")]
    #[ts(rename = "chat.completion")]
    ChatCompletion,
}

/// A whole chat answer, or what was delivered of one.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename_all = "camelCase", optional_fields)]
pub struct ChatCompletion {
    /// Tells it from a raw completion.
    #[ts(inline)]
    pub object: ChatCompletionObject,
    /// The same in every event of the stream.
    pub id: String,
    /// The model's id.
    pub model: String,
    /// Seconds since 1970.
    pub created: u64,
    /// One for each of `n`, by index.
    #[ts(type = "NonEmpty<ChatChoice>")]
    pub choices: Vec<ChatChoice>,
    /// Exact; absent when a remote host did not say. Always there from a local engine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Where the time went.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timings: Option<Timings>,
    /// Tool loop only: every message added, the last is `choices[0].message`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(as = "Option<Vec<super::typescript::Message>>")]
    pub transcript: Option<Vec<Value>>,
}

/// One of the `n` texts of a raw completion.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename_all = "camelCase", optional_fields)]
pub struct CompletionChoice {
    /// Its place among the `n`.
    pub index: u32,
    /// What the model wrote.
    pub text: String,
    /// Why it ended.
    pub finish_reason: FinishReason,
    /// Which of the reasons it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_reason: Option<StopReason>,
    /// Of every token delivered, when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<Vec<TokenLogprob>>,
}

/// `object` of a [`Completion`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename_all = "snake_case")]
pub enum CompletionObject {
    /// The only value.
    TextCompletion,
}

/// A whole raw completion, or what was delivered of one.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename_all = "camelCase", optional_fields)]
pub struct Completion {
    /// Tells it from a chat's.
    #[ts(inline)]
    pub object: CompletionObject,
    /// The same in every event of the stream.
    pub id: String,
    /// The model's id.
    pub model: String,
    /// Seconds since 1970.
    pub created: u64,
    /// One for each of `n`, by index.
    #[ts(type = "NonEmpty<CompletionChoice>")]
    pub choices: Vec<CompletionChoice>,
    /// Exact; absent when a remote host did not say. Always there from a local engine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Where the time went.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timings: Option<Timings>,
}

/// `object` of an [`EmbeddingList`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename_all = "snake_case")]
pub enum ListObject {
    /// The only value.
    List,
}

/// The vector of one input.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct Embedding {
    /// The input's place.
    pub index: u32,
    /// `(dimensions,)`.
    pub embedding: Vec<f32>,
}

/// Vectors, one for each input.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(optional_fields)]
pub struct EmbeddingList {
    /// Always `list`.
    #[ts(inline)]
    pub object: ListObject,
    /// The model's id.
    pub model: String,
    /// By index.
    pub data: Vec<Embedding>,
    /// What it cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}
