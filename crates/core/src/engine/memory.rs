//! One accountant of memory for the process. Everything that grows asks it first.

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

/// Counts bytes of all models in the process.
#[derive(Debug, Default)]
pub struct Memory {
    /// Only an admission adds, and it must see what others added.
    used: Mutex<u64>,
    limit: Option<u64>,
}

/// One model's share. What it holds goes back when it is dropped.
#[derive(Debug)]
pub struct Account {
    memory: Arc<Memory>,
    limit: Option<u64>,
    weights: AtomicU64,
    kv: AtomicU64,
    scratch: AtomicU64,
}

impl Memory {
    /// An accountant with a limit for the whole process, or none.
    pub fn new(limit: Option<u64>) -> Arc<Self> {
        Arc::new(Self { used: Mutex::new(0), limit })
    }

    /// Bytes of all models.
    pub fn used(&self) -> u64 {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An account for one model with its own limit (`maxMemoryBytes`), or none.
    pub fn open(self: &Arc<Self>, limit: Option<u64>) -> Account {
        Account {
            memory: Arc::clone(self),
            limit,
            weights: AtomicU64::new(0),
            kv: AtomicU64::new(0),
            scratch: AtomicU64::new(0),
        }
    }
}

impl Account {
    /// Adds `bytes`, or leaves all as it is.
    ///
    /// # Errors
    /// `out_of_memory{needed, limit}` over the model's limit or the process's.
    pub fn charge(&self, purpose: MemoryUse, bytes: u64) -> Result<()> {
        let mut used = self.memory.used.lock().unwrap_or_else(PoisonError::into_inner);
        let own = self.used().saturating_add(bytes);
        let all = used.saturating_add(bytes);
        for (needed, limit) in [(own, self.limit), (all, self.memory.limit)] {
            if let Some(limit) = limit
                && needed > limit
            {
                return Err(Error::new(
                    ErrorCode::OutOfMemory,
                    "More memory is needed than allowed; shorten the prompt, lower maxTokens or contextLength, or allow more.",
                )
                .detail("needed", needed)
                .detail("limit", limit));
            }
        }
        *used = all;
        self.counter(purpose).fetch_add(bytes, Relaxed);
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_over_either_limit_and_changes_nothing() {
        let memory = Memory::new(Some(100));
        let (small, large) = (memory.open(Some(10)), memory.open(None));
        small.charge(MemoryUse::Kv, 10).unwrap();
        let error = small.charge(MemoryUse::Kv, 1).unwrap_err();
        assert_eq!(error.code(), ErrorCode::OutOfMemory);
        assert_eq!(error.info().details.as_ref().unwrap()["needed"], 11);
        large.charge(MemoryUse::Weights, 90).unwrap();
        assert!(large.charge(MemoryUse::Scratch, u64::MAX).is_err());
        assert_eq!(memory.used(), 100);
        drop(small);
        assert_eq!(memory.used(), 90);
        large.refund(MemoryUse::Weights, 40);
        assert_eq!((memory.used(), large.used_for(MemoryUse::Weights)), (50, 50));
    }
}
