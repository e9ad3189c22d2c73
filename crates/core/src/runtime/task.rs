//! The events of a command that is no stream: loading, and everything that answers once.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::engine::Bell;
use crate::error::{Error, ErrorCode, Result};
use crate::response::CancelReason;

/// What a reader finds.
#[derive(Debug, PartialEq)]
pub(super) enum TaskEvent {
    /// JSON of an event before the last.
    Next(String),
    /// JSON of the last event.
    Last(String),
    /// Nothing yet; the bell rings.
    Nothing,
    /// Nothing ever again.
    Over,
}

/// A mailbox of JSON events with at most one vector.
pub(super) struct Task {
    state: Mutex<State>,
    bell: Bell,
}

#[derive(Default)]
struct State {
    /// Progress; of several unread the last.
    progress: Option<String>,
    last: Option<String>,
    vector: Option<Vec<f32>>,
    reader_waits: bool,
    cancelled: bool,
    over: bool,
}

impl Task {
    pub(super) fn new(bell: Bell) -> Self {
        Self { state: Mutex::default(), bell }
    }

    pub(super) fn take(&self) -> TaskEvent {
        let mut state = self.lock();
        if let Some(event) = state.progress.take() {
            return TaskEvent::Next(event);
        }
        if let Some(event) = state.last.take() {
            return TaskEvent::Last(event);
        }
        if state.over {
            return TaskEvent::Over;
        }
        state.reader_waits = true;
        TaskEvent::Nothing
    }

    /// Whether a vector waits to be taken.
    pub(super) fn has_vector(&self) -> bool {
        self.lock().vector.is_some()
    }

    pub(super) fn take_vector(&self) -> Option<Vec<f32>> {
        self.lock().vector.take()
    }

    /// Asks the work to end, and ends for the reader at once.
    pub(super) fn cancel(&self, reason: CancelReason) {
        let mut state = self.lock();
        state.cancelled = true;
        state.progress = None; // nobody waits for it any more
        drop(state);
        let error = match reason {
            CancelReason::Timeout => {
                Error::new(ErrorCode::Timeout, "The call took longer than its `timeoutMs`.").retryable()
            }
            CancelReason::Signal | CancelReason::Cancel | CancelReason::Disconnect => {
                Error::new(ErrorCode::Cancelled, "The call was cancelled.")
            }
        };
        self.end(Err(error));
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.lock().cancelled
    }

    /// Says how far it is; an unread earlier figure is forgotten.
    pub(super) fn progress(&self, progress: &Value) {
        let mut state = self.lock();
        if state.over || state.cancelled {
            return;
        }
        state.progress = Some(json!({"kind": "progress", "progress": progress}).to_string());
        self.ring(state);
    }

    /// The last event: `result` or `failed`. Only the first counts.
    pub(super) fn end(&self, result: Result<Value>) {
        self.end_with(result.map(|value| json!({"kind": "result", "value": value})), None);
    }

    /// The last event as it is, with a vector beside it. False when the task has ended before.
    pub(super) fn end_with(&self, event: Result<Value>, vector: Option<Vec<f32>>) -> bool {
        let mut state = self.lock();
        if state.over {
            return false;
        }
        let event = event.unwrap_or_else(|error| json!({"kind": "failed", "error": error.info()}));
        state.last = Some(event.to_string());
        state.vector = vector;
        state.over = true;
        self.ring(state);
        true
    }

    fn ring(&self, mut state: MutexGuard<'_, State>) {
        let waits = std::mem::take(&mut state.reader_waits);
        drop(state);
        if waits {
            (self.bell)();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock can leave the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
