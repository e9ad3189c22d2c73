//! The loop of a reader without Node, threads and wake-ups: steps the runtime and takes what it left, in turn.
//! `cargo run --release -p wick-node --example null_model -- 1000000` prints the seconds that so many events take.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wick_core::runtime::{Host, Runtime, RuntimeOptions};

/// Nobody is to be woken.
struct OneThread(Instant);

impl Host for OneThread {
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

#[expect(clippy::print_stdout, reason = "a program whose output is its result")]
fn main() {
    let events = std::env::args().nth(1).and_then(|count| count.parse::<u64>().ok()).unwrap_or(1_000_000);
    let runtime = Runtime::new(Arc::new(OneThread(Instant::now())), RuntimeOptions::default());
    let client = runtime.open();
    let started = Instant::now();
    let ticket =
        runtime.submit(client, &format!(r#"{{"kind":"null_model","events":{events},"intervalMs":0}}"#), vec![]);
    let (mut bytes, mut taken) = (0, 0);
    while taken <= events {
        let Some(event) = runtime.take(ticket) else {
            runtime.step();
            continue;
        };
        bytes += event.len();
        taken += 1;
    }
    assert!(bytes as u64 > events && runtime.take(ticket).is_none(), "so many events, then the end");
    println!("{}", started.elapsed().as_secs_f64());
}
