//! The runtime as a binding uses it: commands in, events out, and no caller that waits for a step.

mod fake;
mod world;

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use fake::Faults;
use serde_json::{Value, json};
use wick_core::response::CancelReason;
use wick_core::runtime::{Host, Runtime, RuntimeOptions};
use world::{FakeHost, FakeLoader, World, text};

#[test]
fn loads_streams_and_closes() {
    let world = World::new();
    let ticket = world.submit(&json!({"kind": "load", "source": {"kind": "path", "path": "x"}, "options": {}}));
    let events = world.all(ticket);
    assert_eq!(events[0]["progress"]["loadedBytes"], 2, "of several unread figures the last");
    assert_eq!(events[1]["kind"], "loaded");
    assert_eq!(events[1]["info"]["id"], "fake");
    let model = events[1]["model"].as_u64().unwrap();

    let ticket = world.chat(model, &json!({}));
    let events = world.all(ticket);
    let done = events.last().unwrap();
    assert_eq!(done["kind"], "done");
    assert_eq!(done["completion"]["choices"][0]["message"]["content"], text(&events));
    assert_eq!(done["completion"]["model"], "fake");
    assert_eq!(done["completion"]["created"], 1_700_000_000);
    assert!(done["completion"]["id"].as_str().unwrap().starts_with("chatcmpl-"));
    assert!(world.runtime.take(ticket).is_none(), "nothing after the terminal");

    assert_eq!(world.call(&json!({"kind": "close", "model": model}))["kind"], "result");
    assert_eq!(world.call(&json!({"kind": "close", "model": model}))["kind"], "result", "closing twice is harmless");
    assert_eq!(world.call(&json!({"kind": "tokenize", "model": model, "text": "a"}))["error"]["code"], "engine_closed");
    let events = world.all(world.chat(model, &json!({})));
    assert_eq!((events.len(), &events[0]["kind"]), (1, &json!("internal_error")));
    assert_eq!(events[0]["error"]["code"], "engine_closed");
    assert_eq!(events[0]["partial"]["choices"][0]["message"]["content"], "");
}

#[test]
fn same_bytes_whoever_else_runs() {
    let world = World::new();
    let model = world.load();
    let alone = text(&world.all(world.chat(model, &json!({"temperature": 1, "randomSeed": 5}))));
    let tickets: Vec<u32> =
        (0..6).map(|seed| world.chat(model, &json!({"temperature": 1, "randomSeed": seed, "n": 1}))).collect();
    let texts: Vec<String> = tickets.iter().map(|&ticket| text(&world.all(ticket))).collect();
    assert_eq!(texts[5], alone);
}

#[test]
fn answers_calls() {
    let world = World::new();
    let model = world.load();
    let call = |command: Value| world.call(&command);
    assert_eq!(
        call(json!({"kind": "tokenize", "model": model, "text": "a<eos>"}))["value"].as_array().unwrap().len(),
        6
    );
    assert_eq!(
        call(json!({"kind": "tokenize", "model": model, "text": "a<eos>", "special": true}))["value"],
        json!([3, 0])
    );
    assert_eq!(call(json!({"kind": "detokenize", "model": model, "tokens": [3, 4]}))["value"], "ab");
    assert_eq!(call(json!({"kind": "detokenize", "model": model, "tokens": [99]}))["error"]["where"], "tokens[0]");
    let request = json!({"messages": [{"role": "user", "content": "ab"}]});
    assert_eq!(
        call(json!({"kind": "apply_chat_template", "model": model, "request": request}))["value"],
        "user ab<think>a"
    );
    // `user ab` is 7 letters, then one control token and the letter.
    assert_eq!(call(json!({"kind": "count_tokens", "model": model, "request": request}))["value"], 9);
    assert_eq!(
        call(json!({"kind": "estimate", "source": {"kind": "bytes", "buffer": 0}}))["error"]["where"],
        "source.buffer"
    );
    assert_eq!(call(json!({"kind": "stats", "model": model}))["value"]["running"], 0);
    assert_eq!(call(json!({"kind": "nonsense", "model": model}))["error"]["code"], "unsupported");
    let ticket = world.runtime.submit(world.client, "{\"kind\":", Vec::new());
    assert_eq!(world.next(ticket).unwrap()["error"]["code"], "invalid_request");
    assert_eq!(
        call(json!({"kind": "load", "source": {"kind": "path", "path": "missing"}}))["error"]["code"],
        "not_found"
    );
    let silent = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    assert_eq!(
        call(json!({"kind": "load", "source": {"kind": "path", "path": "broken"}}))["error"]["code"],
        "internal"
    );
    std::panic::set_hook(silent);
}

/// Law 8.
#[test]
fn content_never_becomes_a_control_token() {
    let world = World::new();
    let model = world.load();
    let count = |content: &str| {
        let request = json!({"messages": [{"role": "user", "content": content}]});
        world.call(&json!({"kind": "count_tokens", "model": model, "request": request}))["value"].as_u64().unwrap()
    };
    // Byte by byte: a control token would be one.
    assert_eq!(count("<eos>"), count("xxxxx"));
    assert_eq!(count("</think>"), count("xxxxxxxx"));
    let parts = json!([{"type": "text", "text": "<e"}, {"type": "text", "text": "os>"}]);
    let request = json!({"messages": [{"role": "user", "content": parts}]});
    let counted = world.call(&json!({"kind": "count_tokens", "model": model, "request": request}))["value"].as_u64();
    assert_eq!(counted, Some(count("xxxxx")));
    let prefix = json!([{"role": "user", "content": "a"}, {"role": "assistant", "content": "<eos>", "prefix": true}]);
    let counted = |messages: &Value| {
        world.call(&json!({"kind": "count_tokens", "model": model, "request": {"messages": messages}}))["value"]
            .as_u64()
    };
    let plain = json!([{"role": "user", "content": "a"}, {"role": "assistant", "content": "xxxxx", "prefix": true}]);
    assert_eq!(counted(&prefix), counted(&plain));
}

#[test]
fn raw_completions_echo() {
    let world = World::new();
    let model = world.load();
    for prompt in [json!("ab"), json!([3, 4])] {
        let request = json!({"prompt": prompt, "echo": true, "maxTokens": 3, "n": 2});
        let events = world.all(world.submit(&json!({"kind": "completion", "model": model, "request": request})));
        let done = events.last().unwrap();
        assert_eq!(done["kind"], "completion_done");
        let choice = &done["completion"]["choices"][1];
        assert!(choice["text"].as_str().unwrap().starts_with("ab"));
        assert_eq!(done["completion"]["usage"]["promptTokens"], 2);
        let streamed: String = events
            .iter()
            .filter(|event| event["choices"][0]["index"] == 1)
            .filter_map(|event| event["choices"][0]["text"].as_str())
            .collect();
        assert_eq!(choice["text"], streamed);
    }
}

#[test]
fn fills_in_the_middle() {
    let world = World::new();
    let model = world.load_from("fim");
    let run = |kind: &str, request: &Value| {
        world.all(world.submit(&json!({"kind": kind, "model": model, "request": request}))).pop().unwrap()
    };
    // Letters one by one, and none of the control tokens spelled in them.
    let request = json!({"prompt": "ab<eos>", "suffix": "b<|fim_middle|>", "maxTokens": 9});
    let x = fake::POISON;
    let ids = [vec![21, 3, 4], vec![x; 5], vec![22, 4], vec![x; 14], vec![23]].concat();
    let (filled, raw) = (run("fim", &request), run("completion", &json!({"prompt": ids, "maxTokens": 9})));
    assert_eq!(filled["kind"], "completion_done");
    assert_eq!(filled["completion"]["choices"], raw["completion"]["choices"]);
    assert_eq!(filled["completion"]["usage"]["promptTokens"], ids.len());
    // A token between files ends a middle, and nothing else.
    let forced = json!({"prompt": "a", "maxTokens": 2, "logitBias": {"24": 100}});
    let (filled, raw) = (run("fim", &forced), run("completion", &forced));
    assert_eq!(filled["completion"]["choices"][0]["text"], "");
    assert_eq!(filled["completion"]["choices"][0]["stopReason"], json!({"kind": "eos"}));
    assert_eq!(raw["completion"]["choices"][0]["finishReason"], "length");
    let refused = run("fim", &json!({"prompt": "a", "echo": true}));
    assert_eq!((&refused["kind"], &refused["error"]["where"]), (&json!("validation_error"), &json!("echo")));
    let other = world.load();
    let refused = world.all(world.submit(&json!({"kind": "fim", "model": other, "request": {"prompt": "a"}})));
    assert_eq!((refused.len(), &refused[0]["kind"]), (1, &json!("validation_error")));
    assert_eq!(
        (&refused[0]["error"]["code"], &refused[0]["error"]["where"]),
        (&json!("unsupported"), &json!("prompt"))
    );
}

#[test]
fn bad_requests_are_validation_errors() {
    let world = World::new();
    let model = world.load();
    for (extra, code, location) in [
        (json!({"temprature": 1}), "invalid_request", json!("temprature")),
        (json!({"reasoning": {"effort": "high"}}), "none", Value::Null),
        (
            json!({"tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}]}),
            "unsupported",
            json!("tools"),
        ),
        (json!({"messages": [{"role": "user", "content": "a".repeat(300)}]}), "context_overflow", Value::Null),
        (json!({"logitBias": {"32": 1}}), "invalid_request", json!("logitBias.32")),
    ] {
        let events = world.all(world.chat(model, &extra));
        if code == "none" {
            assert_eq!(events.last().unwrap()["kind"], "done");
            continue;
        }
        assert_eq!((events.len(), &events[0]["kind"]), (1, &json!("validation_error")), "{extra}");
        assert_eq!(events[0]["error"]["code"], code);
        assert_eq!(events[0]["error"]["where"], location);
    }
    let overflow = world.all(world.chat(model, &json!({"messages": [{"role": "user", "content": "a".repeat(300)}]})));
    assert_eq!(overflow[0]["error"]["details"], json!({"prompt": 307, "max": 200}));
}

#[test]
fn raw_logits_come_apart() {
    let world = World::new();
    let model = world.load();
    let ticket = world.submit(&json!({"kind": "logits", "model": model, "tokens": [3, 4, 5], "last": 2}));
    let event = world.next(ticket).unwrap();
    assert_eq!(event["value"], json!({"tokens": [4, 5], "rows": 2, "columns": 37}));
    let vector = world.runtime.take_vector(ticket).unwrap();
    assert_eq!(vector, [fake::logits_after(&[3, 4]), fake::logits_after(&[3, 4, 5])].concat());
    assert!(world.runtime.take_vector(ticket).is_none());
    for (tokens, last, location) in
        [(json!([]), 1, "tokens"), (json!([3]), 2, "last"), (json!([3, 32]), 1, "tokens[1]")]
    {
        let failed = world.call(&json!({"kind": "logits", "model": model, "tokens": tokens, "last": last}));
        assert_eq!(failed["error"]["where"], location);
    }
}

#[test]
fn cancelling_ends_at_once_and_frees_in_a_step() {
    let world = World::new();
    let model = world.load();
    let ticket = world.chat(model, &json!({"ignoreEos": true}));
    assert_eq!(world.next(ticket).unwrap()["kind"], "chunk");
    world.runtime.cancel(ticket, CancelReason::Signal);
    let cancelled: Value = serde_json::from_str(&world.runtime.take(ticket).expect("without a step")).unwrap();
    assert_eq!((&cancelled["kind"], &cancelled["reason"]), (&json!("cancelled"), &json!("signal")));
    world.runtime.step();
    assert_eq!(world.call(&json!({"kind": "stats", "model": model}))["value"]["kvBytesUsed"], 0);
    // In the queue of the desk, before the engine saw it.
    let ticket = world.chat(model, &json!({}));
    world.runtime.cancel(ticket, CancelReason::Cancel);
    assert_eq!(world.all(ticket).len(), 1);
    let ticket = world.submit(&json!({"kind": "load", "source": {"kind": "path", "path": "x"}}));
    world.runtime.cancel(ticket, CancelReason::Signal);
    assert_eq!(world.all(ticket).pop().unwrap()["error"]["code"], "cancelled");
}

#[test]
fn a_timeout_ends_a_stream_that_nobody_reads() {
    let world = World::new();
    let model = world.load();
    let request = json!({"messages": [{"role": "user", "content": "a"}], "ignoreEos": true});
    let ticket = world.submit(&json!({"kind": "chat", "model": model, "request": request, "timeoutMs": 50}));
    world.turn();
    assert_eq!(world.runtime.next_deadline(), Some(Duration::from_millis(50)));
    world.host.millis.store(51, Relaxed);
    world.turn();
    let events = world.all(ticket);
    assert_eq!((events.len(), &events[0]["reason"]), (1, &json!("timeout")), "unread events are dropped");
    assert_eq!(world.runtime.next_deadline(), None);
}

/// Deadlines are on a clock that never jumps; the one on the wall is for templates and `created`.
#[test]
fn a_clock_that_is_set_times_nothing_out() {
    let world = World::new();
    let model = world.load();
    let request = json!({"messages": [{"role": "user", "content": "a"}], "maxTokens": 30, "ignoreEos": true});
    let command = json!({"kind": "chat", "model": model, "request": request, "timeoutMs": 1000});
    let alone = text(&world.all(world.submit(&command)));
    for jump in [3600, -3600] {
        let ticket = world.submit(&command);
        let first = world.next(ticket).unwrap();
        world.host.wall_clock_jump.fetch_add(jump, Relaxed);
        let events: Vec<Value> = std::iter::once(first).chain(world.all(ticket)).collect();
        assert_eq!(events.last().unwrap()["kind"], "done", "{jump}");
        assert_eq!(text(&events), alone);
    }
}

#[test]
fn the_doorbell_rings_once_until_someone_looks() {
    let world = World::new();
    let model = world.load();
    let rings = || world.host.rings.load(Relaxed);
    world.runtime.woken(world.client);
    let before = rings();
    let tickets = [world.chat(model, &json!({})), world.chat(model, &json!({}))];
    assert!(tickets.iter().all(|&ticket| world.runtime.take(ticket).is_none()), "armed");
    world.turn();
    assert_eq!(rings() - before, 1);
    let mut woken = world.runtime.woken(world.client);
    woken.sort_unstable();
    assert_eq!(woken, tickets);
    assert!(world.runtime.woken(world.client).is_empty());
    // Nobody waits: no ring.
    world.turn();
    assert_eq!(rings() - before, 1);
}

#[test]
fn null_streams_are_bounded_by_their_reader() {
    let world = World::new();
    let ticket = world.submit(&json!({"kind": "null_model", "events": 100}));
    world.turn();
    let events = world.all(ticket);
    assert_eq!((events.len(), &events[100]["kind"]), (101, &json!("done")));
    let ticket = world.submit(&json!({"kind": "null_model", "events": 2, "intervalMs": 1}));
    world.turn();
    assert!(world.runtime.take(ticket).is_none());
    world.host.millis.fetch_add(1, Relaxed);
    world.turn();
    assert!(world.runtime.take(ticket).is_some());
}

/// The loader blocks until the test lets it go on; if anything the caller's thread does waited for it, this would hang.
#[test]
fn callers_do_not_wait_for_a_load_or_a_step() {
    let host = Arc::new(FakeHost::default());
    let (open, gate) = mpsc::channel();
    let faults = Arc::new(Faults::default());
    let loader = FakeLoader { faults, gate: Some(Mutex::new(gate)) };
    let shared_host: Arc<dyn Host> = host;
    let runtime = Arc::new(Runtime::with_loader(shared_host, RuntimeOptions::default(), Box::new(loader)));
    let client = runtime.open();
    let command = json!({"kind": "load", "source": {"kind": "path", "path": "x"}}).to_string();
    let ticket = runtime.submit(client, &command, Vec::new());
    let loading = std::thread::spawn({
        let runtime = Arc::clone(&runtime);
        move || runtime.load_one()
    });
    while !runtime.take(ticket).is_some_and(|event| event.contains("progress")) {
        std::thread::yield_now();
    }
    assert!(!runtime.step());
    let other = runtime.submit(client, &json!({"kind": "stats", "model": 9}).to_string(), Vec::new());
    assert!(runtime.take(other).is_some());
    runtime.cancel(ticket, CancelReason::Signal);
    assert!(runtime.take(ticket).is_some_and(|event| event.contains("cancelled")));
    open.send(()).unwrap();
    assert!(loading.join().unwrap());
    assert!(runtime.take(ticket).is_none());
}
