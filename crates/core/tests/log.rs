//! What a model tells of its life.

#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

mod fake;
mod world;

use std::sync::atomic::Ordering::Relaxed;

use fake::{BLOCK_BYTES, POISON};
use serde_json::{Value, json};
use wick_core::response::CancelReason;
use world::World;

struct Logged {
    world: World,
    model: u64,
    log: u32,
}

impl Logged {
    fn new(level: &str, options: &Value) -> Self {
        let world = World::new();
        let source = json!({"kind": "path", "path": "x"});
        let loaded = world.call(&json!({"kind": "load", "source": source, "options": options, "log": level}));
        let (model, log) = (loaded["model"].as_u64().unwrap(), loaded["log"].as_u64().unwrap() as u32);
        Self { world, model, log }
    }

    /// What lies in the log.
    fn entries(&self) -> Vec<Value> {
        let next = || self.world.runtime.take(self.log).map(|event| serde_json::from_str::<Value>(&event).unwrap());
        std::iter::from_fn(next)
            .take_while(|event| event["kind"] == "log")
            .map(|event| event["entry"].clone())
            .collect()
    }

    fn of(&self, event: &str) -> Vec<Value> {
        self.entries().into_iter().filter(|entry| entry["event"] == event).collect()
    }

    fn chat(&self, extra: &Value) -> u32 {
        self.world.chat(self.model, extra)
    }

    fn close(&self) {
        self.world.call(&json!({"kind": "close", "model": self.model}));
    }
}

fn events(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["event"].as_str().unwrap()).collect()
}

#[test]
fn the_life_of_a_request() {
    let logged = Logged::new("debug", &json!({}));
    let loaded = logged.entries();
    assert_eq!(events(&loaded), ["model_loaded"]);
    let expected = json!({
        "level": "info", "atMs": 0.0, "event": "model_loaded", "model": "fake", "threads": 1, "weightsBytes": 10,
        "kvCache": "f16", "kvMemoryBytes": 8 * 50 * BLOCK_BYTES, "contextLength": 200, "maxSequences": 8,
        "warnings": 0, "loadMs": 0.0, "message": loaded[0]["message"],
    });
    assert_eq!(loaded[0], expected);

    logged.world.host.millis.store(40, Relaxed);
    let ticket = logged.chat(&json!({"maxTokens": 5, "ignoreEos": true}));
    logged.world.host.millis.store(50, Relaxed);
    let done = logged.world.all(ticket).pop().unwrap();
    let entries = logged.entries();
    assert_eq!(events(&entries), ["request_accepted", "request_begun", "request_ended"]);
    assert!(entries.iter().all(|entry| entry["level"] == "debug" && entry["request"] == done["completion"]["id"]));
    let [accepted, begun, ended] = entries.try_into().unwrap();
    assert_eq!(
        (&accepted["promptTokens"], &accepted["choices"], &accepted["queued"]),
        (&json!(9), &json!(1), &json!(1))
    );
    assert_eq!((&begun["cachedTokens"], &begun["waitedMs"]), (&json!(0), &json!(10.0)));
    assert_eq!((&ended["outcome"], &ended["finishReasons"]), (&json!("done"), &json!(["length"])));
    assert_eq!((&ended["completionTokens"], &ended["ms"]), (&json!(5), &json!(10.0)));

    logged.world.all(logged.chat(&json!({"maxTokens": 1})));
    assert_eq!(logged.of("request_begun")[0]["cachedTokens"], 8, "the same prompt was there before");

    logged.chat(&json!({}));
    logged.world.turn();
    logged.close();
    let entries = logged.entries();
    assert_eq!(events(&entries[entries.len() - 2..]), ["request_ended", "model_closed"]);
    assert_eq!(entries[entries.len() - 2]["errorCode"], "engine_closed");
    logged.chat(&json!({}));
    logged.world.turn();
    assert_eq!(logged.entries(), Vec::<Value>::new(), "nothing after the end");
}

#[test]
fn ends_that_no_step_brings_about() {
    let logged = Logged::new("debug", &json!({}));
    logged.entries();
    let wrong = logged.chat(&json!({"messages": [{"role": "secret", "content": "x"}]}));
    logged.world.all(wrong);
    let cancelled = logged.chat(&json!({}));
    logged.world.runtime.cancel(cancelled, CancelReason::Signal);
    logged.world.runtime.cancel(cancelled, CancelReason::Cancel);
    let left = logged.chat(&json!({}));
    logged.world.runtime.release(left);
    logged.world.turn();
    let unread = logged.chat(&json!({"maxTokens": 1, "ignoreEos": true}));
    logged.world.turn();
    logged.world.runtime.cancel(unread, CancelReason::Cancel);
    let ends = logged.of("request_ended");
    let told: Vec<_> = ends.iter().map(|end| [&end["outcome"], &end["errorCode"], &end["reason"]]).collect();
    let nothing = &Value::Null;
    assert_eq!(told[0], [&json!("validation_error"), &json!("invalid_request"), nothing]);
    assert_eq!(told[1], [&json!("cancelled"), nothing, &json!("signal")]);
    assert_eq!(told[2], [&json!("cancelled"), nothing, &json!("disconnect")]);
    assert_eq!(told[3], [&json!("done"), nothing, nothing], "what the engine did, though its reader did not want it");
    assert_eq!(told.len(), 4, "each once");
}

#[test]
fn a_queue_that_is_full() {
    let logged = Logged::new("info", &json!({"maxSequences": 1, "maxQueue": 1}));
    logged.entries();
    let tickets: Vec<u32> = (0..4).map(|_| logged.chat(&json!({"ignoreEos": true}))).collect();
    let ends: Vec<Value> = tickets.iter().filter_map(|ticket| logged.world.all(*ticket).pop()).collect();
    let refused = ends.iter().filter(|end| end["error"]["code"] == "queue_full").count();
    let entries = logged.entries();
    assert!(refused > 0 && entries.len() == refused, "{entries:?}");
    assert!(entries.iter().all(|entry| entry["event"] == "queue_full" && entry["level"] == "warn"));
    assert!(entries[0]["request"].as_str().unwrap().starts_with("chatcmpl-"));
}

/// Two answers that together need more blocks than there are.
fn squeeze(logged: &Logged) {
    let tickets = ["ab", "ba"]
        .map(|content| logged.chat(&json!({"messages": [{"role": "user", "content": content}], "ignoreEos": true})));
    for ticket in tickets {
        assert_eq!(logged.world.all(ticket).pop().unwrap()["kind"], "done");
    }
}

#[test]
fn a_sequence_that_makes_room_and_goes_on() {
    let logged = Logged::new("debug", &json!({"kvMemoryBytes": 22 * BLOCK_BYTES}));
    squeeze(&logged);
    logged.world.turn();
    let entries = logged.entries();
    let named = |event: &str| entries.iter().filter(|entry| entry["event"] == event).collect::<Vec<_>>();
    let (preempted, resumed) = (named("sequence_preempted"), named("sequence_resumed"));
    assert!(!preempted.is_empty() && preempted.len() == resumed.len(), "{:?}", events(&entries));
    assert_eq!((&preempted[0]["level"], &preempted[0]["preemptions"]), (&json!("info"), &json!(1)));
    assert!(
        preempted.iter().skip(1).all(|again| again["request"] != preempted[0]["request"] || again["level"] == "debug")
    );
    assert!(preempted[0]["blocks"].as_u64() > Some(0) && preempted[0]["tokens"].as_u64() > Some(0));
    assert_eq!(resumed[0]["request"], preempted[0]["request"]);
    // What the one who made room had kept was taken block by block, and is told in one.
    let evicted = named("cache_evicted");
    assert!(evicted.len() == 1 && evicted[0]["blocks"].as_u64() > Some(1), "{evicted:?}");

    let quiet = Logged::new("info", &json!({"kvMemoryBytes": 22 * BLOCK_BYTES}));
    squeeze(&quiet);
    assert_eq!(events(&quiet.entries()), ["model_loaded", "sequence_preempted"]);
}

#[test]
fn a_step_that_fails_and_one_that_cannot() {
    let logged = Logged::new("info", &json!({}));
    logged.entries();
    logged.world.faults.poisoned.store(true, Relaxed);
    let complete = |prompt: Value| {
        let request = json!({"prompt": prompt, "maxTokens": 3, "logitBias": {POISON.to_string(): -100}});
        logged.world.submit(&json!({"kind": "completion", "model": logged.model, "request": request}))
    };
    let (healthy, poisoned) = (complete(json!([3, 4, 5])), complete(json!([3, POISON])));
    assert_eq!(logged.world.all(poisoned).pop().unwrap()["kind"], "completion_model_error");
    assert_eq!(logged.world.all(healthy).pop().unwrap()["kind"], "completion_done");
    let entries = logged.entries();
    let (failed, ended) = (&entries[0], &entries[1]);
    assert_eq!(events(&entries[..2]), ["step_failed", "request_ended"]);
    assert_eq!((&failed["sequences"], &failed["errorCode"]), (&json!(2), &json!("out_of_memory")));
    assert_eq!((&ended["level"], &ended["outcome"]), (&json!("warn"), &json!("model_error")));
    assert_eq!(ended["errorCode"], "out_of_memory");
}

#[test]
fn memory_that_cannot_grow() {
    let logged = Logged::new("info", &json!({}));
    logged.world.all(logged.chat(&json!({"maxTokens": 20, "ignoreEos": true})));
    logged.entries();
    *logged.world.faults.no_memory.lock().unwrap() = true;
    let other = json!({"messages": [{"role": "user", "content": "ddd"}], "maxTokens": 30, "ignoreEos": true});
    logged.world.all(logged.chat(&other));
    let told = logged.of("kv_growth_failed");
    assert_eq!(told.len(), 1, "once: {told:?}");
    assert!(told[0]["blocks"].as_u64() > Some(0) && told[0]["limit"] == json!(8 * 50));
}

#[test]
fn an_engine_that_broke() {
    let logged = Logged::new("debug", &json!({}));
    logged.entries();
    let ticket = logged.chat(&json!({}));
    logged.world.call(&json!({"kind": "fault", "fault": "step_panic", "model": logged.model}));
    assert_eq!(logged.world.all(ticket).pop().unwrap()["kind"], "internal_error");
    let entries = logged.entries();
    let broke = entries.iter().find(|entry| entry["event"] == "engine_failed").unwrap();
    assert_eq!((&broke["level"], &broke["errorCode"]), (&json!("error"), &json!("engine_failed")));
    assert_eq!((&broke["panic"], &broke["ended"]), (&json!("a fault was injected"), &json!(1)));
    assert!(broke["message"].as_str().unwrap().contains("a fault was injected"));
    let ended = entries.last().unwrap();
    assert_eq!((&ended["event"], &ended["level"]), (&json!("request_ended"), &json!("debug")), "told above");
    logged.close();
    assert_eq!(events(&logged.entries()), ["model_closed"]);
}

#[test]
fn no_text_of_a_request_is_ever_in_it() {
    let logged = Logged::new("debug", &json!({"kvMemoryBytes": 22 * BLOCK_BYTES, "maxQueue": 2}));
    // Letters that are tokens, so that the prompt decodes to it.
    let secret = "fdecab";
    let about = |extra: Value| {
        let mut request = extra;
        request["messages"] = json!([{"role": "user", "content": secret}]);
        request
    };
    let tickets: Vec<u32> = [
        json!({"ignoreEos": true}),
        json!({"n": 2, "temperature": 1, "randomSeed": 1}),
        json!({"stop": [secret], "ignoreEos": true}),
        json!({secret: 1}),
        json!({"templateKwargs": {secret: secret}}),
        json!({"temperature": secret}),
        json!({}),
        json!({}),
        json!({}),
    ]
    .into_iter()
    .map(|extra| logged.chat(&about(extra)))
    .collect();
    let mut answers = String::new();
    for ticket in tickets {
        for event in logged.world.all(ticket) {
            answers.push_str(event["choices"][0]["delta"]["content"].as_str().unwrap_or_default());
        }
    }
    logged.world.faults.panic_at.store(logged.world.faults.steps.load(Relaxed) + 1, Relaxed);
    logged.world.all(logged.chat(&about(json!({}))));
    logged.close();
    let entries = logged.entries();
    let mut kinds = events(&entries);
    kinds.sort_unstable();
    kinds.dedup();
    assert!(kinds.len() >= 8 && answers.len() > 100, "{kinds:?}");
    for entry in entries {
        let text = entry.to_string();
        assert!(!text.contains(secret), "{text}");
        // Nor an answer's: no eight bytes of it.
        let pieces = answers.as_bytes().windows(8).filter_map(|piece| std::str::from_utf8(piece).ok());
        assert!(pieces.into_iter().all(|piece| !text.contains(piece)), "{text}");
    }
}

#[test]
fn nobody_asked_for_one() {
    let world = World::new();
    let load = |log: Value| {
        let source = json!({"kind": "path", "path": "x"});
        world.call(&json!({"kind": "load", "source": source, "log": log}))
    };
    assert_eq!(load(Value::Null).get("log"), None);
    assert_eq!(load(json!("all"))["error"]["where"], "logLevel");
}

#[test]
fn the_reader_is_rung_for_and_its_ticket_ends() {
    let logged = Logged::new("info", &json!({}));
    logged.entries();
    logged.world.runtime.woken(logged.world.client);
    let rings = logged.world.host.rings.load(Relaxed);
    let ticket = logged.world.submit(&json!({"kind": "close", "model": logged.model}));
    logged.world.turn();
    assert!(logged.world.host.rings.load(Relaxed) > rings);
    assert!(logged.world.runtime.woken(logged.world.client).contains(&logged.log));
    logged.world.runtime.release(ticket);
    let take = || logged.world.runtime.take(logged.log).map(|event| serde_json::from_str::<Value>(&event).unwrap());
    assert_eq!(take().unwrap()["entry"]["event"], "model_closed");
    assert_eq!((take(), take()), (Some(json!({"kind": "result", "value": null})), None));
}
