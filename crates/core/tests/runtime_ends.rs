//! How engines, models and environments end, and what of theirs ends with them.

mod fake;
mod world;

use std::sync::atomic::Ordering::Relaxed;

use serde_json::{Value, json};
use wick_core::response::CancelReason;
use world::World;

#[test]
fn a_panic_ends_the_engine_and_nothing_else() {
    let world = World::new();
    let silent = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let (broken, healthy) = (world.load(), world.load());
    let streams = [world.chat(broken, &json!({"ignoreEos": true})), world.chat(healthy, &json!({}))];
    assert_eq!(world.next(streams[0]).unwrap()["kind"], "chunk");
    assert_eq!(world.call(&json!({"kind": "fault", "model": broken, "fault": "step_panic"}))["kind"], "result");
    let events = world.all(streams[0]);
    std::panic::set_hook(silent);
    let last = events.last().unwrap();
    assert_eq!((&last["kind"], &last["error"]["code"]), (&json!("internal_error"), &json!("engine_failed")));
    assert_eq!(last["error"]["details"]["panic"], "a fault was injected");
    assert!(!last["partial"]["choices"][0]["message"]["content"].as_str().unwrap().is_empty());
    let refused = world.all(world.chat(broken, &json!({})));
    assert_eq!(refused[0]["error"]["code"], "engine_failed");
    assert_eq!(world.all(streams[1]).last().unwrap()["kind"], "done");
    assert_eq!(world.all(world.chat(world.load(), &json!({}))).last().unwrap()["kind"], "done");
}

#[test]
fn a_panic_answers_the_call_whose_step_it_was() {
    let request = json!({"inputs": ["ab"]});
    for call in [json!({"kind": "logits", "tokens": [3, 4]}), json!({"kind": "embeddings", "request": request})] {
        let world = World::new();
        let mut command = call;
        command["model"] = world.load().into();
        let silent = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        world.faults.panic_at.store(1, Relaxed);
        let tickets = [world.submit(&command), world.submit(&command)];
        world.turn();
        std::panic::set_hook(silent);
        for ticket in tickets {
            let answer = world.next(ticket).expect("an answer");
            assert_eq!(answer["error"]["code"], "engine_failed", "{command}");
            assert_eq!(answer["error"]["details"]["panic"], "injected", "{command}");
        }
    }
}

#[test]
fn closing_ends_live_streams() {
    let world = World::new();
    let model = world.load();
    let tickets: Vec<u32> = (0..9).map(|_| world.chat(model, &json!({"ignoreEos": true}))).collect();
    world.turn();
    let close = world.submit(&json!({"kind": "close", "model": model}));
    for ticket in tickets {
        let last = world.all(ticket).pop().unwrap();
        assert_eq!((&last["kind"], &last["error"]["code"]), (&json!("internal_error"), &json!("engine_closed")));
    }
    assert_eq!(world.next(close).unwrap()["kind"], "result");
}

#[test]
fn an_environment_that_ends_takes_its_tickets_and_models_with_it() {
    let world = World::new();
    let model = world.load();
    let other = world.runtime.open();
    let ticket = world.chat(model, &json!({"ignoreEos": true}));
    world.turn();
    world.runtime.shut(world.client);
    assert!(world.runtime.take(ticket).is_none());
    world.turn();
    let ticket = world.runtime.submit(other, &json!({"kind": "stats", "model": model}).to_string(), Vec::new());
    assert_eq!(world.next(ticket).unwrap()["error"]["code"], "engine_closed");
    let steps = world.faults.steps.load(Relaxed);
    world.turn();
    assert_eq!(world.faults.steps.load(Relaxed), steps, "nothing runs any more");
}

#[test]
fn what_a_reader_leaves_is_free_without_a_step() {
    let world = World::new();
    let model = world.load();
    let stats = || {
        let command = json!({"kind": "stats", "model": model}).to_string();
        let ticket = world.runtime.submit(world.client, &command, Vec::new());
        serde_json::from_str::<Value>(&world.runtime.take(ticket).unwrap()).unwrap()["value"].clone()
    };
    let tickets: Vec<u32> = (0..2).map(|_| world.chat(model, &json!({"ignoreEos": true}))).collect();
    // Ten steps of logits, of which one is taken.
    let tokens = vec![3; 160];
    let logits = world.submit(&json!({"kind": "logits", "model": model, "tokens": tokens, "last": 160}));
    while world.runtime.prepare_one() {}
    for _ in 0..2 {
        world.runtime.step();
    }
    assert_eq!(stats()["running"], 2);
    assert!(stats()["kvBytesUsed"].as_u64().unwrap() > 160 * 4, "the logits have theirs too");
    let steps = world.faults.steps.load(Relaxed);
    world.runtime.release(tickets[0]);
    world.runtime.cancel(tickets[1], CancelReason::Cancel);
    world.runtime.release(logits);
    world.runtime.tidy();
    let left = stats();
    assert_eq!((&left["running"], &left["kvBytesUsed"]), (&json!(0), &json!(0)));
    assert_eq!(world.faults.steps.load(Relaxed), steps);
    assert_eq!(world.next(tickets[1]).unwrap()["kind"], "cancelled");
}
