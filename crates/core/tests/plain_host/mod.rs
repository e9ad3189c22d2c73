//! A host for programs of one thread.

use std::time::{Duration, Instant};

use wick_core::runtime::Host;

/// Wakes nobody: whoever drives the runtime steps it and looks.
pub(crate) struct PlainHost(Instant);

impl PlainHost {
    pub(crate) fn new() -> Self {
        Self(Instant::now())
    }
}

impl Host for PlainHost {
    fn ring(&self, _: u32) {}

    fn wake_engine(&self) {}

    fn wake_preparers(&self) {}

    fn wake_loader(&self) {}

    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn unix_seconds(&self) -> u64 {
        0
    }

    fn seed(&self) -> u64 {
        0
    }
}
