//! The threads of all models in a process.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use wick_kernels::ThreadPool;

use crate::error::Result;

/// Pools by their number of threads. Models that are computed in turns share one; it ends with the last of them.
#[derive(Default)]
pub struct ThreadPools {
    pools: Mutex<Vec<Weak<ThreadPool>>>,
}

impl ThreadPools {
    /// A pool of `threads` in all, the one that calls it included; 0 counts as 1.
    ///
    /// # Errors
    /// `engine_failed` when the system refuses a thread.
    pub fn get(&self, threads: usize) -> Result<Arc<ThreadPool>> {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        pools.retain(|pool| pool.strong_count() > 0);
        if let Some(pool) = pools.iter().filter_map(Weak::upgrade).find(|pool| pool.threads() == threads.max(1)) {
            return Ok(pool);
        }
        let pool = Arc::new(ThreadPool::new(threads)?);
        pools.push(Arc::downgrade(&pool));
        Ok(pool)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_a_pool_among_those_that_want_as_many_threads() {
        let pools = ThreadPools::default();
        let (two, three) = (pools.get(2).unwrap(), pools.get(3).unwrap());
        assert!(Arc::ptr_eq(&two, &pools.get(2).unwrap()));
        assert!(!Arc::ptr_eq(&two, &three));
        assert!(Arc::ptr_eq(&pools.get(0).unwrap(), &pools.get(1).unwrap()) || pools.get(1).unwrap().threads() == 1);
        let left = Arc::downgrade(&two);
        drop(two);
        assert_eq!(left.strong_count(), 0);
        assert_eq!(pools.get(2).unwrap().threads(), 2);
    }
}
