//! Work between a command and the engine: reading a request, rendering its template, tokenising its text.
//!
//! Templates are programs and texts have any length, both from users. So this runs neither on the caller's thread nor
//! on the engine's, and one that takes long holds up no running stream.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::command::{AnswerCall, TextCall};
use super::engines::Errand;
use super::model::{ModelShared, Outside};
use super::task::Task;
use crate::engine::{EmbeddingInput, EmbeddingsJob, End, LogitsJob, Mailbox, PREPARED_BYTES};
use crate::error::{Error, ErrorCode, Result};
use crate::request::{ChatRequest, EmbeddingRequest, token_ids};
use crate::response::Usage;

/// Bytes of a command that is prepared within tens of milliseconds.
pub(super) const SHORT: usize = 256 << 10;

/// What an answer of ids takes for a byte of its text: the ids, as values, in JSON.
const ANSWERED_BYTES: u64 = 96;

/// What a thread that prepares takes up.
pub(super) enum Preparation {
    Answer(Box<AnswerRequest>),
    Text { shared: Arc<ModelShared>, call: TextCall, outside: Outside, task: Arc<Task> },
    Logits { model: u32, shared: Arc<ModelShared>, tokens: Value, last: usize, task: Arc<Task> },
    Embeddings { model: u32, shared: Arc<ModelShared>, request: Value, task: Arc<Task> },
}

/// A chat, raw completion or middle as it came in.
pub(super) struct AnswerRequest {
    pub(super) ticket: u32,
    pub(super) model: u32,
    pub(super) shared: Arc<ModelShared>,
    pub(super) call: AnswerCall,
    pub(super) request: Value,
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) id: String,
    pub(super) outside: Outside,
    pub(super) arrived: Duration,
    pub(super) deadline: Option<Duration>,
}

/// What the desk knows of a stream until the engine has it.
pub(super) struct Preparing {
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) deadline: Option<Duration>,
}

impl Preparation {
    /// The stream that this leads to.
    pub(super) fn ticket(&self) -> Option<u32> {
        match self {
            Self::Answer(answer) => Some(answer.ticket),
            Self::Text { .. } | Self::Logits { .. } | Self::Embeddings { .. } => None,
        }
    }

    /// Memory that [`Self::run`] takes at most for a command of so many bytes.
    pub(super) fn memory(&self, bytes: usize) -> u64 {
        let bytes = bytes as u64;
        match self {
            Self::Answer(_) | Self::Embeddings { .. } | Self::Logits { .. } => bytes.saturating_mul(PREPARED_BYTES),
            Self::Text { .. } => bytes.saturating_mul(PREPARED_BYTES + ANSWERED_BYTES),
        }
    }

    /// Ends with `error` in place of [`Self::run`].
    pub(super) fn refuse(self, error: Error) {
        match self {
            Self::Answer(answer) => answer.mailbox.end(End::ValidationError(error.into_info())),
            Self::Text { task, .. } | Self::Logits { task, .. } | Self::Embeddings { task, .. } => task.end(Err(error)),
        }
    }

    /// What there is to do for the engine; none where the answer, or what is wrong, was left for the reader.
    pub(super) fn run(self) -> Option<Errand> {
        match self {
            Self::Answer(answer) => answer.prepare(),
            Self::Text { shared, call, outside, task } => {
                if !task.is_cancelled() {
                    task.end(guarded(|| answer_text(&shared, call, outside)).flatten());
                }
                None
            }
            Self::Logits { model, shared, tokens, last, task } => match logits_job(&shared, tokens, last, &task) {
                Ok(job) => Some(Errand::Logits { model, job }),
                Err(error) => {
                    task.end(Err(error));
                    None
                }
            },
            Self::Embeddings { model, shared, request, task } => {
                if task.is_cancelled() {
                    return None;
                }
                match guarded(|| embeddings_job(&shared, request, &task)).flatten() {
                    Ok(job) => Some(Errand::Embeddings { model, job }),
                    Err(error) => {
                        task.end(Err(error));
                        None
                    }
                }
            }
        }
    }
}

impl AnswerRequest {
    fn prepare(self) -> Option<Errand> {
        let Self { ticket: _, model, shared, call, request, mailbox, id, outside, arrived, deadline } = self;
        if mailbox.is_over() {
            return None;
        }
        let job = guarded(|| match call {
            AnswerCall::Chat => shared.chat_job(request, outside),
            AnswerCall::Completion => shared.completion_job(request, outside),
            AnswerCall::Fim => shared.fim_job(request, outside),
        });
        match job {
            Ok(Ok(mut job)) => {
                job.deadline = deadline;
                mailbox.begin(id, shared.name.clone(), outside.unix_seconds, job.n);
                Some(Errand::Answer { model, job: Box::new(job), mailbox, arrived })
            }
            Ok(Err(error)) => {
                mailbox.end(End::ValidationError(error.into_info()));
                None
            }
            Err(error) => {
                mailbox.end(End::InternalError(error.into_info()));
                None
            }
        }
    }
}

/// Templates and tokenizers are programs out of files, and a broken one must not end the thread.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let message = "The engine broke while it read this request; please report it.";
        Error::new(ErrorCode::Internal, message).after_panic(&*panic)
    })
}

fn answer_text(shared: &ModelShared, call: TextCall, outside: Outside) -> Result<Value> {
    Ok(match call {
        TextCall::Tokenize { text, special: true } => shared.tokenizer.encode_with_control(&text, &[])?.into(),
        TextCall::Tokenize { text, special: false } => shared.tokenizer.encode_text(&text)?.into(),
        TextCall::Detokenize { tokens } => {
            let ids = token_ids(tokens, "tokens", shared.vocabulary())?;
            shared.tokenizer.decode(&ids)?.into()
        }
        TextCall::ApplyChatTemplate { request } => {
            let request = ChatRequest::read(request, shared.vocabulary())?;
            shared.render_plain(&request, outside)?.into()
        }
        TextCall::CountTokens { request } => {
            let request = ChatRequest::read(request, shared.vocabulary())?;
            shared.encode(&shared.render(&request, outside)?)?.len().into()
        }
    })
}

fn embeddings_job(shared: &ModelShared, request: Value, task: &Arc<Task>) -> Result<EmbeddingsJob> {
    let EmbeddingRequest { inputs, dimensions, normalize } = EmbeddingRequest::read(request)?;
    let width = shared.embedding_width;
    if let Some(dimensions) = dimensions.filter(|dimensions| *dimensions != width) {
        let message = format!("This model's vectors have {width} dimensions; leave `dimensions` out.");
        return Err(Error::unsupported("dimensions", message).detail("max", width).detail("got", dimensions));
    }
    let encode = |(path, text): (String, String)| {
        let tokens = shared.encode_to_embed(&text).map_err(|error| error.at(path.clone()))?;
        Ok(EmbeddingInput { path, tokens })
    };
    let inputs: Vec<EmbeddingInput> = inputs.into_iter().map(encode).collect::<Result<_>>()?;
    let tokens: usize = inputs.iter().map(|input| input.tokens.len()).sum();
    let value = json!({
        "model": shared.name,
        "dimensions": width,
        "usage": Usage { prompt_tokens: tokens as u64, total_tokens: tokens as u64, ..Usage::default() },
    });
    let (answered, asked) = (Arc::clone(task), Arc::clone(task));
    Ok(EmbeddingsJob {
        inputs,
        pooling: shared.pooling,
        normalize,
        done: Box::new(move |result| match result {
            Ok(vectors) => {
                answered.end_with(Ok(json!({"kind": "result", "value": value})), Some(vectors));
            }
            Err(error) => answered.end(Err(error)),
        }),
        cancelled: Box::new(move || asked.is_cancelled()),
    })
}

fn logits_job(shared: &ModelShared, tokens: Value, last: usize, task: &Arc<Task>) -> Result<LogitsJob> {
    let tokens = token_ids(tokens, "tokens", shared.vocabulary())?;
    if last > tokens.len() && !tokens.is_empty() {
        let message = format!("`last` must be at most {}, the number of tokens.", tokens.len());
        return Err(Error::invalid_request("last", message).detail("max", tokens.len()));
    }
    let rows = tokens[tokens.len() - last.min(tokens.len())..].to_vec();
    let (answered, asked) = (Arc::clone(task), Arc::clone(task));
    Ok(LogitsJob {
        tokens,
        last,
        done: Box::new(move |result| match result {
            Ok(vector) => {
                let columns = vector.len() / rows.len().max(1);
                let value = json!({"tokens": rows, "rows": rows.len(), "columns": columns});
                answered.end_with(Ok(json!({"kind": "result", "value": value})), Some(vector));
            }
            Err(error) => answered.end(Err(error)),
        }),
        cancelled: Box::new(move || asked.is_cancelled()),
    })
}
