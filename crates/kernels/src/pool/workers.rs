//! Threads that wait at a gate for the tasks of a run.

use std::cell::UnsafeCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};
use std::thread::{Builder, JoinHandle, park, yield_now};
use std::time::{Duration, Instant};

use super::{Counter, Tasks};
use crate::error::{Error, Result};

/// How long a worker looks for work before it parks; a wake-up costs about as much.
const SPIN: Duration = Duration::from_micros(50);
/// Looks between two looks at the clock.
const SPINS_PER_CLOCK: u32 = 64;

/// The gate: `epoch << 32 | open << 31 | workers inside`.
const OPEN: u64 = 1 << 31;
const INSIDE: u64 = OPEN - 1;
const EPOCH: u64 = 1 << 32;

/// What a worker sees at the gate.
enum Found {
    Nothing,
    /// Open, in this epoch.
    Work(u64),
    Stop,
}

pub(super) struct Workers {
    shared: Arc<Shared>,
    handles: Vec<JoinHandle<()>>,
    /// Set while a run is under way: a nested or concurrent run goes inline.
    busy: AtomicBool,
}

struct Shared {
    /// A run opens it with a new epoch; a worker may enter an open gate once per epoch; the run closes it and leaves when no worker
    /// is inside. A worker that wakes late finds it closed and touches nothing.
    gate: AtomicU64,
    /// The tasks of the open gate. Written only while the gate is closed and nobody is inside.
    tasks: UnsafeCell<Option<Tasks<'static>>>,
    counter: Counter,
    parked: Vec<AtomicBool>,
    stop: AtomicBool,
}

// SAFETY: `tasks` is written by the one running caller while the gate is closed and empty, and read only by workers that entered
// the gate after it was opened (release) and seen (acquire).
unsafe impl Sync for Shared {}
// SAFETY: `tasks` holds a reference to a `Sync` closure; the rest is `Send`.
unsafe impl Send for Shared {}

impl Workers {
    pub(super) fn spawn(count: usize) -> Result<Self> {
        let shared = Arc::new(Shared {
            gate: AtomicU64::new(0),
            tasks: UnsafeCell::new(None),
            counter: Counter::new(),
            parked: (0..count).map(|_| AtomicBool::new(false)).collect(),
            stop: AtomicBool::new(false),
        });
        // Built first, so that dropping it on a failed spawn stops the threads that did start.
        let mut workers = Self { shared, handles: Vec::with_capacity(count), busy: AtomicBool::new(false) };
        for index in 0..count {
            let shared = Arc::clone(&workers.shared);
            let handle = Builder::new()
                .name(format!("wick-worker-{index}"))
                .spawn(move || shared.work(index))
                .map_err(|_| Error::Spawn)?;
            workers.handles.push(handle);
        }
        Ok(workers)
    }

    /// Whether a task panicked; nothing when another run is under way.
    pub(super) fn run(&self, count: usize, tasks: Tasks<'_>) -> Option<bool> {
        if self.busy.swap(true, Ordering::Acquire) {
            return None;
        }
        let panicked = self.run_alone(count, tasks);
        self.busy.store(false, Ordering::Release);
        Some(panicked)
    }

    /// Whether a task panicked. `busy` keeps everyone else out.
    fn run_alone(&self, count: usize, tasks: Tasks<'_>) -> bool {
        let shared = &*self.shared;
        // SAFETY: only the lifetime changes. `run` returns after the gate is closed and empty, so nobody keeps the reference.
        let tasks: Tasks<'static> = unsafe { std::mem::transmute(tasks) };
        shared.counter.reset(count);
        // SAFETY: the gate is closed and empty: the last run left it so, and there is one run at a time.
        unsafe { *shared.tasks.get() = Some(tasks) };
        let epoch = shared.gate.load(Ordering::Relaxed) & !(EPOCH - 1);
        shared.gate.store(epoch.wrapping_add(EPOCH) | OPEN, Ordering::SeqCst);
        // With the one in `Shared::sleep`: either this sees the worker parked or the worker sees the gate open.
        fence(Ordering::SeqCst);
        for (parked, handle) in shared.parked.iter().zip(&self.handles).take(count - 1) {
            if parked.load(Ordering::Relaxed) && parked.swap(false, Ordering::Relaxed) {
                handle.thread().unpark();
            }
        }

        shared.counter.drain(tasks);

        let mut spins = 0;
        let mut gate = shared.gate.fetch_and(!OPEN, Ordering::AcqRel);
        while gate & INSIDE != 0 {
            spins += 1;
            if spins % (SPINS_PER_CLOCK * 16) == 0 {
                // The worker may wait for this very core.
                yield_now();
            } else {
                std::hint::spin_loop();
            }
            gate = shared.gate.load(Ordering::Acquire);
        }
        shared.counter.panicked.load(Ordering::Relaxed)
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        for handle in self.handles.drain(..) {
            handle.thread().unpark();
            // A worker catches its tasks' panics, so there is nothing to learn from its end.
            let _ = handle.join();
        }
    }
}

impl Shared {
    fn work(&self, index: usize) {
        let mut seen = 0;
        while let Some(epoch) = self.wait(index, seen) {
            seen = epoch;
            if !self.enter(epoch) {
                continue;
            }
            // SAFETY: inside an open gate the tasks are set and stay until this worker leaves.
            if let Some(tasks) = unsafe { *self.tasks.get() } {
                self.counter.drain(tasks);
            }
            self.gate.fetch_sub(1, Ordering::Release);
        }
    }

    /// Waits for a gate open in another epoch than `seen`; nothing when the pool stops.
    fn wait(&self, index: usize, seen: u64) -> Option<u64> {
        let mut since = Instant::now();
        loop {
            for _ in 0..SPINS_PER_CLOCK {
                match self.look(seen) {
                    Found::Nothing => {}
                    Found::Work(epoch) => return Some(epoch),
                    Found::Stop => return None,
                }
                std::hint::spin_loop();
            }
            if since.elapsed() >= SPIN {
                self.sleep(index, seen);
                since = Instant::now();
            }
        }
    }

    fn look(&self, seen: u64) -> Found {
        let gate = self.gate.load(Ordering::Acquire);
        let epoch = gate / EPOCH;
        if self.stop.load(Ordering::Relaxed) {
            Found::Stop
        } else if gate & OPEN != 0 && epoch != seen {
            Found::Work(epoch)
        } else {
            Found::Nothing
        }
    }

    /// Parks unless there is something to do.
    fn sleep(&self, index: usize, seen: u64) {
        self.parked[index].store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        match self.look(seen) {
            Found::Nothing => park(),
            Found::Work(_) | Found::Stop => {}
        }
        self.parked[index].store(false, Ordering::Relaxed);
    }

    fn enter(&self, epoch: u64) -> bool {
        let enter = |gate: u64| (gate & OPEN != 0 && gate / EPOCH == epoch).then_some(gate + 1);
        self.gate.fetch_update(Ordering::Acquire, Ordering::Relaxed, enter).is_ok()
    }
}
