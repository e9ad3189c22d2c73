//! A stream without a model, to measure what lies between an engine and its reader.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::{Delta, End, Mailbox};
use crate::response::{Timings, Usage};

/// Leaves a number of chunks, at once or paced.
pub(super) struct NullStream {
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) left: u64,
    pub(super) interval: Duration,
    pub(super) next: Duration,
}

/// Chunks in one step, so that a real engine beside it gets its turn.
const BURST: u64 = 1024;

impl NullStream {
    /// Leaves what is due and fits; true when it did something and may do more at once.
    pub(super) fn step(&mut self, now: Duration) -> bool {
        let mut worked = false;
        for _ in 0..BURST {
            if self.left == 0 {
                self.mailbox.end(End::Done);
                return true;
            }
            if self.next > now || self.mailbox.room() == 0 || self.mailbox.is_over() {
                return worked;
            }
            // A paced stream says when it spoke: microseconds on the host's clock.
            let content = if self.interval.is_zero() { " token".to_owned() } else { now.as_micros().to_string() };
            self.mailbox.post(Delta { content, ..Delta::default() }, Usage::default(), Timings::default());
            self.left -= 1;
            self.next += self.interval;
            worked = true;
        }
        worked
    }

    pub(super) fn is_over(&self) -> bool {
        self.mailbox.is_over()
    }

    /// When there is something to do though nobody asks.
    pub(super) fn due(&self) -> Option<Duration> {
        (!self.interval.is_zero() && !self.is_over()).then_some(self.next)
    }
}
