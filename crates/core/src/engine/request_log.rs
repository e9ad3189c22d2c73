//! How a stream ends, as the log tells it.

use std::time::Duration;

use super::answer::End;
use super::mailbox::State;
use crate::error::ErrorCode;
use crate::log::{Log, LogEvent, OneLine, QueueFullEvent, RequestEndedEvent, RequestOutcome};

/// The log of a mailbox. All ends of a stream go through its mailbox, whoever brings them about.
#[derive(Default)]
pub(super) struct RequestLog {
    log: Log,
    /// When the call came in.
    opened: Duration,
}

impl RequestLog {
    pub(super) fn new(log: Log) -> Self {
        let opened = log.now().unwrap_or_default();
        Self { log, opened }
    }

    /// What there is to tell of a stream that ends now; none where it had ended, or nobody wants to know.
    pub(super) fn ended(&self, state: &State, end: &End) -> Option<RequestEndedEvent> {
        let now = self.log.now().filter(|_| state.is_open())?;
        let (outcome, reason, error_code) = match end {
            End::Done => (RequestOutcome::Done, None, None),
            End::Cancelled(reason) => (RequestOutcome::Cancelled, Some(*reason), None),
            End::ValidationError(error) => (RequestOutcome::ValidationError, None, Some(error.code)),
            End::ModelError(error) => (RequestOutcome::ModelError, None, Some(error.code)),
            End::InternalError(error) => (RequestOutcome::InternalError, None, Some(error.code)),
        };
        let answer = &state.answer;
        Some(RequestEndedEvent {
            request: OneLine::new(&answer.id),
            outcome,
            finish_reasons: state.finish_reasons(),
            reason,
            error_code,
            prompt_tokens: answer.usage.prompt_tokens,
            completion_tokens: answer.usage.completion_tokens,
            ms: now.saturating_sub(self.opened).as_secs_f64() * 1e3,
            first_token_ms: answer.timings.first_token_ms,
        })
    }

    /// Tells it. Not under a lock: the log rings a bell.
    pub(super) fn tell(&self, ended: Option<RequestEndedEvent>) {
        let Some(event) = ended else { return };
        if event.error_code == Some(ErrorCode::QueueFull) {
            let request = event.request.clone();
            self.log.warn(|| LogEvent::QueueFull(QueueFullEvent { request }));
        }
        self.log.warn(|| LogEvent::RequestEnded(event));
    }
}
