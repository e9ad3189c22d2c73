//! One accountant of memory for the process. Everything that grows asks it first.

use std::fmt::{self, Debug, Formatter};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, ErrorCode, Result};

/// What memory is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoryUse {
    /// Weights and tokenizer.
    Weights,
    /// Keys and values.
    Kv,
    /// Activations and logits.
    Scratch,
}

/// Memory of a host that counts every allocation, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryBudget {
    /// There may be in all.
    pub limit: u64,
    /// In use now.
    pub used: u64,
}

/// What growth leaves free: little else can do without the memory it asks for, and the process ends.
const HEADROOM: u64 = 1 << 19;

/// What a byte of a prompt takes at most while it is read, rendered and tokenised: one of a text that has no token but its
/// single bytes, all in one piece.
pub(crate) const PREPARED_BYTES: u64 = 64;

/// Memory that growth leaves to preparing a prompt that fills a context of so many positions.
pub(crate) fn preparation_reserve(context_length: usize) -> u64 {
    /// Bytes of text that a token stands for; few texts and vocabularies have more on average.
    const TEXT: u64 = 5;
    (context_length as u64).saturating_mul(TEXT * PREPARED_BYTES)
}

impl MemoryBudget {
    /// Bytes that there must be for a load of `bytes` more: what growth leaves free, and as much again for what only shows
    /// when it runs.
    pub fn needed(self, bytes: u64) -> u64 {
        self.used.saturating_add(bytes).saturating_add(2 * HEADROOM)
    }
}

/// Counts bytes of all models in the process.
pub struct Memory {
    /// Only an admission adds, and it must see what others added.
    used: Mutex<u64>,
    budget: Box<dyn Fn() -> Option<MemoryBudget> + Send + Sync>,
}

/// One model's share. What it holds goes back when it is dropped.
#[derive(Debug)]
pub struct Account {
    memory: Arc<Memory>,
    limit: Option<u64>,
    /// Bytes that growth leaves to the host, beside what it leaves anyway.
    reserve: u64,
    weights: AtomicU64,
    kv: AtomicU64,
    scratch: AtomicU64,
}

impl Memory {
    /// An accountant that asks the host for its `budget`: none where nobody counts and an allocation has to tell.
    pub fn new(budget: impl Fn() -> Option<MemoryBudget> + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { used: Mutex::new(0), budget: Box::new(budget) })
    }

    /// An accountant for a host that counts nothing.
    pub fn uncounted() -> Arc<Self> {
        Self::new(|| None)
    }

    /// Bytes of all models.
    pub fn used(&self) -> u64 {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the host has now.
    pub fn budget(&self) -> Option<MemoryBudget> {
        (self.budget)()
    }

    /// Asks for `bytes` that are allocated next, all that there may be.
    ///
    /// # Errors
    /// `out_of_memory{needed, limit}` over the host's limit.
    pub fn require(&self, bytes: u64) -> Result<()> {
        match self.budget().map(|budget| (budget.used.saturating_add(bytes), budget.limit)) {
            Some((needed, limit)) if needed > limit => Err(exceeded(needed, limit)),
            Some(_) | None => Ok(()),
        }
    }

    /// An account for one model with its own limit (`maxMemoryBytes`), or none.
    pub fn open(self: &Arc<Self>, limit: Option<u64>) -> Account {
        Account {
            memory: Arc::clone(self),
            limit,
            reserve: 0,
            weights: AtomicU64::new(0),
            kv: AtomicU64::new(0),
            scratch: AtomicU64::new(0),
        }
    }
}

impl Debug for Memory {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Memory").field("used", &self.used()).field("budget", &self.budget()).finish()
    }
}

impl Account {
    /// The account of a model whose growth leaves `bytes` more of the host's memory.
    #[must_use]
    pub fn with_reserve(mut self, bytes: u64) -> Self {
        self.reserve = bytes;
        self
    }

    /// Adds `bytes` that are allocated next, or leaves all as it is.
    ///
    /// # Errors
    /// `out_of_memory{needed, limit}` over the model's limit or the host's.
    pub fn charge(&self, purpose: MemoryUse, bytes: u64) -> Result<()> {
        self.require(bytes)?;
        self.note(purpose, bytes)
    }

    /// Adds `bytes` that are there already, or leaves all as it is.
    ///
    /// # Errors
    /// `out_of_memory{needed, limit}` over the model's limit.
    pub fn note(&self, purpose: MemoryUse, bytes: u64) -> Result<()> {
        let mut used = self.memory.used.lock().unwrap_or_else(PoisonError::into_inner);
        let own = self.used().saturating_add(bytes);
        if let Some(limit) = self.limit.filter(|limit| own > *limit) {
            return Err(exceeded(own, limit));
        }
        *used = used.saturating_add(bytes);
        self.counter(purpose).fetch_add(bytes, Relaxed);
        Ok(())
    }

    /// Asks the host for `bytes` that a call alone holds, which no account keeps.
    ///
    /// # Errors
    /// As [`Memory::require`].
    pub fn require(&self, bytes: u64) -> Result<()> {
        self.memory.require(bytes.saturating_add(self.reserve).saturating_add(HEADROOM))
    }

    /// Whether the host counts its memory.
    pub fn is_counted(&self) -> bool {
        self.memory.budget().is_some()
    }

    /// Gives `bytes` back.
    pub fn refund(&self, purpose: MemoryUse, bytes: u64) {
        let mut used = self.memory.used.lock().unwrap_or_else(PoisonError::into_inner);
        *used = used.saturating_sub(bytes);
        self.counter(purpose).fetch_sub(bytes, Relaxed);
    }

    /// Bytes of this model.
    pub fn used(&self) -> u64 {
        self.weights.load(Relaxed) + self.kv.load(Relaxed) + self.scratch.load(Relaxed)
    }

    /// Bytes of this model for one purpose.
    pub fn used_for(&self, purpose: MemoryUse) -> u64 {
        self.counter(purpose).load(Relaxed)
    }

    fn counter(&self, purpose: MemoryUse) -> &AtomicU64 {
        match purpose {
            MemoryUse::Weights => &self.weights,
            MemoryUse::Kv => &self.kv,
            MemoryUse::Scratch => &self.scratch,
        }
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let mut used = self.memory.used.lock().unwrap_or_else(PoisonError::into_inner);
        *used = used.saturating_sub(self.used());
    }
}

fn exceeded(needed: u64, limit: u64) -> Error {
    Error::new(
        ErrorCode::OutOfMemory,
        "More memory is needed than allowed; shorten the prompt, lower maxTokens or contextLength, or allow more.",
    )
    .detail("needed", needed)
    .detail("limit", limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(error: &Error) -> (u64, u64) {
        assert_eq!(error.code(), ErrorCode::OutOfMemory);
        let number = |name: &str| error.info().details.as_ref().unwrap()[name].as_u64().unwrap();
        (number("needed"), number("limit"))
    }

    #[test]
    fn refuses_over_the_models_limit_and_changes_nothing() {
        let memory = Memory::uncounted();
        let (small, large) = (memory.open(Some(10)), memory.open(None));
        small.charge(MemoryUse::Kv, 10).unwrap();
        assert_eq!(numbers(&small.charge(MemoryUse::Kv, 1).unwrap_err()), (11, 10));
        assert_eq!(numbers(&small.note(MemoryUse::Weights, 2).unwrap_err()), (12, 10));
        large.charge(MemoryUse::Weights, 90).unwrap();
        assert_eq!(memory.used(), 100);
        drop(small);
        assert_eq!(memory.used(), 90);
        large.refund(MemoryUse::Weights, 40);
        assert_eq!((memory.used(), large.used_for(MemoryUse::Weights)), (50, 50));
    }

    #[test]
    fn refuses_what_the_host_has_no_room_for_beside_its_headroom() {
        let used = Arc::new(AtomicU64::new(100));
        let limit = HEADROOM + 150;
        let counted = Arc::clone(&used);
        let memory = Memory::new(move || Some(MemoryBudget { limit, used: counted.load(Relaxed) }));
        assert_eq!(numbers(&memory.require(HEADROOM + 51).unwrap_err()), (limit + 1, limit));
        let reserving = memory.open(None).with_reserve(20);
        reserving.charge(MemoryUse::Kv, 30).unwrap();
        assert_eq!(numbers(&reserving.charge(MemoryUse::Kv, 31).unwrap_err()), (limit + 1, limit));
        drop(reserving);
        let account = memory.open(None);
        account.charge(MemoryUse::Kv, 50).unwrap();
        used.store(150, Relaxed);
        assert_eq!(numbers(&account.charge(MemoryUse::Kv, 1).unwrap_err()), (limit + 1, limit));
        assert_eq!(numbers(&account.require(u64::MAX).unwrap_err()), (u64::MAX, limit));
        assert_eq!(account.used(), 50);
        // It is in use already.
        account.note(MemoryUse::Weights, 1000).unwrap();
        assert_eq!(memory.used(), 1050);
    }
}
