//! What can happen. Nothing here has a field for text of a prompt or an answer.

use serde::Serialize;
use ts_rs::TS;

use super::entry::LogLevel;
use super::one_line::OneLine;
use crate::error::ErrorCode;
use crate::response::{CancelReason, FinishReason};

/// What happened; `event` tells the kinds apart.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(tag = "event", rename_all = "snake_case")]
#[ts(tag = "event", rename_all = "snake_case")]
pub enum LogEvent {
    /// A model was loaded.
    ModelLoaded(ModelLoadedEvent),
    /// Something about a model's files or options is not as it could be.
    LoadWarning(LoadWarningEvent),
    /// A model was closed.
    ModelClosed(ModelClosedEvent),
    /// The engine broke.
    EngineFailed(EngineFailedEvent),
    /// A request was read and waits for its turn.
    RequestAccepted(RequestAcceptedEvent),
    /// A request is computed from now on.
    RequestBegun(RequestBegunEvent),
    /// A request came to an end.
    RequestEnded(RequestEndedEvent),
    /// A request was refused because too many wait.
    QueueFull(QueueFullEvent),
    /// A sequence lost its blocks.
    SequencePreempted(SequencePreemptedEvent),
    /// A sequence has blocks again.
    SequenceResumed(SequenceResumedEvent),
    /// What was kept for later prompts made room.
    CacheEvicted(CacheEvictedEvent),
    /// The memory of keys and values could not grow.
    KvGrowthFailed(KvGrowthFailedEvent),
    /// A step failed and is repeated.
    StepFailed(StepFailedEvent),
    /// The draft model failed.
    DraftFailed(DraftFailedEvent),
}

/// A model was loaded.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename_all = "camelCase")]
pub struct ModelLoadedEvent {
    /// The model's name.
    pub model: OneLine,
    /// `llama`, `qwen3`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub architecture: Option<OneLine>,
    /// Which engine computes: `cpu` or `candle`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub engine: Option<OneLine>,
    /// What computes: `cpu`, `cuda` or `metal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub device: Option<OneLine>,
    /// Type of most weights: `Q4_K`, `BF16`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub quantization: Option<OneLine>,
    /// Threads that compute, where they are the engine's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub threads: Option<usize>,
    /// Memory of weights and tokenizer.
    pub weights_bytes: u64,
    /// Type of keys and values.
    pub kv_cache: KvCacheType,
    /// Memory that keys and values may have.
    pub kv_memory_bytes: u64,
    /// Longest conversation in tokens.
    pub context_length: usize,
    /// Sequences that are computed together.
    pub max_sequences: usize,
    /// Warnings in `model.info.warnings`; a `load_warning` came for each of the first 16.
    pub warnings: usize,
    /// How long loading took.
    pub load_ms: f64,
}

/// Type of keys and values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename_all = "snake_case")]
pub enum KvCacheType {
    /// Two bytes an element.
    F16,
    /// Four bytes.
    F32,
    /// One byte, and a scale for each position of a head.
    Q8,
}

/// Something about a model's files or options is not as it could be: a tensor nobody uses, a shortened context.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename_all = "camelCase")]
pub struct LoadWarningEvent {
    /// The model's name.
    pub model: OneLine,
    /// One of `model.info.warnings`.
    pub warning: OneLine,
}

/// A model was closed. The last entry of a log.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename_all = "camelCase")]
pub struct ModelClosedEvent {
    /// Requests that ended with it.
    pub ended: usize,
}

/// The engine broke: it is dead, and its streams have ended.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename_all = "camelCase")]
pub struct EngineFailedEvent {
    /// `engine_failed` after a panic, `device_lost`, `internal`.
    pub error_code: ErrorCode,
    /// What the error says.
    pub error: OneLine,
    /// What the panic said, without what it quoted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub panic: Option<OneLine>,
    /// Requests that ended with it.
    pub ended: usize,
}

/// A request was read and waits for its turn.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename_all = "camelCase")]
pub struct RequestAcceptedEvent {
    /// The answer's `id`: `chatcmpl-…`.
    pub request: OneLine,
    /// Ids of the prompt.
    pub prompt_tokens: usize,
    /// Answers asked for.
    pub choices: u32,
    /// Requests that wait, this one too.
    pub queued: usize,
}

/// A request is computed from now on.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename_all = "camelCase")]
pub struct RequestBegunEvent {
    /// The answer's `id`.
    pub request: OneLine,
    /// Ids of the prompt.
    pub prompt_tokens: usize,
    /// Those whose keys and values were still there.
    pub cached_tokens: usize,
    /// How long it waited, reading it included.
    pub waited_ms: f64,
}

/// A request came to an end. `warn` where the model failed over it, else `debug`.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename_all = "camelCase")]
pub struct RequestEndedEvent {
    /// The answer's `id`.
    pub request: OneLine,
    /// How it ended.
    pub outcome: RequestOutcome,
    /// Of the choices that came to their end, in their order.
    pub finish_reasons: Vec<FinishReason>,
    /// Of a request that was cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reason: Option<CancelReason>,
    /// Of a request that failed or was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub error_code: Option<ErrorCode>,
    /// Ids fed; 0 where it did not begin.
    pub prompt_tokens: u64,
    /// Ids sampled, over all choices.
    pub completion_tokens: u64,
    /// From the call to its end; readers may have the rest still to read.
    pub ms: f64,
    /// From the call to the first token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub first_token_ms: Option<f64>,
}

/// How a request ended: the kind of its stream's last response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename_all = "snake_case")]
pub enum RequestOutcome {
    /// Every choice is through.
    Done,
    /// Someone cancelled, or the reader went away.
    Cancelled,
    /// It was refused.
    ValidationError,
    /// The model failed.
    ModelError,
    /// The engine failed or was closed.
    InternalError,
}

/// A request was refused because too many wait.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename_all = "camelCase")]
pub struct QueueFullEvent {
    /// The answer's `id`.
    pub request: OneLine,
}

/// A sequence lost its blocks to others; they are computed again when it has its turn. `info` the first time of a
/// request, `debug` after that.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename_all = "camelCase")]
pub struct SequencePreemptedEvent {
    /// The answer's `id`.
    pub request: OneLine,
    /// Which of its choices.
    pub choice: u32,
    /// Blocks given up.
    pub blocks: usize,
    /// Tokens whose keys and values were in them.
    pub tokens: usize,
    /// How often that happened to this request.
    pub preemptions: u32,
}

/// A sequence has blocks again.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename_all = "camelCase")]
pub struct SequenceResumedEvent {
    /// The answer's `id`.
    pub request: OneLine,
    /// Which of its choices.
    pub choice: u32,
    /// Its tokens, prompt and answer.
    pub tokens: usize,
    /// Those whose keys and values were still there.
    pub cached_tokens: usize,
}

/// What was kept for later prompts made room, over the last second or so.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename_all = "camelCase")]
pub struct CacheEvictedEvent {
    /// Blocks that were forgotten.
    pub blocks: u64,
    /// Tokens that are still kept.
    pub cached_tokens: usize,
}

/// The system, or `maxMemoryBytes`, has no more memory for keys and values: there are fewer blocks than there may be.
/// Told once until they could grow again.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename_all = "camelCase")]
pub struct KvGrowthFailedEvent {
    /// Blocks there are.
    pub blocks: usize,
    /// Blocks there may be.
    pub limit: usize,
}

/// A step of several sequences failed: each is computed alone, so that only the one that cannot ends.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename_all = "camelCase")]
pub struct StepFailedEvent {
    /// Sequences of the step.
    pub sequences: usize,
    /// Why it failed.
    pub error_code: ErrorCode,
    /// What the error says.
    pub error: OneLine,
}

/// The draft model failed: from then on nothing is drafted, and answers come a token a pass.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename_all = "camelCase")]
pub struct DraftFailedEvent {
    /// Why it failed.
    pub error_code: ErrorCode,
    /// What the error says.
    pub error: OneLine,
}

impl LogEvent {
    /// How much it matters.
    pub fn level(&self) -> LogLevel {
        match self {
            Self::ModelLoaded(_) | Self::ModelClosed(_) => LogLevel::Info,
            Self::LoadWarning(_)
            | Self::QueueFull(_)
            | Self::KvGrowthFailed(_)
            | Self::StepFailed(_)
            | Self::DraftFailed(_) => LogLevel::Warn,
            Self::EngineFailed(_) => LogLevel::Error,
            Self::RequestAccepted(_) | Self::RequestBegun(_) | Self::SequenceResumed(_) | Self::CacheEvicted(_) => {
                LogLevel::Debug
            }
            Self::SequencePreempted(event) if event.preemptions <= 1 => LogLevel::Info,
            Self::SequencePreempted(_) => LogLevel::Debug,
            Self::RequestEnded(event) => match event.outcome {
                RequestOutcome::Done | RequestOutcome::Cancelled | RequestOutcome::ValidationError => LogLevel::Debug,
                // One entry tells of the engine's own end; its requests need not say it again.
                RequestOutcome::InternalError if event.error_code.is_some_and(is_of_engine) => LogLevel::Debug,
                RequestOutcome::ModelError | RequestOutcome::InternalError => LogLevel::Warn,
            },
        }
    }
}

fn is_of_engine(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::EngineClosed | ErrorCode::EngineFailed | ErrorCode::DeviceLost)
}
