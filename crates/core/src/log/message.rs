//! Events in plain words.

use super::event::{
    EngineFailedEvent, KvCacheType, LogEvent, ModelLoadedEvent, RequestEndedEvent, RequestOutcome,
    SequencePreemptedEvent,
};
use super::one_line::OneLine;
use crate::error::ErrorCode;

impl LogEvent {
    /// One line for people; what it says is in the event's fields too.
    pub fn message(&self) -> String {
        match self {
            Self::ModelLoaded(event) => loaded(event),
            Self::LoadWarning(event) => format!("{}: {}", event.model, event.warning),
            Self::ModelClosed(event) => format!("The model was closed; {} ended with it.", requests(event.ended)),
            Self::EngineFailed(event) => failed(event),
            Self::RequestAccepted(event) => format!(
                "{} was accepted: {} tokens, {} in the queue.",
                event.request, event.prompt_tokens, event.queued
            ),
            Self::RequestBegun(event) => format!(
                "{} began after {:.0} ms: {} of {} tokens were still there.",
                event.request, event.waited_ms, event.cached_tokens, event.prompt_tokens
            ),
            Self::RequestEnded(event) => ended(event),
            Self::QueueFull(event) => format!(
                "{} was refused: the queue is full. Raise `maxQueue` or `maxSequences`, or ask less often.",
                event.request
            ),
            Self::SequencePreempted(event) => preempted(event),
            Self::SequenceResumed(event) => format!(
                "Choice {} of {} goes on: {} of {} tokens were still there.",
                event.choice, event.request, event.cached_tokens, event.tokens
            ),
            Self::CacheEvicted(event) => format!(
                "{} blocks of earlier prompts made room; {} tokens are still kept.",
                event.blocks, event.cached_tokens
            ),
            Self::KvGrowthFailed(event) => format!(
                "There is no memory for more than {} of {} blocks of keys and values.",
                event.blocks, event.limit
            ),
            Self::DraftFailed(event) => {
                format!("The draft model failed, and nothing is drafted any more: {}", event.error)
            }
            Self::StepFailed(event) => {
                format!("A step of {} sequences failed and is repeated one by one: {}", event.sequences, event.error)
            }
        }
    }
}

fn loaded(event: &ModelLoadedEvent) -> String {
    let known = [&event.architecture, &event.quantization, &event.engine, &event.device];
    let known: Vec<String> = known.into_iter().flatten().map(OneLine::to_string).collect();
    let kv_cache = match event.kv_cache {
        KvCacheType::F16 => "f16",
        KvCacheType::F32 => "f32",
        KvCacheType::Q8 => "q8",
    };
    format!(
        "{} was loaded in {:.0} ms: {}; {} of weights, up to {} of keys and values ({kv_cache}), {} tokens of context.",
        event.model,
        event.load_ms,
        known.join(", "),
        bytes(event.weights_bytes),
        bytes(event.kv_memory_bytes),
        event.context_length,
    )
}

fn failed(event: &EngineFailedEvent) -> String {
    let panic = event.panic.as_ref().map(|said| format!(" It said: {said}.")).unwrap_or_default();
    format!("{}{panic} {} ended with it.", event.error, requests(event.ended))
}

fn ended(event: &RequestEndedEvent) -> String {
    let how = match event.outcome {
        RequestOutcome::Done => "came to its end",
        RequestOutcome::Cancelled => "was cancelled",
        RequestOutcome::ValidationError => "was refused",
        RequestOutcome::ModelError | RequestOutcome::InternalError => "failed",
    };
    let code = event.error_code.map(|code| format!(" ({})", name(code))).unwrap_or_default();
    format!(
        "{} {how}{code} after {:.0} ms: {} tokens in, {} out.",
        event.request, event.ms, event.prompt_tokens, event.completion_tokens
    )
}

fn preempted(event: &SequencePreemptedEvent) -> String {
    let SequencePreemptedEvent { request, choice, blocks, tokens, preemptions } = event;
    let advice =
        if *preemptions > 1 { "" } else { " A larger `kvMemoryBytes` or a smaller `maxSequences` avoids that." };
    format!("Choice {choice} of {request} lost its {blocks} blocks and computes {tokens} tokens again.{advice}")
}

fn requests(count: usize) -> String {
    if count == 1 { "1 request".to_owned() } else { format!("{count} requests") }
}

fn bytes(count: u64) -> String {
    if count >= 10_000_000_000 {
        format!("{:.0} GB", count as f64 / 1e9)
    } else {
        format!("{:.1} MB", count as f64 / 1e6)
    }
}

/// The code as programs know it.
fn name(code: ErrorCode) -> String {
    match serde_json::to_value(code) {
        Ok(serde_json::Value::String(name)) => name,
        Ok(_) | Err(_) => String::new(),
    }
}
