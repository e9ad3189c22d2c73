//! Speculation on the demo model: the same bits with and without, in fewer steps, and nothing of it left behind.

#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

mod model_world;
mod plain_host;

use model_world::World;
use serde_json::{Value, json};
use wick_core::response::CancelReason;

const REPEAT: &str = "Repeat: ripen slips packages fresh helium elliptic radio nobody punishment";

/// Answers that repeat the prompt or themselves, and answers that do not; everything that a draw depends on.
fn requests() -> Vec<Value> {
    let user = |content: &str| json!([{"role": "user", "content": content}]);
    let code = "Show me TypeScript code that parses a number from text.";
    let mut requests = vec![
        json!({"messages": user(REPEAT)}),
        json!({"messages": user("Repeat this 3 times: B24gPNXo"), "stop": ["B24gPNXo\nB24"], "minTokens": 9}),
        json!({"messages": user(code), "temperature": 0.7, "topP": 0.9}),
        json!({"messages": user("Count from 1 to 139."), "maxTokens": 77}),
        json!({"messages": user("Write a poem."), "temperature": 1, "n": 3}),
        json!({"messages": user(REPEAT), "repetitionPenalty": 1.3, "frequencyPenalty": 0.5, "presencePenalty": 0.4}),
        json!({"messages": user(REPEAT), "dry": {"multiplier": 0.8}, "logitBias": {"300": 4, "301": -100}}),
        json!({"messages": user("List the letters of the alphabet."), "temperature": 1.4, "topK": 30, "minP": 0.02}),
        json!({"messages": user("Sort these numbers: 39, 89, 68"), "ignoreEos": true, "maxTokens": 120}),
        json!({"messages": user("yes"), "ignoreEos": true, "temperature": 0.2, "maxTokens": 150, "n": 2}),
    ];
    for (request, seed) in requests.iter_mut().zip(1..) {
        let mut set = |name: &str, value: Value| {
            request.as_object_mut().unwrap().entry(name).or_insert(value);
        };
        set("temperature", 0.into());
        set("randomSeed", seed.into());
        set("maxTokens", 60.into());
        set("logprobs", true.into());
        set("topLogprobs", 2.into());
    }
    requests
}

fn ngram(options: &Value) -> Value {
    json!({"ngram": options})
}

#[test]
fn the_same_bits_with_and_without() {
    let requests = requests();
    let plain = json!({"backend": "cpu", "threads": 1, "contextLength": 512});
    let world = World::new(&plain);
    let mut expected: Vec<Value> =
        requests.iter().flat_map(|request| world.answers(std::slice::from_ref(request))).collect();
    let drafts = |end: &Value| end["completion"]["timings"]["draftedTokens"].as_u64().unwrap_or_default();
    assert!(expected.iter().all(|end| drafts(end) == 0), "off is the default");
    let block_bytes = world.stats()["kvBytesTotal"].as_u64().unwrap() / (8 * 16);
    let several = [
        json!({"speculation": "ngram"}),
        json!({"speculation": ngram(&json!({"minMatch": 1, "maxMatch": 1, "maxTokens": 64})), "readAhead": 70}),
        json!({"speculation": ngram(&json!({"minMatch": 1})), "readAhead": 3, "threads": 2, "prefillChunk": 7}),
        json!({"speculation": ngram(&json!({"minMatch": 1})), "maxSequences": 3}),
        // 8 blocks: fewer than the requests need together, so that most lose theirs again and again.
        json!({"speculation": ngram(&json!({"minMatch": 1})), "contextLength": 256, "kvMemoryBytes": 8 * block_bytes}),
    ];
    for mut options in several {
        options["backend"] = "cpu".into();
        options.as_object_mut().unwrap().entry("contextLength").or_insert(512.into());
        let world = World::new(&options);
        let alone: Vec<Value> =
            requests.iter().flat_map(|request| world.answers(std::slice::from_ref(request))).collect();
        assert_eq!(alone, expected, "alone {options}");
        assert_eq!(world.answers(&requests), expected, "all at once {options}");
        expected.reverse();
        assert_eq!(world.answers(&requests.iter().rev().cloned().collect::<Vec<_>>()), expected, "backwards {options}");
        expected.reverse();
        let stats = world.stats();
        assert_eq!((&stats["running"], &stats["kvBytesUsed"]), (&json!(0), &json!(0)), "{options}");
    }
}

/// Wherever an answer is cut, and whatever is drawn.
#[test]
fn the_same_bits_at_every_length_and_seed() {
    let plain = World::new(&json!({"backend": "cpu", "threads": 1, "contextLength": 96}));
    let drafting =
        json!({"backend": "cpu", "threads": 1, "contextLength": 96, "speculation": ngram(&json!({"minMatch": 1}))});
    let drafting = World::new(&drafting);
    for case in 0..60 {
        let request = json!({
            "messages": [{"role": "user", "content": REPEAT}], "randomSeed": case, "logprobs": true,
            "temperature": f64::from(case % 4) * 0.4, "maxTokens": (case % 3 > 0).then_some(1 + case),
            "ignoreEos": case % 2 == 0, "n": 1 + case % 2,
        });
        let mut request = request;
        request.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let request = [request];
        assert_eq!(drafting.answers(&request), plain.answers(&request), "{request:?}");
    }
}

struct Run {
    tokens: u64,
    steps: usize,
    drafted: u64,
    accepted: u64,
}

fn run(world: &World, request: &Value) -> Run {
    world.all(&[json!({"kind": "trace", "model": world.model})]);
    let end = world.all(&[json!({"kind": "chat", "model": world.model, "request": request})]).remove(0);
    let steps = world.all(&[json!({"kind": "trace", "model": world.model})]).remove(0);
    let (usage, timings) = (&end["completion"]["usage"], &end["completion"]["timings"]);
    let steps = steps["value"].as_array().unwrap().iter();
    Run {
        tokens: usage["completionTokens"].as_u64().unwrap(),
        steps: steps.filter(|step| step["sampled"].as_u64() > Some(0)).count(),
        drafted: timings["draftedTokens"].as_u64().unwrap_or_default(),
        accepted: timings["acceptedTokens"].as_u64().unwrap_or_default(),
    }
}

#[test]
fn what_repeats_itself_takes_fewer_steps() {
    let world = World::new(&json!({"backend": "cpu", "speculation": "ngram"}));
    let request = json!({"messages": [{"role": "user", "content": REPEAT}], "temperature": 0});
    let Run { tokens, steps, drafted, accepted } = run(&world, &request);
    assert!(2 * steps as u64 <= tokens, "{steps} steps for {tokens} tokens");
    // Each step draws one token more than it accepts, but the last may accept the end.
    assert!(
        (0..=1).contains(&(steps as u64 + accepted - tokens)),
        "{tokens} tokens, {steps} steps, {accepted} accepted"
    );
    assert!(drafted >= accepted && 2 * accepted >= drafted, "{accepted} of {drafted}");
}

/// What is drawn hot is mostly not what was said before: drafts become rare.
#[test]
fn what_does_not_repeat_itself_is_hardly_drafted() {
    let world = World::new(&json!({"backend": "cpu", "speculation": ngram(&json!({"minMatch": 1}))}));
    let messages = json!([{"role": "user", "content": "Write a short story about Mia the fox."}]);
    let request = json!({"messages": messages, "temperature": 2, "maxTokens": 300, "ignoreEos": true, "randomSeed": 4});
    let Run { tokens, drafted, accepted, .. } = run(&world, &request);
    assert!(drafted > accepted, "it goes on trying");
    assert!(drafted - accepted < tokens / 4, "{drafted} drafted and {accepted} accepted of {tokens}");
}

#[test]
fn a_cancelled_answer_leaves_no_block() {
    let world = World::new(&json!({"backend": "cpu", "speculation": "ngram"}));
    let request = json!({"messages": [{"role": "user", "content": REPEAT}], "temperature": 0, "n": 2});
    let command = json!({"kind": "chat", "model": world.model, "request": request}).to_string();
    for steps in 0..14 {
        let ticket = world.runtime.submit(world.client, &command, Vec::new());
        while world.runtime.prepare_one() {}
        for _ in 0..steps {
            world.runtime.step();
        }
        world.runtime.cancel(ticket, CancelReason::Signal);
        world.runtime.step();
        let stats = world.stats();
        assert_eq!((&stats["running"], &stats["kvBytesUsed"]), (&json!(0), &json!(0)), "after {steps} steps");
        world.runtime.release(ticket);
    }
}

#[test]
fn candle_drafts_too() {
    // It promises no bits in company; greedy and in f32 rounding decides nothing.
    let options = json!({"backend": "candle", "kvCache": "f32"});
    let plain = World::new(&options);
    let drafting = World::new(&json!({"backend": "candle", "kvCache": "f32", "speculation": "ngram"}));
    let request = json!({"messages": [{"role": "user", "content": REPEAT}], "temperature": 0});
    assert_eq!(drafting.answers(std::slice::from_ref(&request)), plain.answers(std::slice::from_ref(&request)));
    let Run { tokens, steps, .. } = run(&drafting, &request);
    assert!(2 * steps as u64 <= tokens, "{steps} steps for {tokens} tokens");
}
