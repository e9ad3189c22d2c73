//! The process-wide runtime and its threads.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant, SystemTime};

use wick_core::runtime::{Host, Runtime, RuntimeOptions};

use crate::doorbell::Doorbells;

/// Shared by all environments and never dropped: the threads run until the process ends.
pub(crate) static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let test_faults = std::env::var_os("WICK_TEST_FAULTS").is_some_and(|value| value == "1");
    Runtime::new(Arc::new(NodeHost), RuntimeOptions { test_faults })
});
pub(crate) static DOORBELLS: LazyLock<Doorbells> = LazyLock::new(Doorbells::default);

static THREADS: OnceLock<Threads> = OnceLock::new();
static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

struct Threads {
    engine: Thread,
    loader: Thread,
    /// They read, render and tokenise requests; the second leaves long texts to the first.
    preparers: [Thread; 2],
}

/// Time since this process first asked.
pub(crate) fn now() -> Duration {
    STARTED.elapsed()
}

/// Starts the threads unless they run.
pub(crate) fn start() -> io::Result<()> {
    static STARTING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    if THREADS.get().is_none() {
        let engine = spawn("wick-engine", Runtime::step, Runtime::next_deadline)?;
        let loader = spawn("wick-loader", Runtime::load_one, no_deadline)?;
        let preparers = [
            spawn("wick-preparer", Runtime::prepare_one, no_deadline)?,
            spawn("wick-preparer-2", Runtime::prepare_one_short, no_deadline)?,
        ];
        THREADS.get_or_init(|| Threads { engine, loader, preparers });
    }
    Ok(())
}

/// A thread that calls `turn` while there is more to do and sleeps until it is woken or a deadline comes.
fn spawn(name: &str, turn: fn(&Runtime) -> bool, deadline: fn(&Runtime) -> Option<Duration>) -> io::Result<Thread> {
    let handle = thread::Builder::new().name(name.to_owned()).spawn(move || {
        loop {
            while turn(&RUNTIME) {}
            match deadline(&RUNTIME) {
                Some(at) => thread::park_timeout(at.saturating_sub(now())),
                None => thread::park(),
            }
        }
    })?;
    Ok(handle.thread().clone())
}

fn no_deadline(_: &Runtime) -> Option<Duration> {
    None
}

/// What the runtime asks of its host.
struct NodeHost;

impl Host for NodeHost {
    fn ring(&self, client: u32) {
        DOORBELLS.ring(client);
    }

    fn wake_engine(&self) {
        if let Some(threads) = THREADS.get() {
            threads.engine.unpark();
        }
    }

    fn wake_preparers(&self) {
        if let Some(threads) = THREADS.get() {
            threads.preparers.iter().for_each(Thread::unpark);
        }
    }

    fn wake_loader(&self) {
        if let Some(threads) = THREADS.get() {
            threads.loader.unpark();
        }
    }

    fn now(&self) -> Duration {
        now()
    }

    fn unix_seconds(&self) -> u64 {
        // A clock before 1970 is no time at all.
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    fn seed(&self) -> u64 {
        // The standard library's keys come from the operating system and differ at every call; nothing secret hangs on them.
        RandomState::new().hash_one(now())
    }
}
