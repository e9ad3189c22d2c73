//! The loop of a reader, without Node: `cargo run --release -p wick-node --example null_model -- 1000000` prints the
//! seconds that so many events of a null model take from the engine's thread to this one.

use std::sync::{Arc, OnceLock};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use wick_core::runtime::{Host, Runtime, RuntimeOptions};

struct Threads {
    reader: Thread,
    engine: OnceLock<Thread>,
    started: Instant,
}

impl Host for Threads {
    fn ring(&self, _client: u32) {
        self.reader.unpark();
    }

    fn wake_engine(&self) {
        if let Some(engine) = self.engine.get() {
            engine.unpark();
        }
    }

    fn wake_preparers(&self) {}

    fn wake_loader(&self) {}

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn unix_seconds(&self) -> u64 {
        0
    }

    fn seed(&self) -> u64 {
        0
    }
}

#[expect(clippy::print_stdout, reason = "a program whose output is its result")]
fn main() {
    let events = std::env::args().nth(1).and_then(|count| count.parse::<u64>().ok()).unwrap_or(1_000_000);
    let threads = Arc::new(Threads { reader: thread::current(), engine: OnceLock::new(), started: Instant::now() });
    let runtime = Arc::new(Runtime::new(Arc::clone(&threads) as Arc<dyn Host>, RuntimeOptions::default()));
    let engine = thread::spawn({
        let runtime = Arc::clone(&runtime);
        move || loop {
            while runtime.step() {}
            thread::park();
        }
    });
    threads.engine.get_or_init(|| engine.thread().clone());

    let client = runtime.open();
    let started = Instant::now();
    let ticket =
        runtime.submit(client, &format!(r#"{{"kind":"null_model","events":{events},"intervalMs":0}}"#), vec![]);
    let mut bytes = 0;
    loop {
        let Some(event) = runtime.take(ticket) else {
            thread::park();
            runtime.woken(client);
            continue;
        };
        bytes += event.len();
        if !event.starts_with(r#"{"kind":"chunk""#) {
            break;
        }
    }
    assert!(bytes as u64 > events, "every event has more than one byte");
    println!("{}", started.elapsed().as_secs_f64());
}
