//! The engine: takes jobs up, runs the model step by step, leaves events in mailboxes.
//!
//! It owns policy and state; the model owns the maths. One thread calls [`Engine::step`]; whoever reads has a
//! [`Mailbox`]. What comes in is checked before any work ([`intake`]). A step is three parts: [`admission`] decides whose
//! sequences have blocks, [`batch`] computes the rows that the [`Scheduler`] chose and samples from them, and raw
//! [`logits`] and [`embeddings`] are served in between.

mod admission;
mod answer;
mod batch;
mod constraint;
mod embeddings;
mod fault;
mod intake;
mod job;
mod kv_cache;
mod logging;
mod logits;
mod mailbox;
mod mask_worker;
mod memory;
mod prefix_cache;
mod queue_places;
mod request;
mod request_log;
mod scheduler;
mod sequence;
mod speculation;
mod stats;
mod trace;

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

pub use answer::{AnswerKind, Delta, End};
pub use constraint::{AnswerGrammar, ReasoningOpening};
pub use embeddings::{EmbeddingInput, EmbeddingsJob};
pub use fault::{Fault, FaultKind};
pub use job::{Job, ReasoningLimit};
pub use kv_cache::{BlockTable, KvCache};
pub use logits::{LOGITS_ROWS_PER_STEP, LogitsJob};
pub use mailbox::{Bell, Mailbox, Taken};
pub use memory::{Account, Memory, MemoryBudget, MemoryUse};
pub(crate) use memory::{PREPARED_BYTES, preparation_reserve};
pub use queue_places::{QueuePlace, QueuePlaces};
pub use scheduler::{Scheduler, SequenceKey, Turn};
pub use speculation::{PromptLookup, Speculation};
pub use stats::{EngineStats, StatsCell};
pub use trace::StepTrace;

use self::embeddings::EmbeddingsRun;
use self::fault::PendingFault;
use self::logging::Noted;
use self::logits::LogitsRun;
use self::mask_worker::MaskWorker;
use self::request::Request;
use self::speculation::DraftModel;
use self::trace::{Phase, Stopwatch};
use crate::backend::StepPlan;
use crate::error::{Error, ErrorCode, Result};
use crate::language_model::LanguageModel;
use crate::log::Log;
use crate::response::CancelReason;
use crate::sampler::Scratch;
use crate::tokenizer::Tokenizer;

/// Policy of an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineOptions {
    /// Sequences of a step; requests whose sequences would be more wait.
    pub max_sequences: usize,
    /// Requests that wait; further ones are refused with `queue_full`.
    pub max_queue: usize,
    /// Rows of prompts in one step.
    pub prefill_chunk: usize,
    /// Tokens that may lie unread before a sequence waits for its reader.
    pub read_ahead: u32,
    /// Bytes the KV cache may have; none means `max_sequences` whole contexts.
    pub kv_memory_bytes: Option<u64>,
    /// Where tokens that are computed ahead come from.
    pub speculation: Speculation,
    /// Tokens of a vocabulary from which on the masks of grammars are found out beside the forward pass. Those of smaller ones
    /// take less time than another thread takes to wake up, and are found out when they are asked for.
    pub masks_beside: usize,
}

impl Default for EngineOptions {
    fn default() -> Self {
        // 256 rows keep a step of a small model within tens of milliseconds, which is what a cancellation waits for.
        Self {
            max_sequences: 8,
            max_queue: 64,
            prefill_chunk: 256,
            read_ahead: 16,
            kv_memory_bytes: None,
            speculation: Speculation::Off,
            masks_beside: 16_384,
        }
    }
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Nothing to do.
    Idle,
    /// All sequences wait for their readers.
    Parked,
    /// There is, or can be, more to do at once.
    Worked,
}

/// Runs one model for many requests.
pub struct Engine {
    model: Box<dyn LanguageModel>,
    tokenizer: Arc<dyn Tokenizer>,
    end_tokens: Vec<u32>,
    options: EngineOptions,
    account: Account,
    kv: KvCache,
    scheduler: Scheduler,
    /// The most urgent first, then the oldest.
    queue: VecDeque<Request>,
    places: Arc<QueuePlaces>,
    /// Requests that have begun, by id.
    running: BTreeMap<u64, Request>,
    logits: VecDeque<LogitsRun>,
    embeddings: VecDeque<EmbeddingsRun>,
    /// Whether the last step served sequences, so that the next one serves calls for logits or embeddings.
    calls_turn: bool,
    /// Whether the last of those was for logits.
    served_logits: bool,
    next_request: u64,
    draft_model: Option<DraftModel>,
    turns: Vec<Turn>,
    plan: StepPlan,
    /// Tokens of a turn with a draft.
    fed: Vec<u32>,
    /// A row of logits that several choices sample from.
    row: Vec<f32>,
    scratch: Scratch,
    /// Reused: which tokens may come next.
    mask: Vec<u32>,
    mask_worker: MaskWorker,
    stats: Arc<StatsCell>,
    stopwatch: Stopwatch,
    log: Log,
    noted: Noted,
    dead: Option<Error>,
    fault: PendingFault,
}

impl Engine {
    /// An engine for `model`. `end_tokens` end an answer.
    pub fn new(
        model: Box<dyn LanguageModel>,
        tokenizer: Arc<dyn Tokenizer>,
        end_tokens: Vec<u32>,
        options: EngineOptions,
        account: Account,
    ) -> Self {
        let layout = model.kv_layout();
        let contexts = options.max_sequences * model.context_length().div_ceil(layout.block_size.max(1));
        let limit = match options.kv_memory_bytes {
            Some(bytes) => contexts.min((bytes / layout.block_bytes.max(1) as u64) as usize),
            None => contexts,
        };
        let mut engine = Self {
            plan: StepPlan::new(layout.block_size as u32),
            kv: KvCache::new(layout, limit),
            scheduler: Scheduler::new(options.max_sequences, options.prefill_chunk),
            model,
            tokenizer,
            end_tokens,
            options,
            account,
            queue: VecDeque::new(),
            places: QueuePlaces::new(options.max_queue, options.max_sequences),
            running: BTreeMap::new(),
            logits: VecDeque::new(),
            embeddings: VecDeque::new(),
            calls_turn: false,
            served_logits: false,
            next_request: 0,
            draft_model: None,
            turns: Vec::new(),
            fed: Vec::new(),
            row: Vec::new(),
            scratch: Scratch::default(),
            mask: Vec::new(),
            mask_worker: MaskWorker::default(),
            stats: Arc::default(),
            stopwatch: Stopwatch::default(),
            log: Log::default(),
            noted: Noted::default(),
            dead: None,
            fault: PendingFault::default(),
        };
        engine.publish();
        engine
    }

    /// Figures that can be read while a step runs.
    pub fn stats(&self) -> Arc<StatsCell> {
        Arc::clone(&self.stats)
    }

    /// Places of requests that wait.
    pub fn places(&self) -> Arc<QueuePlaces> {
        Arc::clone(&self.places)
    }

    /// KV blocks that sequences have now.
    pub fn kv_blocks_used(&self) -> usize {
        self.kv.used()
    }

    /// Requests that wait or run.
    pub fn live_requests(&self) -> usize {
        self.queue.len() + self.running.len()
    }

    /// Cancels a request as its reader would.
    pub fn cancel(&mut self, request: u64, reason: CancelReason) {
        for live in self.queue.iter().chain(self.running.values()).filter(|live| live.id == request) {
            live.mailbox.cancel(reason);
        }
        self.tidy();
    }

    /// Takes back what those had who have gone, and computes nothing.
    pub fn tidy(&mut self) {
        self.sweep(Duration::ZERO);
        self.publish();
    }

    /// Lets something go wrong, in place of what was to go wrong before: for tests of what happens then.
    pub fn inject(&mut self, fault: Fault) {
        self.fault.put(fault);
    }

    /// The earliest deadline of a request, on the engine's clock.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.queue.iter().chain(self.running.values()).filter_map(|request| request.job.deadline).min()
    }

    /// Ends all streams with `engine_closed`; dropping the engine then frees the model.
    pub fn close(&mut self) {
        let ended = self.live_requests();
        self.end_all(&Error::new(ErrorCode::EngineClosed, "The model was closed while this ran."));
        self.log_closed(ended);
    }

    /// Computes what is due. `clock` tells the time since some moment; it never goes back.
    pub fn step(&mut self, clock: &dyn Fn() -> Duration) -> Progress {
        if self.dead.is_some() {
            return Progress::Idle;
        }
        let now = clock();
        self.stopwatch.start(now);
        self.sweep(now);
        let stepped = caught(|| {
            if self.live_requests() > 0 {
                self.fault.step();
            }
            self.admit(now);
            self.stopwatch.end(Phase::Queue, clock());
            self.serve(clock)
        });
        let progress = stepped.unwrap_or_else(|error| {
            self.log_failed(&error);
            self.end_all(&error);
            self.dead = Some(error);
            Progress::Idle
        });
        self.publish();
        self.log_memory(progress, now);
        if progress == Progress::Worked {
            self.stats.trace(self.stopwatch.finish(self.queue.len(), clock()));
        }
        progress
    }

    /// Serves calls and sequences in turn. An error is the engine's own end.
    fn serve(&mut self, clock: &dyn Fn() -> Duration) -> Result<Progress> {
        let calls = !self.logits.is_empty() || !self.embeddings.is_empty();
        self.calls_turn = calls && !self.calls_turn;
        if (self.calls_turn && self.serve_calls(clock)?) || self.serve_batch(clock)? || self.serve_calls(clock)? {
            return Ok(Progress::Worked);
        }
        Ok(if self.live_requests() == 0 { Progress::Idle } else { Progress::Parked })
    }

    /// One step for raw logits or for embeddings, in turn; false where neither can have one.
    fn serve_calls(&mut self, clock: &dyn Fn() -> Duration) -> Result<bool> {
        self.served_logits = !self.served_logits;
        if self.served_logits && self.serve_logits(clock)? {
            return Ok(true);
        }
        Ok(self.serve_embeddings(clock)? || self.serve_logits(clock)?)
    }

    /// Ends every stream: what was sampled is delivered first.
    fn end_all(&mut self, error: &Error) {
        for mut request in self.queue.drain(..) {
            request.fail(error);
        }
        while let Some(id) = self.running.keys().next().copied() {
            self.fail(id, error);
        }
        for run in std::mem::take(&mut self.logits) {
            run.fail(error.clone(), &mut self.kv);
        }
        for run in std::mem::take(&mut self.embeddings) {
            run.fail(error.clone(), &mut self.kv);
        }
        self.publish();
    }

    /// Ends a running request with an error.
    fn fail(&mut self, id: u64, error: &Error) {
        if let Some(request) = self.running.get_mut(&id) {
            request.fail(error);
        }
        self.free(id);
    }

    fn publish(&mut self) {
        self.tidy_drafts();
        let parked = self.running.values().filter(|request| request.mailbox.room() == 0).count();
        let block_bytes = self.kv.layout().block_bytes as u64;
        self.places.set_free_slots(self.options.max_sequences.saturating_sub(self.wanted_slots()));
        self.stats.publish(EngineStats {
            running: self.running.len(),
            queued: self.places.taken(),
            parked,
            kv_bytes_used: self.kv.used() as u64 * block_bytes
                + self.draft_model.as_ref().map_or(0, DraftModel::kv_bytes_used),
            kv_bytes_total: self.kv.limit() as u64 * block_bytes,
            cached_tokens: self.kv.cached_tokens() as u64,
            tokens_per_second: None,
        });
    }
}

/// What a panic of a step comes to.
fn failed() -> Error {
    Error::new(ErrorCode::EngineFailed, "The engine broke in a step and is dead; load the model again.")
}

/// Whether an error is the end of the engine and not of one request.
fn is_fatal(error: &Error) -> bool {
    matches!(error.code(), ErrorCode::EngineFailed | ErrorCode::DeviceLost | ErrorCode::Internal)
}

/// The result of `work`; `engine_failed` where it panics, or loses the device: `details.cause` is the code of that.
fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    let result = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(failed().after_panic(&*panic)));
    result.map_err(|error| match error.code() {
        ErrorCode::DeviceLost | ErrorCode::Internal => {
            let message = format!("{} The engine is dead; load the model again.", error.info().message);
            let cause = serde_json::to_value(error.code()).unwrap_or_default();
            Error::new(ErrorCode::EngineFailed, message).detail("cause", cause)
        }
        _ => error,
    })
}
