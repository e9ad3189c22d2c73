//! Embeddings through the runtime: what a call gets, and what goes on beside it.

#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

mod fake;
mod world;

use std::sync::atomic::Ordering::Relaxed;

use fake::{HIDDEN, state_after};
use serde_json::{Value, json};
use wick_core::response::CancelReason;
use world::{World, text};

/// The tokens of letters.
const A: u32 = 3;
const B: u32 = 4;

fn embed(world: &World, model: u64, request: &Value) -> u32 {
    world.submit(&json!({"kind": "embeddings", "model": model, "request": request}))
}

/// The vectors and the value beside them.
fn vectors(world: &World, ticket: u32) -> (Vec<Vec<f32>>, Value) {
    let event = world.next(ticket).unwrap();
    assert_eq!(event["kind"], "result", "{event}");
    let vectors = world.runtime.take_vector(ticket).unwrap();
    assert!(world.runtime.take_vector(ticket).is_none());
    (vectors.chunks(HIDDEN).map(<[f32]>::to_vec).collect(), event["value"].clone())
}

fn of_length_one(vector: &[f64]) -> Vec<f32> {
    let length = vector.iter().map(|value| value * value).sum::<f64>().sqrt();
    vector.iter().map(|value| (value / length) as f32).collect()
}

fn mean(prompt: &[u32]) -> Vec<f64> {
    let mut sum = [0.0; HIDDEN];
    for end in 1..=prompt.len() {
        for (sum, value) in sum.iter_mut().zip(state_after(&prompt[..end])) {
            *sum += f64::from(value);
        }
    }
    sum.iter().map(|sum| sum / prompt.len() as f64).collect()
}

#[test]
fn one_vector_for_each_text_and_the_usage() {
    let world = World::new();
    let (last, averaging) = (world.load(), world.load_from("mean"));
    let inputs = ["ab".to_owned(), "a".to_owned(), "ab".repeat(90), "b".to_owned()];
    let prompts: Vec<Vec<u32>> = vec![vec![A, B], vec![A], [A, B].repeat(90), vec![B]];
    let (got, value) = vectors(&world, embed(&world, last, &json!({"inputs": inputs})));
    let usage = json!({"promptTokens": 184, "completionTokens": 0, "totalTokens": 184});
    assert_eq!(value, json!({"model": "fake", "dimensions": HIDDEN, "usage": usage}));
    let states = prompts.iter().map(|prompt| state_after(prompt).into_iter().map(f64::from).collect::<Vec<f64>>());
    assert_eq!(got, states.map(|state| of_length_one(&state)).collect::<Vec<_>>());
    let (got, _) = vectors(&world, embed(&world, averaging, &json!({"inputs": inputs})));
    assert_eq!(got, prompts.iter().map(|prompt| of_length_one(&mean(prompt))).collect::<Vec<_>>());
    let raw = json!({"inputs": "ab", "normalize": false, "dimensions": HIDDEN});
    assert_eq!(vectors(&world, embed(&world, last, &raw)).0, [state_after(&[A, B])]);
    assert_eq!(world.call(&json!({"kind": "stats", "model": last}))["value"]["kvBytesUsed"], 0);
}

/// More texts than a step has rows, and more than one chunk for one of them.
#[test]
fn many_texts_take_many_steps() {
    let world = World::new();
    let model = world.load_from("mean");
    let inputs: Vec<String> = (1..=60).map(|length| "ab".repeat(length)).collect();
    let before = world.faults.steps.load(Relaxed);
    let (got, _) = vectors(&world, embed(&world, model, &json!({"inputs": inputs})));
    let steps = world.faults.steps.load(Relaxed) - before;
    assert_eq!(steps, (60 * 61_u64).div_ceil(256), "full steps, however the texts fall");
    let expected: Vec<Vec<f32>> = (1..=60).map(|length| of_length_one(&mean(&[A, B].repeat(length)))).collect();
    assert_eq!(got, expected);
}

#[test]
fn bad_requests_name_the_text() {
    let world = World::new();
    let model = world.load();
    for (request, code, location) in [
        (json!({}), "invalid_request", "inputs"),
        (json!({"inputs": []}), "invalid_request", "inputs"),
        (json!({"inputs": ["a", 1]}), "invalid_request", "inputs[1]"),
        (json!({"inputs": ["a", ""]}), "invalid_request", "inputs[1]"),
        (json!({"inputs": ""}), "invalid_request", "inputs"),
        (json!({"inputs": "a", "dimension": 3}), "invalid_request", "dimension"),
        (json!({"inputs": "a", "dimensions": 2}), "unsupported", "dimensions"),
        (json!({"inputs": ["a", "b".repeat(201)]}), "context_overflow", "inputs[1]"),
    ] {
        let event = world.all(embed(&world, model, &request)).pop().unwrap();
        assert_eq!((&event["kind"], &event["error"]["code"]), (&json!("failed"), &json!(code)), "{request}");
        assert_eq!(event["error"]["where"], location, "{request}");
    }
    assert_eq!(vectors(&world, embed(&world, model, &json!({"inputs": "b".repeat(200)}))).0.len(), 1);
}

#[test]
fn streams_go_on_beside_it() {
    let world = World::new();
    let model = world.load();
    let alone = text(&world.all(world.chat(model, &json!({}))));
    let stream = world.chat(model, &json!({}));
    let tickets: Vec<u32> =
        (0..4).map(|_| embed(&world, model, &json!({"inputs": vec!["ab".repeat(99); 9]}))).collect();
    let logits = world.submit(&json!({"kind": "logits", "model": model, "tokens": [A, B], "last": 1}));
    assert_eq!(text(&world.all(stream)), alone);
    for ticket in tickets {
        assert_eq!(vectors(&world, ticket).0.len(), 9);
    }
    assert_eq!(world.next(logits).unwrap()["kind"], "result");
}

#[test]
fn a_call_ends_alone() {
    let world = World::new();
    let model = world.load();
    let long = json!({"inputs": vec!["ab".repeat(99); 40]});
    let cancelled = embed(&world, model, &long);
    world.runtime.prepare_one();
    world.runtime.step();
    world.runtime.cancel(cancelled, CancelReason::Signal);
    assert_eq!(world.all(cancelled).pop().unwrap()["error"]["code"], "cancelled");
    world.turn();
    assert_eq!(world.call(&json!({"kind": "stats", "model": model}))["value"]["kvBytesUsed"], 0);
    let (failing, other) =
        (embed(&world, model, &json!({"inputs": "a"})), embed(&world, model, &json!({"inputs": "b"})));
    world.faults.fail_at.store(world.faults.steps.load(Relaxed) + 1, Relaxed);
    let codes = [failing, other].map(|ticket| world.next(ticket).unwrap()["error"]["code"].clone());
    assert_eq!(codes, [json!("out_of_memory"), Value::Null]);
    let closed = embed(&world, model, &long);
    world.runtime.prepare_one();
    world.call(&json!({"kind": "close", "model": model}));
    assert_eq!(world.all(closed).pop().unwrap()["error"]["code"], "engine_closed");
}
