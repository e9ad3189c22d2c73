//! Commands, read from JSON.

use std::time::Duration;

use serde_json::Value;

use super::loader::{Source, read_source};
use crate::engine::{AnswerKind, Fault, FaultKind};
use crate::error::{Error, Result};
use crate::log::LogLevel;
use crate::request::{Fields, parse_json};

/// What a caller wants.
pub(super) enum Command {
    Load { source: Source, draft: Option<Source>, options: Value, log: Option<LogLevel> },
    Estimate { source: Source, draft: Option<Source>, options: Value },
    Answer { call: AnswerCall, model: u32, request: Value, timeout: Option<Duration> },
    Model { model: u32, call: ModelCall },
    NullModel { events: u64, interval: Duration },
}

/// What a stream of text answers.
#[derive(Clone, Copy)]
pub(super) enum AnswerCall {
    Chat,
    Completion,
    Fim,
}

impl AnswerCall {
    /// How its responses look.
    pub(super) fn answer(self) -> AnswerKind {
        match self {
            Self::Chat => AnswerKind::Chat,
            Self::Completion | Self::Fim => AnswerKind::Completion,
        }
    }
}

/// What a model answers once.
pub(super) enum ModelCall {
    Text(TextCall),
    Logits { tokens: Value, last: usize },
    Embeddings { request: Value },
    Stats,
    Trace,
    Close,
    Fault(Fault),
}

/// What tokenizer and template answer without the engine.
pub(super) enum TextCall {
    Tokenize { text: String, special: bool },
    Detokenize { tokens: Value },
    ApplyChatTemplate { request: Value },
    CountTokens { request: Value },
}

/// JavaScript's timers go no further.
const MAX_TIMEOUT_MS: f64 = 2_147_483_647.0;

impl Command {
    pub(super) fn read(text: &str, buffers: Vec<Vec<u8>>) -> Result<Self> {
        let mut fields = Fields::new(parse_json(text)?, "")?;
        let kind = fields.require_text("kind")?;
        let command = match kind.as_str() {
            "load" | "estimate" => {
                let mut buffers: Vec<Option<Vec<u8>>> = buffers.into_iter().map(Some).collect();
                let source = read_source("source", fields.require("source")?, &mut buffers)?;
                let draft = fields.take("draft").map(|draft| read_source("draft", draft, &mut buffers)).transpose()?;
                let options = fields.take("options").unwrap_or(Value::Null);
                if kind == "load" {
                    Self::Load { source, draft, options, log: log_level(&mut fields)? }
                } else {
                    Self::Estimate { source, draft, options }
                }
            }
            "chat" => Self::answer(AnswerCall::Chat, &mut fields)?,
            "completion" => Self::answer(AnswerCall::Completion, &mut fields)?,
            "fim" => Self::answer(AnswerCall::Fim, &mut fields)?,
            "null_model" => Self::NullModel {
                events: fields.integer("events", 0..=i64::from(u32::MAX))?.unwrap_or(0).cast_unsigned(),
                interval: Duration::from_secs_f64(fields.number("intervalMs", 0.0..=60_000.0)?.unwrap_or(0.0) / 1e3),
            },
            _ => {
                let model = model(&mut fields)?;
                Self::Model { model, call: ModelCall::read(&kind, &mut fields)? }
            }
        };
        fields.finish()?;
        Ok(command)
    }

    fn answer(call: AnswerCall, fields: &mut Fields) -> Result<Self> {
        Ok(Self::Answer {
            call,
            model: model(fields)?,
            request: fields.require("request")?,
            timeout: fields.number("timeoutMs", 0.0..=MAX_TIMEOUT_MS)?.map(|ms| Duration::from_secs_f64(ms / 1e3)),
        })
    }
}

impl ModelCall {
    fn read(kind: &str, fields: &mut Fields) -> Result<Self> {
        Ok(match kind {
            "tokenize" => Self::Text(TextCall::Tokenize {
                text: fields.require_text("text")?,
                special: fields.flag("special")?.unwrap_or(false),
            }),
            "detokenize" => Self::Text(TextCall::Detokenize { tokens: fields.require("tokens")? }),
            "apply_chat_template" => Self::Text(TextCall::ApplyChatTemplate { request: fields.require("request")? }),
            "count_tokens" => Self::Text(TextCall::CountTokens { request: fields.require("request")? }),
            "logits" => Self::Logits {
                tokens: fields.require("tokens")?,
                last: fields.integer("last", 1..=i64::from(i32::MAX))?.unwrap_or(1) as usize,
            },
            "embeddings" => Self::Embeddings { request: fields.require("request")? },
            "stats" => Self::Stats,
            "trace" => Self::Trace,
            "close" => Self::Close,
            "fault" => Self::Fault(read_fault(fields)?),
            _ => return Err(Error::unsupported("kind", "This engine knows no such command.")),
        })
    }
}

fn read_fault(fields: &mut Fields) -> Result<Fault> {
    let kind = match fields.require_text("fault")?.as_str() {
        "step_panic" => FaultKind::StepPanic,
        "admission_panic" => FaultKind::AdmissionPanic,
        "forward_panic" => FaultKind::ForwardPanic,
        "device_lost" => FaultKind::DeviceLost,
        "sampler_panic" => FaultKind::SamplerPanic,
        "nan_logit" => FaultKind::NanLogit,
        _ => return Err(Error::unsupported("fault", "This engine knows no such fault.")),
    };
    let nth = fields.integer("nth", 1..=i64::from(u32::MAX))?.unwrap_or(1).cast_unsigned();
    Ok(Fault { kind, nth })
}

fn log_level(fields: &mut Fields) -> Result<Option<LogLevel>> {
    let Some(name) = fields.text("log")? else { return Ok(None) };
    let level = LogLevel::named(&name);
    level.map(Some).ok_or_else(|| Error::invalid_request("logLevel", "`logLevel` is debug, info, warn or error."))
}

fn model(fields: &mut Fields) -> Result<u32> {
    let model = fields.integer("model", 0..=i64::from(u32::MAX))?;
    model.map(|model| model as u32).ok_or_else(|| Error::invalid_request("model", "`model` is missing."))
}
