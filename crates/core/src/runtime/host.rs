//! What a binding supplies.

use std::time::Duration;

use crate::engine::MemoryBudget;

/// Threads, clocks and randomness of the world outside.
pub trait Host: Send + Sync {
    /// A ticket of `client` that was found empty has an event. Called outside of every lock, once until the client
    /// asks [`super::Runtime::woken`].
    fn ring(&self, client: u32);

    /// There is, or may be, work for [`super::Runtime::step`].
    fn wake_engine(&self);

    /// There is, or may be, work for [`super::Runtime::prepare_one`].
    fn wake_preparers(&self);

    /// There is, or may be, work for [`super::Runtime::load_one`].
    fn wake_loader(&self);

    /// Time since some moment; never goes back.
    fn now(&self) -> Duration;

    /// Seconds since 1970, local clock of the templates too.
    fn unix_seconds(&self) -> u64;

    /// A fresh random number.
    fn seed(&self) -> u64;

    /// Whether steps run on a thread of their own; otherwise the program waits for each.
    fn has_threads(&self) -> bool {
        true
    }

    /// What there is of memory, where someone counts all of it; otherwise an allocation that fails has to tell.
    fn memory_budget(&self) -> Option<MemoryBudget> {
        None
    }
}
