//! The engine: takes jobs up, runs the model step by step, leaves events in mailboxes.
//!
//! It owns policy and state; the model owns the maths. One thread calls [`Engine::step`]; whoever reads has a
//! [`Mailbox`]. Each step serves one sequence: a chunk of its prompt or one token.

mod answer;
mod job;
mod kv_cache;
mod logits;
mod mailbox;
mod memory;
mod request;
mod scheduler;
mod sequence;
mod stats;

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

pub use answer::{AnswerKind, Delta, End};
pub use job::Job;
pub use kv_cache::{BlockTable, KvCache};
pub use logits::LogitsJob;
pub use mailbox::{Bell, Mailbox, Taken};
pub use memory::{Account, Memory, MemoryUse};
pub use scheduler::{Scheduler, SequenceKey};
pub use stats::{EngineStats, StatsCell};

use self::logits::LogitsRun;
use self::request::Request;
use self::sequence::{Limits, Sequence};
use crate::backend::StepPlan;
use crate::error::{Error, ErrorCode, Result};
use crate::language_model::LanguageModel;
use crate::response::CancelReason;
use crate::sampler::{History, Scratch};
use crate::tokenizer::Tokenizer;

/// Policy of an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineOptions {
    /// Sequences that run at once; further ones wait.
    pub max_sequences: usize,
    /// Requests that wait; further ones are refused with `queue_full`.
    pub max_queue: usize,
    /// Rows of a prompt in one step.
    pub prefill_chunk: usize,
    /// Bytes the KV cache may have; none means `max_sequences` whole contexts.
    pub kv_memory_bytes: Option<u64>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        // 256 rows keep a step of a small model within tens of milliseconds, which is what a cancellation waits for.
        Self { max_sequences: 8, max_queue: 64, prefill_chunk: 256, kv_memory_bytes: None }
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
    queue: VecDeque<Request>,
    running: Vec<Request>,
    logits: VecDeque<LogitsRun>,
    /// Whether the last step served a sequence, so that the next one serves raw logits.
    logits_turn: bool,
    next_request: u64,
    plan: StepPlan,
    scratch: Scratch,
    stats: Arc<StatsCell>,
    dead: Option<Error>,
    faulty: bool,
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
        let stats = Arc::new(StatsCell::default());
        stats.set_kv_total(limit as u64 * layout.block_bytes as u64);
        Self {
            plan: StepPlan::new(layout.block_size as u32),
            kv: KvCache::new(layout, limit),
            scheduler: Scheduler::new(options.prefill_chunk),
            model,
            tokenizer,
            end_tokens,
            options,
            account,
            queue: VecDeque::new(),
            running: Vec::new(),
            logits: VecDeque::new(),
            logits_turn: false,
            next_request: 0,
            scratch: Scratch::default(),
            stats,
            dead: None,
            faulty: false,
        }
    }

    /// Figures that can be read while a step runs.
    pub fn stats(&self) -> Arc<StatsCell> {
        Arc::clone(&self.stats)
    }

    /// KV blocks that sequences have now.
    pub fn kv_blocks_used(&self) -> usize {
        self.kv.used()
    }

    /// Requests that wait or run.
    pub fn live_requests(&self) -> usize {
        self.queue.len() + self.running.len()
    }

    /// Takes a job up. What is wrong with it becomes the mailbox's `validation_error`, before any work.
    /// The answer is named in `mailbox` already ([`Mailbox::begin`]).
    pub fn add(&mut self, job: Job, mailbox: Arc<Mailbox>, arrived: Duration) -> u64 {
        let id = self.next_request;
        self.next_request += 1;
        match self.check(&job) {
            Ok(room) => {
                let request = Request::new(id, job, room, mailbox, arrived);
                // First come, first served among equals, though threads that prepare may swap neighbours.
                let before = |other: &Request| (-other.job.priority, other.arrived) <= (-request.job.priority, arrived);
                let at = self.queue.partition_point(before);
                self.queue.insert(at, request);
                self.tell_queue_positions();
                self.publish();
            }
            Err(error) => match &self.dead {
                Some(error) => mailbox.end(End::InternalError(error.info().clone())),
                None => mailbox.end(End::ValidationError(error.into_info())),
            },
        }
        id
    }

    /// Takes a call for raw logits up.
    pub fn add_logits(&mut self, job: LogitsJob) {
        let context = self.model.context_length();
        let blocks = self.kv.blocks_for(job.tokens.len());
        let refused = match &self.dead {
            Some(error) => Some(error.clone()),
            None if job.tokens.is_empty() => {
                Some(Error::invalid_request("tokens", "`tokens` is empty; give at least one."))
            }
            None if job.tokens.len() > context => Some(overflow(job.tokens.len(), context).at("tokens")),
            None if blocks > self.kv.limit() => Some(self.kv.exhausted(blocks, self.kv.limit())),
            None => None,
        };
        match refused {
            Some(error) => (job.done)(Err(error)),
            None => self.logits.push_back(LogitsRun::new(job)),
        }
    }

    /// Cancels a request as its reader would.
    pub fn cancel(&mut self, request: u64, reason: CancelReason) {
        for live in self.queue.iter().chain(&self.running).filter(|live| live.id == request) {
            live.mailbox.cancel(reason);
        }
        self.sweep(Duration::ZERO);
    }

    /// Makes the next step panic: for tests of what happens then.
    pub fn inject_panic(&mut self) {
        self.faulty = true;
    }

    /// The earliest deadline of a request, on the engine's clock.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.queue.iter().chain(&self.running).filter_map(|request| request.job.deadline).min()
    }

    /// Ends all streams with `engine_closed`; dropping the engine then frees the model.
    pub fn close(&mut self) {
        self.end_all(&Error::new(ErrorCode::EngineClosed, "The model was closed while this ran."));
    }

    /// Serves one sequence. `clock` tells the time since some moment; it never goes back.
    pub fn step(&mut self, clock: &dyn Fn() -> Duration) -> Progress {
        if self.dead.is_some() {
            return Progress::Idle;
        }
        let now = clock();
        self.sweep(now);
        self.admit(now);
        let stepped = catch_unwind(AssertUnwindSafe(|| {
            assert!(!self.faulty, "a fault was injected");
            self.serve(clock)
        }));
        let progress = stepped.unwrap_or_else(|panic| {
            let message = "The engine broke in a step and is dead; load the model again.";
            let error = Error::new(ErrorCode::EngineFailed, message).after_panic(&*panic);
            self.end_all(&error);
            self.dead = Some(error);
            Progress::Idle
        });
        self.publish();
        progress
    }

    /// Room a job's sequences have, or why it cannot run.
    fn check(&self, job: &Job) -> Result<usize> {
        if let Some(error) = &self.dead {
            return Err(error.clone());
        }
        let context = self.model.context_length();
        let prompt = job.prompt.len();
        if prompt == 0 {
            return Err(Error::invalid_request(
                "prompt",
                "The prompt is empty and the model has no token to begin with.",
            ));
        }
        if prompt >= context {
            return Err(overflow(prompt, context));
        }
        let n = job.n as usize;
        if n > self.options.max_sequences {
            let message = format!("This engine runs at most {} sequences.", self.options.max_sequences);
            return Err(Error::unsupported("n", message));
        }
        let room = context.min(self.kv.limit() / n * self.kv.layout().block_size);
        if prompt >= room {
            return Err(self.kv.exhausted(self.kv.blocks_for(prompt + 1) * n, self.kv.limit()));
        }
        if self.queue.len() >= self.options.max_queue {
            let message = format!("{} requests wait already; try again later.", self.queue.len());
            return Err(Error::new(ErrorCode::QueueFull, message).detail("max", self.options.max_queue).retryable());
        }
        Ok(room)
    }

    /// Frees what has ended or run out of time, waiting or running.
    fn sweep(&mut self, now: Duration) {
        for request in self.queue.iter().chain(&self.running) {
            if request.job.deadline.is_some_and(|deadline| deadline <= now) {
                request.mailbox.cancel(CancelReason::Timeout);
            }
        }
        let waiting = self.queue.len();
        self.queue.retain(|request| !request.mailbox.is_over());
        if self.queue.len() != waiting {
            self.tell_queue_positions();
        }
        let mut index = 0;
        while let Some(request) = self.running.get(index) {
            if request.mailbox.is_over() {
                self.free(index);
            } else {
                index += 1;
            }
        }
    }

    /// Frees the running request at `index`.
    fn free(&mut self, index: usize) {
        let mut request = self.running.remove(index);
        for (sequence, choice) in request.sequences.iter_mut().zip(0..) {
            self.kv.release(&mut sequence.blocks);
            self.scheduler.remove(SequenceKey { request: request.id, choice });
        }
    }

    /// Begins waiting requests while there is room. The first in the queue is never overtaken.
    fn admit(&mut self, now: Duration) {
        let before = self.queue.len();
        while let Some(next) = self.queue.front() {
            let n = next.job.n as usize;
            let blocks = self.kv.blocks_for(next.room_needed());
            if self.scheduler.len() + n > self.options.max_sequences || !self.kv.can_promise(n * blocks) {
                break;
            }
            let Some(mut request) = self.queue.pop_front() else { break };
            request.begin(now);
            for choice in 0..request.job.n {
                let table = self.kv.promise(blocks);
                request.sequences.push(Sequence::new(&request.job, choice, table));
                self.scheduler.add(SequenceKey { request: request.id, choice });
            }
            request.echo();
            self.running.push(request);
        }
        if self.queue.len() != before {
            self.tell_queue_positions();
        }
    }

    fn serve(&mut self, clock: &dyn Fn() -> Duration) -> Progress {
        self.logits_turn = !self.logits_turn && !self.logits.is_empty();
        if self.logits_turn && self.serve_logits() {
            return Progress::Worked;
        }
        let running = &self.running;
        let key = self.scheduler.next(|key| {
            running.iter().any(|request| {
                request.id == key.request
                    && !request.sequences[key.choice as usize].is_finished()
                    && request.mailbox.has_room()
            })
        });
        let Some(key) = key else {
            if self.serve_logits() {
                return Progress::Worked;
            }
            return if self.live_requests() == 0 { Progress::Idle } else { Progress::Parked };
        };
        let Some(index) = self.running.iter().position(|request| request.id == key.request) else {
            return Progress::Worked;
        };
        match self.serve_sequence(index, key.choice as usize, clock) {
            Ok(false) => {}
            Ok(true) => self.free(index),
            Err(error) => {
                self.running[index].fail(&error);
                self.free(index);
            }
        }
        Progress::Worked
    }

    /// One step of one sequence; true when its request is through.
    fn serve_sequence(&mut self, index: usize, choice: usize, clock: &dyn Fn() -> Duration) -> Result<bool> {
        let request = &mut self.running[index];
        let sequence = &mut request.sequences[choice];
        let rows = self.scheduler.rows(sequence.computed, sequence.tokens().len());
        let last = rows.end == sequence.tokens().len();
        self.kv.grow(&mut sequence.blocks, rows.end, &mut *self.model, &self.account)?;
        self.plan.clear();
        let blocks = &sequence.blocks.blocks()[..self.kv.blocks_for(rows.end)];
        self.plan.push_sequence(&sequence.tokens()[rows.clone()], rows.start as u32, blocks, last);
        self.model.forward(&self.plan)?;
        sequence.computed = rows.end;
        if rows.end <= sequence.prompt_length() {
            request.prompt_progress(rows.end, clock());
        }
        if !last {
            return Ok(false);
        }
        let sequence = &mut request.sequences[choice];
        // Rows of the matrix beyond the vocabulary are padding.
        let logits = self.model.logits();
        let width = logits.len().min(self.tokenizer.vocabulary_size());
        let end_tokens: &[u32] = if request.job.ignore_eos { &[] } else { &self.end_tokens };
        let banned: &[u32] = if sequence.sampled() < request.job.min_tokens { end_tokens } else { &[] };
        let history =
            History { tokens: sequence.tokens(), prompt_length: sequence.prompt_length(), mask: None, banned };
        let sampled = sequence.sampler.sample(&mut self.scratch, &mut logits[..width], &history)?;
        let limits = Limits {
            end_tokens,
            max_tokens: request.job.max_tokens,
            room: request.room,
            drop_leading_space: request.job.drop_leading_space,
            logprobs: request.job.logprobs,
        };
        let delta = sequence.accept(sampled, &*self.tokenizer, &limits);
        let finished = sequence.is_finished();
        if finished {
            self.kv.release(&mut sequence.blocks);
        }
        self.stats.count_token(clock());
        Ok(self.running[index].post(delta, clock()))
    }

    /// One step for raw logits; false where none wait.
    fn serve_logits(&mut self) -> bool {
        let Some(mut run) = self.logits.pop_front() else { return false };
        let chunk = self.options.prefill_chunk;
        match run.step(chunk, &mut *self.model, &mut self.kv, &self.account, &mut self.plan) {
            Ok(false) => self.logits.push_back(run),
            Ok(true) => run.finish(&mut self.kv),
            Err(error) => run.fail(error, &mut self.kv),
        }
        true
    }

    /// Ends every stream: what was sampled is delivered first.
    fn end_all(&mut self, error: &Error) {
        for mut request in self.queue.drain(..) {
            request.fail(error);
        }
        while let Some(request) = self.running.first_mut() {
            request.fail(error);
            self.free(0);
        }
        for run in std::mem::take(&mut self.logits) {
            run.fail(error.clone(), &mut self.kv);
        }
        self.publish();
    }

    fn tell_queue_positions(&self) {
        for (request, position) in self.queue.iter().zip(0..) {
            request.queue_progress(position);
        }
    }

    fn publish(&self) {
        let parked = self.running.iter().filter(|request| !request.has_room_now()).count();
        let used = self.kv.used() as u64 * self.kv.layout().block_bytes as u64;
        self.stats.publish(self.running.len(), self.queue.len(), parked, used);
    }
}

fn overflow(prompt: usize, max: usize) -> Error {
    let message =
        format!("The prompt has {prompt} tokens, and prompt and answer share a context of {max}; shorten it.");
    Error::new(ErrorCode::ContextOverflow, message).detail("prompt", prompt).detail("max", max)
}
