//! What lies between a command and the engine: whatever it takes, neither callers nor running streams wait for it.

#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

mod fake;
mod world;

use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};
use wick_core::response::CancelReason;
use world::{World, text};

/// The next text stays in the tokenizer of one thread until the test lets it go, or has failed.
fn hold(world: &World) -> mpsc::Sender<()> {
    let (open, gate) = mpsc::channel();
    *world.faults.text_gate.lock().unwrap() = Some(gate);
    open
}

/// Runs `test` while the request that was submitted last is being tokenised, then finishes it.
fn while_prepared(world: &World, open: mpsc::Sender<()>, test: impl FnOnce()) {
    std::thread::scope(|scope| {
        let preparing = scope.spawn(|| world.runtime.prepare_one());
        while world.faults.text_gate.lock().unwrap().is_some() {
            std::thread::yield_now();
        }
        // Moved in, so that a failure lets the thread go.
        let open = open;
        test();
        open.send(()).unwrap();
        assert!(preparing.join().unwrap());
    });
}

fn event(world: &World, ticket: u32) -> Option<Value> {
    world.runtime.take(ticket).map(|event| serde_json::from_str(&event).unwrap())
}

#[test]
fn a_long_text_holds_up_neither_streams_nor_calls_nor_requests() {
    let world = World::new();
    let model = world.load();
    let running = world.chat(model, &json!({"ignoreEos": true}));
    assert_eq!(world.next(running).unwrap()["kind"], "chunk");
    let open = hold(&world);
    let long = world.chat(model, &json!({}));
    while_prepared(&world, open, || {
        assert!(event(&world, long).is_none());
        let stats = world.submit(&json!({"kind": "stats", "model": model}));
        let stats = event(&world, stats).expect("at once")["value"].clone();
        assert_eq!((&stats["running"], &stats["queued"]), (&json!(1), &json!(1)));
        for _ in 0..20 {
            assert_eq!(world.next(running).unwrap()["kind"], "chunk");
        }
        assert_eq!(world.all(world.chat(model, &json!({}))).last().unwrap()["kind"], "done");
        let tokenize = json!({"kind": "tokenize", "model": model, "text": "ab"});
        assert_eq!(world.call(&tokenize)["value"], json!([3, 4]));
    });
    assert_eq!(world.all(long).last().unwrap()["kind"], "done");
}

#[test]
fn nothing_is_tokenised_on_the_callers_thread() {
    let world = World::new();
    let model = world.load();
    let request = json!({"messages": [{"role": "user", "content": "ab"}]});
    for call in [
        json!({"kind": "tokenize", "text": "ab"}),
        json!({"kind": "detokenize", "tokens": [3]}),
        json!({"kind": "apply_chat_template", "request": request}),
        json!({"kind": "count_tokens", "request": request}),
        json!({"kind": "logits", "tokens": [3]}),
    ] {
        let mut command = call;
        command["model"] = model.into();
        let ticket = world.submit(&command);
        assert!(event(&world, ticket).is_none(), "{command}");
        assert_eq!(world.next(ticket).unwrap()["kind"], "result", "{command}");
    }
}

#[test]
fn who_is_cancelled_meanwhile_ends_at_once() {
    let world = World::new();
    let model = world.load();
    let open = hold(&world);
    let tickets =
        [world.chat(model, &json!({})), world.submit(&json!({"kind": "tokenize", "model": model, "text": "a"}))];
    while_prepared(&world, open, || {
        for ticket in tickets {
            world.runtime.cancel(ticket, CancelReason::Signal);
        }
        assert_eq!(event(&world, tickets[0]).unwrap()["kind"], "cancelled");
        assert_eq!(event(&world, tickets[1]).unwrap()["error"]["code"], "cancelled");
    });
    world.turn();
    assert_eq!(tickets.map(|ticket| world.runtime.take(ticket)), [None, None]);
    assert_eq!(world.call(&json!({"kind": "stats", "model": model}))["value"]["queued"], 0);
}

#[test]
fn a_timeout_counts_from_the_call() {
    let world = World::new();
    let model = world.load();
    let open = hold(&world);
    let request = json!({"messages": [{"role": "user", "content": "a"}]});
    let command = json!({"kind": "chat", "model": model, "request": request, "timeoutMs": 50});
    let tickets = [world.submit(&command), world.submit(&command)];
    while_prepared(&world, open, || {
        world.runtime.step();
        assert_eq!(world.runtime.next_deadline(), Some(Duration::from_millis(50)));
        world.host.millis.store(51, Relaxed);
        world.runtime.step();
        for ticket in tickets {
            assert_eq!(event(&world, ticket).unwrap()["reason"], "timeout");
        }
        assert_eq!(world.runtime.next_deadline(), None);
    });
}

#[test]
fn who_closes_the_model_meanwhile_is_answered() {
    let world = World::new();
    let model = world.load();
    let open = hold(&world);
    let ticket = world.chat(model, &json!({}));
    while_prepared(&world, open, || {
        assert_eq!(world.call(&json!({"kind": "close", "model": model}))["kind"], "result");
    });
    let events = world.all(ticket);
    assert_eq!((events.len(), &events[0]["error"]["code"]), (1, &json!("engine_closed")));
}

#[test]
fn a_panic_ends_one_request() {
    let world = World::new();
    let model = world.load();
    let running = world.chat(model, &json!({}));
    let silent = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    world.turn();
    world.faults.text_panics.store(true, Relaxed);
    let events = world.all(world.chat(model, &json!({})));
    world.faults.text_panics.store(true, Relaxed);
    let tokenized = world.call(&json!({"kind": "tokenize", "model": model, "text": "a"}));
    std::panic::set_hook(silent);
    assert_eq!((events.len(), &events[0]["kind"]), (1, &json!("internal_error")));
    for error in [&events[0]["error"], &tokenized["error"]] {
        assert_eq!((&error["code"], &error["details"]["panic"]), (&json!("internal"), &json!("injected")));
    }
    assert!(!text(&world.all(running)).is_empty());
}

#[test]
fn first_come_first_served_whoever_prepares() {
    let world = World::new();
    let model = world.load();
    // All sequences are taken, and go on for 16 tokens, so that what follows waits in the engine's queue.
    let busy: Vec<u32> = (0..8).map(|_| world.chat(model, &json!({"ignoreEos": true}))).collect();
    while world.runtime.prepare_one() {}
    world.runtime.step();
    let open = hold(&world);
    let progress = json!({"promptProgress": true});
    let first = world.chat(model, &progress);
    let mut second = 0;
    while_prepared(&world, open, || {
        world.host.millis.fetch_add(1, Relaxed);
        second = world.chat(model, &progress);
        world.runtime.prepare_one();
        world.runtime.step();
        assert_eq!(event(&world, second).unwrap()["queuePosition"], 0);
    });
    world.runtime.step();
    assert_eq!(event(&world, first).unwrap()["queuePosition"], 0);
    assert_eq!(event(&world, second).unwrap()["queuePosition"], 1);
    drop(busy);
}

#[test]
fn a_queue_is_full_in_the_order_of_coming_in_and_before_any_work() {
    let world = World::new();
    let model = world.load_from("single");
    // In its slot for 16 tokens that nobody reads.
    let running = world.chat(model, &json!({"ignoreEos": true}));
    world.runtime.prepare_one();
    world.runtime.step();
    let open = hold(&world);
    let first = world.chat(model, &json!({}));
    while_prepared(&world, open, || {
        let second = world.chat(model, &json!({}));
        let third = event(&world, world.chat(model, &json!({}))).expect("at once");
        assert_eq!((&third["kind"], &third["error"]["code"]), (&json!("validation_error"), &json!("queue_full")));
        // Prepared before the first, and so what is left of the queue is not the first's.
        assert!(world.runtime.prepare_one());
        world.runtime.step();
        let queued = world.call(&json!({"kind": "stats", "model": model}))["value"]["queued"].clone();
        assert_eq!(queued, 2);
        world.runtime.cancel(second, CancelReason::Signal);
        let fourth = world.chat(model, &json!({}));
        assert!(event(&world, fourth).is_none(), "who leaves makes room at once");
        world.runtime.cancel(fourth, CancelReason::Signal);
    });
    world.runtime.cancel(running, CancelReason::Signal);
    assert_eq!(world.all(first).last().unwrap()["kind"], "done");
    assert_eq!(world.call(&json!({"kind": "stats", "model": model}))["value"]["queued"], 0);
}

#[test]
fn a_free_slot_is_no_place_in_the_queue() {
    let world = World::new();
    let model = world.load_from("single");
    let tickets = [(); 4].map(|()| world.chat(model, &json!({})));
    let ends: Vec<Value> = tickets.iter().map(|ticket| world.all(*ticket).pop().unwrap()["kind"].clone()).collect();
    assert_eq!(ends, ["done", "done", "done", "validation_error"], "one runs, two wait");
}

#[test]
fn long_texts_leave_a_thread_to_short_ones() {
    let world = World::new();
    let model = world.load();
    let long = |length| json!({"messages": [{"role": "user", "content": "a".repeat(length)}]});
    let texts: Vec<u32> = [300_000, 300_000]
        .map(|length| world.submit(&json!({"kind": "chat", "model": model, "request": long(length)})))
        .to_vec();
    let short = world.chat(model, &json!({}));
    assert!(world.runtime.prepare_one_short(), "the short one");
    assert!(!world.runtime.prepare_one_short(), "the long ones are not for it");
    world.runtime.step();
    assert_eq!(event(&world, short).unwrap()["kind"], "chunk");
    for ticket in texts {
        assert_eq!(world.all(ticket).last().unwrap()["error"]["code"], "context_overflow");
    }
}
