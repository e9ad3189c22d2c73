//! What an engine tells its log.

use std::time::Duration;

use super::request::Request;
use super::scheduler::SequenceKey;
use super::{Engine, Progress};
use crate::error::Error;
use crate::log::{
    CacheEvictedEvent, DraftFailedEvent, EngineFailedEvent, KvGrowthFailedEvent, Log, LogEvent, ModelClosedEvent,
    OneLine, RequestAcceptedEvent, RequestBegunEvent, SequencePreemptedEvent, SequenceResumedEvent, StepFailedEvent,
};

/// What was told of the memory of keys and values.
#[derive(Debug, Default)]
pub(super) struct Noted {
    evicted: u64,
    /// When that was.
    at: Duration,
    is_short: bool,
}

/// A full cache forgets something at nearly every step; told so often, it would bury the rest.
const EVICTIONS_EVERY: Duration = Duration::from_secs(1);

impl Engine {
    /// Tells `log` what happens from now on.
    #[must_use]
    pub fn with_log(self, log: Log) -> Self {
        Self { log, ..self }
    }

    /// Nothing is told after that.
    pub(super) fn log_closed(&self, ended: usize) {
        self.log.info(|| LogEvent::ModelClosed(ModelClosedEvent { ended }));
        self.log.end();
    }

    /// The request at `position` of the queue has just come in.
    pub(super) fn log_accepted(&self, position: usize) {
        let Some(request) = self.queue.get(position) else { return };
        self.log.debug(|| {
            LogEvent::RequestAccepted(RequestAcceptedEvent {
                request: id_of(request),
                prompt_tokens: request.job.prompt.len(),
                choices: request.job.n,
                queued: self.queue.len(),
            })
        });
    }

    pub(super) fn log_begun(&self, request: &Request, cached_tokens: usize, now: Duration) {
        self.log.debug(|| {
            LogEvent::RequestBegun(RequestBegunEvent {
                request: id_of(request),
                prompt_tokens: request.job.prompt.len(),
                cached_tokens,
                waited_ms: now.saturating_sub(request.arrived).as_secs_f64() * 1e3,
            })
        });
    }

    pub(super) fn log_preempted(&self, key: SequenceKey, blocks: usize, tokens: usize) {
        let SequenceKey { request, choice } = key;
        let Some(request) = self.running.get(&request) else { return };
        self.log.info(|| {
            LogEvent::SequencePreempted(SequencePreemptedEvent {
                request: id_of(request),
                choice,
                blocks,
                tokens,
                preemptions: request.preemptions,
            })
        });
    }

    pub(super) fn log_resumed(&self, id: u64, choice: u32, tokens: usize, cached_tokens: usize) {
        let Some(request) = self.running.get(&id) else { return };
        self.log.debug(|| {
            let request = id_of(request);
            LogEvent::SequenceResumed(SequenceResumedEvent { request, choice, tokens, cached_tokens })
        });
    }

    pub(super) fn log_step_failed(&self, sequences: usize, error: &Error) {
        self.log.warn(|| {
            let (error_code, error) = (error.code(), OneLine::new(&error.info().message));
            LogEvent::StepFailed(StepFailedEvent { sequences, error_code, error })
        });
    }

    pub(super) fn log_draft_failed(&self, error: &Error) {
        self.log.warn(|| {
            let (error_code, error) = (error.code(), OneLine::new(&error.info().message));
            LogEvent::DraftFailed(DraftFailedEvent { error_code, error })
        });
    }

    /// The engine is about to end over `error`.
    pub(super) fn log_failed(&self, error: &Error) {
        self.log.error(|| {
            let info = error.info();
            let panic = info.details.as_ref().and_then(|details| details.get("panic")?.as_str());
            let cause = info.details.as_ref().and_then(|details| details.get("cause").cloned());
            LogEvent::EngineFailed(EngineFailedEvent {
                error_code: cause.and_then(|cause| serde_json::from_value(cause).ok()).unwrap_or(info.code),
                error: OneLine::new(&info.message),
                panic: panic.map(OneLine::of_panic),
                ended: self.live_requests(),
            })
        });
    }

    /// After a step: evictions once a second or when there is nothing more to do, and memory that has run out, once.
    pub(super) fn log_memory(&mut self, progress: Progress, now: Duration) {
        let is_short = self.kv.is_short();
        if is_short && !self.noted.is_short {
            let (blocks, limit) = (self.kv.blocks(), self.kv.limit());
            self.log.warn(|| LogEvent::KvGrowthFailed(KvGrowthFailedEvent { blocks, limit }));
        }
        self.noted.is_short = is_short;
        let blocks = self.kv.evicted() - self.noted.evicted;
        let is_due = progress == Progress::Idle || now.saturating_sub(self.noted.at) >= EVICTIONS_EVERY;
        if blocks > 0 && is_due {
            (self.noted.evicted, self.noted.at) = (self.kv.evicted(), now);
            let cached_tokens = self.kv.cached_tokens();
            self.log.debug(|| LogEvent::CacheEvicted(CacheEvictedEvent { blocks, cached_tokens }));
        }
    }
}

fn id_of(request: &Request) -> OneLine {
    OneLine::new(&request.mailbox.id())
}
