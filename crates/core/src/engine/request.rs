//! A job in the engine: its sequences, its mailbox, its clock.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use super::answer::{Delta, End};
use super::failed;
use super::job::Job;
use super::mailbox::Mailbox;
use super::sequence::Sequence;
use super::speculation::Speculation;
use crate::error::{Error, ErrorCode};
use crate::response::{PromptProgressResponse, Timings, Usage};

/// Order among requests, the first first.
pub(super) type Rank = (i32, u64);

pub(super) struct Request {
    pub(super) id: u64,
    pub(super) job: Job,
    /// Tokens a sequence can have, prompt and answer.
    pub(super) room: usize,
    pub(super) mailbox: Arc<Mailbox>,
    /// `n` of them once it has begun.
    pub(super) sequences: Vec<Sequence>,
    /// Whether the other choices have the first one's past.
    pub(super) forked: bool,
    /// How often a choice lost its blocks.
    pub(super) preemptions: u32,
    /// Tokens of the prompt that the reader was told of.
    processed: usize,
    pub(super) arrived: Duration,
    /// Generation of the KV cache that had no blocks for its prompt.
    pub(super) refused: Option<u64>,
    /// Tokens of the prompt that were found in the cache.
    cached: Option<u64>,
    begun: Option<Duration>,
    prompt_done: Option<Duration>,
    first_token: Option<Duration>,
    /// Whether a choice has text; `prompt_progress` is over then.
    spoke: bool,
}

impl Request {
    pub(super) fn new(id: u64, job: Job, room: usize, mailbox: Arc<Mailbox>, arrived: Duration) -> Self {
        Self {
            id,
            job,
            room,
            mailbox,
            sequences: Vec::new(),
            forked: false,
            preemptions: 0,
            processed: 0,
            arrived,
            refused: None,
            cached: None,
            begun: None,
            prompt_done: None,
            first_token: None,
            spoke: false,
        }
    }

    /// Makes the sequences; `cached` tokens of the prompt need not be computed.
    pub(super) fn begin(&mut self, cached: usize, speculation: Speculation, now: Duration) {
        self.begun = Some(now);
        self.cached = Some(cached as u64);
        self.sequences = (0..self.job.n).map(|choice| Sequence::new(&self.job, choice, speculation)).collect();
        self.mailbox.post(Delta::default(), self.usage(), self.timings(now));
    }

    /// Begins each choice with the prompt's own text, where asked for.
    pub(super) fn echo(&mut self) {
        let Some(text) = &self.job.echo else { return };
        self.spoke |= !text.is_empty();
        for choice in 0..self.job.n {
            let delta = Delta { choice, content: text.clone(), ..Delta::default() };
            self.mailbox.post(delta, self.usage(), Timings::default());
        }
    }

    pub(super) fn queue_progress(&self, position: u32) {
        if self.job.prompt_progress {
            let total = self.job.prompt.len() as u64;
            self.mailbox.progress(PromptProgressResponse {
                processed: 0,
                total,
                cached: 0,
                queue_position: Some(position),
            });
        }
    }

    pub(super) fn prompt_progress(&mut self, processed: usize, now: Duration) {
        if processed == self.job.prompt.len() && self.prompt_done.is_none() {
            self.prompt_done = Some(now);
        }
        // What is computed again, after making room, was told before.
        let news = processed > self.processed;
        self.processed = self.processed.max(processed);
        if self.job.prompt_progress && news && !self.spoke {
            let (processed, total) = (processed as u64, self.job.prompt.len() as u64);
            let cached = self.cached.unwrap_or_default();
            self.mailbox.progress(PromptProgressResponse { processed, total, cached, queue_position: None });
        }
    }

    /// Leaves what a token made certain; true when the request is through.
    pub(super) fn post(&mut self, delta: Delta, now: Duration) -> bool {
        self.first_token.get_or_insert(now);
        self.spoke |= !delta.is_empty();
        self.mailbox.post(delta, self.usage(), self.timings(now));
        let through = self.sequences.iter().all(Sequence::is_finished);
        if through {
            self.mailbox.end(End::Done);
        }
        through
    }

    /// Delivers text that was held back, then ends the stream.
    pub(super) fn fail(&mut self, error: &Error) {
        let (usage, logprobs) = (self.usage(), self.job.logprobs);
        for sequence in self.sequences.iter_mut().filter(|sequence| !sequence.is_finished()) {
            // After a panic in the text itself this may be what panicked; the stream ends all the same.
            if let Ok(delta) = catch_unwind(AssertUnwindSafe(|| sequence.flush(logprobs))) {
                self.mailbox.post(delta, usage, Timings::default());
            }
        }
        let info = error.info().clone();
        self.mailbox.end(match error.code() {
            ErrorCode::EngineFailed | ErrorCode::EngineClosed | ErrorCode::DeviceLost | ErrorCode::Internal => {
                End::InternalError(info)
            }
            _ => End::ModelError(info),
        });
    }

    /// Who has to make room last: the more urgent, then the older.
    pub(super) fn rank(&self) -> Rank {
        (-self.job.priority, self.id)
    }

    /// Choices that made room for others and are not through.
    pub(super) fn to_resume(&self) -> impl Iterator<Item = u32> {
        let begun = if self.forked { self.sequences.len() } else { 1 };
        let sequences = self.sequences.iter().take(begun).zip(0..);
        sequences.filter(|(sequence, _)| sequence.blocks.is_none() && !sequence.is_finished()).map(|(_, choice)| choice)
    }

    /// Sequences that have something to compute.
    pub(super) fn unfinished(&self) -> usize {
        self.sequences.iter().filter(|sequence| !sequence.is_finished()).count()
    }

    fn usage(&self) -> Usage {
        let prompt_tokens = self.job.prompt.len() as u64;
        let completion_tokens = self.sequences.iter().map(Sequence::sampled).sum();
        let reasoning_tokens = self.sequences.iter().map(Sequence::reasoning_tokens).sum();
        Usage {
            prompt_tokens,
            completion_tokens,
            total_tokens: prompt_tokens + completion_tokens,
            cached_tokens: self.cached,
            reasoning_tokens: (reasoning_tokens > 0).then_some(reasoning_tokens),
        }
    }

    fn timings(&self, now: Duration) -> Timings {
        let ms = |from: Duration, to: Duration| to.saturating_sub(from).as_secs_f64() * 1e3;
        let begun = self.begun.unwrap_or(self.arrived);
        let decode = self.first_token.map(|first| ms(first, now));
        let later: u64 = self.sequences.iter().map(|sequence| sequence.sampled().saturating_sub(1)).sum();
        let drafted = self.sequences.iter().map(|sequence| sequence.draft.drafted_tokens).sum();
        let accepted = self.sequences.iter().map(|sequence| sequence.draft.accepted_tokens).sum();
        Timings {
            queued_ms: Some(ms(self.arrived, begun)),
            prompt_ms: self.prompt_done.map(|done| ms(begun, done)),
            first_token_ms: self.first_token.map(|first| ms(self.arrived, first)),
            decode_ms: decode,
            tokens_per_second: decode.filter(|ms| *ms > 0.0 && later > 0).map(|ms| later as f64 * 1e3 / ms),
            drafted_tokens: (drafted > 0).then_some(drafted),
            accepted_tokens: (drafted > 0).then_some(accepted),
        }
    }
}

impl Drop for Request {
    /// A panic may lose it between the queue and those that run, and its reader must not wait forever. Elsewhere its
    /// stream has ended before.
    fn drop(&mut self) {
        if !self.mailbox.is_over() {
            self.mailbox.end(End::InternalError(failed().into_info()));
        }
    }
}
