//! Worker threads, for whoever computes in turns.

#[cfg(not(target_family = "wasm"))]
mod workers;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::error::{Error, Result, check};
use crate::tier::Tier;

#[cfg(not(target_family = "wasm"))]
use workers::Workers;

/// Runs numbered tasks on the calling thread and its workers.
///
/// Tasks are taken from a counter by whoever is free, so a result must not depend on who ran what. Workers spin for at most 50 µs
/// after their last work, then park. A run allocates nothing. A panic in a task is caught; the run answers
/// [`Error::TaskPanicked`] and the pool can be used again. On WASM everything runs inline.
pub struct ThreadPool {
    #[cfg(not(target_family = "wasm"))]
    workers: Workers,
    threads: usize,
    tier: Tier,
    panic_next: AtomicBool,
}

/// The tasks of one run.
type Tasks<'a> = &'a (dyn Fn(usize) + Sync);

/// Tasks not yet taken, shared by everyone in a run.
struct Counter {
    next: AtomicUsize,
    total: AtomicUsize,
    panicked: AtomicBool,
}

impl Counter {
    fn new() -> Self {
        Self { next: AtomicUsize::new(0), total: AtomicUsize::new(0), panicked: AtomicBool::new(false) }
    }

    fn reset(&self, total: usize) {
        self.next.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
        self.panicked.store(false, Ordering::Relaxed);
    }

    /// Takes tasks until none is left or one panicked anywhere.
    fn drain(&self, tasks: Tasks<'_>) {
        let total = self.total.load(Ordering::Relaxed);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            while !self.panicked.load(Ordering::Relaxed) {
                let task = self.next.fetch_add(1, Ordering::Relaxed);
                if task >= total {
                    break;
                }
                tasks(task);
            }
        }));
        if outcome.is_err() {
            self.panicked.store(true, Ordering::Relaxed);
        }
    }
}

impl ThreadPool {
    /// A pool of `threads` in all, the calling one included; 0 counts as 1.
    ///
    /// # Errors
    /// [`Error::Spawn`] when the system refuses a thread.
    pub fn new(threads: usize) -> Result<Self> {
        Self::for_tier(threads, Tier::detect())
    }

    /// [`Self::new`] for a tier that may not be the CPU's fastest.
    ///
    /// # Errors
    /// As [`Self::new`]; [`Error::Shape`] for a tier that the CPU lacks.
    #[doc(hidden)]
    pub fn for_tier(threads: usize, tier: Tier) -> Result<Self> {
        // Its tasks are done with the tier's instructions.
        check(tier.is_available(), "this CPU lacks the tier's instructions")?;
        let threads = if cfg!(target_family = "wasm") { 1 } else { threads.max(1) };
        Ok(Self {
            #[cfg(not(target_family = "wasm"))]
            workers: Workers::spawn(threads - 1)?,
            threads,
            tier,
            panic_next: AtomicBool::new(false),
        })
    }

    /// Threads, the calling one included.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Whose instructions its tasks are done with.
    pub fn tier(&self) -> Tier {
        self.tier
    }

    /// Runs `tasks(0) … tasks(count - 1)`, in any order and on any thread, and returns when all are done.
    ///
    /// # Errors
    /// [`Error::TaskPanicked`] when a task panicked; others may then not have run.
    pub fn run(&self, count: usize, tasks: Tasks<'_>) -> Result<()> {
        if self.panic_next.swap(false, Ordering::Relaxed) {
            return self.dispatch(count.max(1), &|_| panic!("injected by a test"));
        }
        self.dispatch(count, tasks)
    }

    /// Makes a task of the next run panic, for tests of recovery.
    #[doc(hidden)]
    pub fn panic_next_run(&self) {
        self.panic_next.store(true, Ordering::Relaxed);
    }

    fn dispatch(&self, count: usize, tasks: Tasks<'_>) -> Result<()> {
        #[cfg(not(target_family = "wasm"))]
        if count > 1
            && self.threads > 1
            && let Some(panicked) = self.workers.run(count, tasks)
        {
            return if panicked { Err(Error::TaskPanicked) } else { Ok(()) };
        }
        let counter = Counter::new();
        counter.reset(count);
        counter.drain(tasks);
        if counter.panicked.load(Ordering::Relaxed) { Err(Error::TaskPanicked) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;
    #[cfg(not(target_family = "wasm"))]
    use std::time::Duration;

    use super::*;

    fn counts(pool: &ThreadPool, tasks: usize) -> Vec<u32> {
        let seen: Vec<AtomicU32> = (0..tasks).map(|_| AtomicU32::new(0)).collect();
        pool.run(tasks, &|task| {
            seen[task].fetch_add(1, Ordering::Relaxed);
        })
        .unwrap();
        seen.into_iter().map(AtomicU32::into_inner).collect()
    }

    #[test]
    fn runs_every_task_once() {
        for threads in [1, 2, 4] {
            let pool = ThreadPool::new(threads).unwrap();
            for tasks in [0, 1, 2, 3, 17, 1000] {
                for _ in 0..50 {
                    assert!(counts(&pool, tasks).iter().all(|&count| count == 1));
                }
            }
        }
    }

    /// WebAssembly has no threads to park.
    #[test]
    #[cfg(not(target_family = "wasm"))]
    fn wakes_parked_workers() {
        let pool = ThreadPool::new(2).unwrap();
        for _ in 0..20 {
            std::thread::sleep(Duration::from_millis(1));
            // Both tasks must be in flight at once for either to end.
            let arrived = AtomicU32::new(0);
            pool.run(2, &|_| {
                arrived.fetch_add(1, Ordering::SeqCst);
                while arrived.load(Ordering::SeqCst) < 2 {
                    std::thread::yield_now();
                }
            })
            .unwrap();
        }
    }

    #[test]
    #[cfg(panic = "unwind")]
    fn survives_a_panicking_task() {
        for threads in [1, 2, 3] {
            let pool = ThreadPool::new(threads).unwrap();
            for bad in [0, 7, 63] {
                let outcome = pool.run(64, &|task| assert_ne!(task, bad, "expected by this test"));
                assert_eq!(outcome, Err(Error::TaskPanicked));
                assert!(counts(&pool, 64).iter().all(|&count| count == 1));
            }
            pool.panic_next_run();
            assert_eq!(pool.run(0, &|_| {}), Err(Error::TaskPanicked));
            assert_eq!(pool.run(8, &|_| {}), Ok(()));
        }
    }

    /// Nor others to run beside.
    #[test]
    #[cfg(not(target_family = "wasm"))]
    fn nested_and_concurrent_runs_go_inline() {
        let pool = ThreadPool::new(2).unwrap();
        let sum = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        pool.run(4, &|_| {
                            pool.run(4, &|_| {
                                sum.fetch_add(1, Ordering::Relaxed);
                            })
                            .unwrap();
                        })
                        .unwrap();
                    }
                });
            }
        });
        assert_eq!(sum.into_inner(), 2 * 100 * 16);
    }

    #[test]
    fn drop_joins_its_workers() {
        for _ in 0..50 {
            let pool = ThreadPool::new(3).unwrap();
            pool.run(8, &|_| {}).unwrap();
        }
    }
}
