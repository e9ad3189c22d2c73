//! The laws of a stream, as a seeded state machine of readers against a fake model: whatever readers, model and memory
//! do, every stream says what its request alone would have said, ends once, and leaves nothing behind.
//!
//! `WICK_LAWS_SEED=… cargo test -p wick-core --test laws` replays one run; `WICK_LAWS_RUNS=…` makes more, from
//! `WICK_LAWS_FIRST=…` on.

#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

#[path = "../fake/mod.rs"]
mod fake;
mod oracle;
mod random;
mod reader;
mod world;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use wick_core::response::Response;
use world::World;

/// Runs that once failed; docs/stream-laws.md says over what.
const FOUND: [u64; 1] = [103_795];

fn silence_injected_panics() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if info.payload_as_str() != Some("injected") {
            report(info);
        }
    }));
}

/// How a stream ended, for the tally.
fn kind(terminal: Option<&Response>) -> &'static str {
    match terminal {
        None => "released",
        Some(Response::Done(_)) => "done",
        Some(Response::Cancelled(_)) => "cancelled",
        Some(Response::ModelError(_)) => "model_error",
        Some(Response::InternalError(_)) => "internal_error",
        Some(Response::ValidationError(_)) => "validation_error",
        Some(_) => "other",
    }
}

#[test]
fn laws_hold_whatever_readers_and_models_do() {
    silence_injected_panics();
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let first = number("WICK_LAWS_FIRST").unwrap_or(0);
    let seeds: Vec<u64> = match number("WICK_LAWS_SEED") {
        Some(seed) => vec![seed],
        None => FOUND.into_iter().chain(first..first + number("WICK_LAWS_RUNS").unwrap_or(4000)).collect(),
    };
    let mut ends = BTreeMap::<&str, usize>::new();
    let (mut drafted, mut accepted) = (0, 0);
    for seed in seeds {
        let mut world = World::new(seed);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| world.run())) {
            println!("replay with WICK_LAWS_SEED={seed}");
            std::panic::resume_unwind(panic);
        }
        for reader in &world.readers {
            *ends.entry(kind(reader.terminal.as_ref())).or_default() += 1;
            if let Some(Response::Done(done)) = &reader.terminal {
                let timings = done.completion.timings.unwrap_or_default();
                drafted += timings.drafted_tokens.unwrap_or_default();
                accepted += timings.accepted_tokens.unwrap_or_default();
            }
        }
        let memory = Arc::clone(&world.memory);
        drop(world);
        assert_eq!(memory.used(), 0, "a dropped engine gives its memory back");
    }
    println!("streams by end: {ends:?}; of {drafted} drafted tokens {accepted} were accepted");
}

/// `npm run test:laws -- --mutations` takes half an hour; that its list fits the sources is seen at once.
#[test]
fn mutations_fit_the_sources() {
    let mutations: serde_json::Value = serde_json::from_str(include_str!("mutations.json")).unwrap();
    for mutation in mutations.as_array().unwrap() {
        let text = |name: &str| mutation[name].as_str().unwrap();
        let path = format!("{}/../../{}", env!("CARGO_MANIFEST_DIR"), text("file"));
        let source = std::fs::read_to_string(&path).unwrap();
        assert_eq!(source.matches(text("from")).count(), 1, "{}", text("name"));
        assert_ne!(text("from"), text("to"));
    }
}
