//! The demo model on `CpuBackend`: a request says the same, bit for bit, whoever runs beside it, however little memory
//! there is, whatever was asked before, in chunks of any size and on any number of threads.

#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

mod model_world;
mod plain_host;

use model_world::World;
use serde_json::{Value, json};

/// Long and short prompts, some with the same beginning; greedy and hot; with log-probabilities, so that bits show.
fn requests() -> Vec<Value> {
    let system = "You are a helpful assistant who answers in short sentences and never forgets what was said before.";
    let long = "The quick brown fox jumps over the lazy dog. ".repeat(9);
    let mut requests: Vec<Value> = ["Tell me a story.", "What is the capital of France?", "How does a compiler work?"]
        .iter()
        .enumerate()
        .flat_map(|(index, question)| {
            let messages = json!([{"role": "system", "content": system}, {"role": "user", "content": question}]);
            [0.0, 0.9].map(|temperature| {
                json!({"messages": messages, "temperature": temperature, "randomSeed": index, "maxTokens": 60})
            })
        })
        .collect();
    requests.push(json!({
        "messages": [{"role": "user", "content": format!("{long} What was that about?")}],
        "temperature": 1.2, "randomSeed": 9, "maxTokens": 40, "ignoreEos": true,
    }));
    requests.push(json!({
        "messages": [{"role": "user", "content": "Write a poem."}], "n": 3, "temperature": 1, "randomSeed": 3,
        "maxTokens": 40,
    }));
    for request in &mut requests {
        request["logprobs"] = true.into();
        request["topLogprobs"] = 3.into();
    }
    requests
}

fn alone(requests: &[Value], kv_cache: &str) -> Vec<Value> {
    let fresh = |request: &Value| {
        let options = json!({"backend": "cpu", "threads": 1, "kvCache": kv_cache});
        World::new(&options).answers(std::slice::from_ref(request)).remove(0)
    };
    requests.iter().map(fresh).collect()
}

#[test]
fn the_same_bits_in_every_company() {
    let usual = [
        json!({}),
        json!({"threads": 3, "prefillChunk": 7}),
        json!({"maxSequences": 3, "readAhead": 1}),
        json!({"speculation": {"ngram": {"minMatch": 1}}}),
    ];
    check("f16", &usual);
    check("q8", &[json!({"threads": 2, "prefillChunk": 33})]);
}

/// Under each of `several` options, and with little memory.
fn check(kv_cache: &str, several: &[Value]) {
    let requests = requests();
    let expected = alone(&requests, kv_cache);
    // 256 positions are 8 blocks: fewer than the requests need together, so that most lose theirs again and again.
    let little = json!({"contextLength": 256, "kvMemoryBytes": 8 * block_bytes(kv_cache)});
    for options in several.iter().chain([&little]) {
        let mut options = options.clone();
        options["backend"] = "cpu".into();
        options["kvCache"] = kv_cache.into();
        let world = World::new(&options);
        assert_eq!(world.answers(&requests), expected, "cold {options}");
        assert_eq!(world.answers(&requests), expected, "warm {options}");
        let mut backwards = world.answers(&requests.iter().rev().cloned().collect::<Vec<_>>());
        backwards.reverse();
        assert_eq!(backwards, expected, "in another order {options}");
        let stats = world.stats();
        assert_eq!((&stats["running"], &stats["kvBytesUsed"]), (&json!(0), &json!(0)), "{options}");
        assert!(stats["cachedTokens"].as_u64().unwrap() > 0, "{options}");
    }
}

fn block_bytes(kv_cache: &str) -> u64 {
    let world = World::new(&json!({"backend": "cpu", "contextLength": 32, "maxSequences": 1, "kvCache": kv_cache}));
    world.stats()["kvBytesTotal"].as_u64().unwrap()
}

#[test]
fn a_prompt_that_was_there_before_is_not_computed_again() {
    let world = World::new(&json!({"backend": "cpu"}));
    let long = "The quick brown fox jumps over the lazy dog. ".repeat(40);
    let ask = |question: &str| {
        let messages = json!([{"role": "user", "content": format!("{long}{question}")}]);
        let command = json!({"kind": "chat", "model": world.model, "request": {"messages": messages, "maxTokens": 4}});
        world.all(&[command])[0]["completion"]["usage"].clone()
    };
    let first = ask("How many animals?");
    let second = ask("Which colour?");
    assert_eq!(first["cachedTokens"], 0);
    let (prompt, cached) = (second["promptTokens"].as_u64().unwrap(), second["cachedTokens"].as_u64().unwrap());
    assert!(cached > 300 && cached % 32 == 0 && cached < prompt && prompt - cached < 64, "{cached} of {prompt}");
}

/// `CandleBackend` promises no bits in company, but the same words where rounding decides nothing: greedy, in f32.
#[test]
fn candle_shares_blocks_and_makes_room_too() {
    let mut requests = requests();
    requests.retain(|request| request["temperature"] == 0.0);
    requests.push(json!({
        "messages": [{"role": "user", "content": "Write a poem."}], "n": 3, "temperature": 0, "maxTokens": 60,
    }));
    for request in &mut requests {
        request.as_object_mut().unwrap().retain(|name, _| !name.to_lowercase().contains("logprobs"));
    }
    let options = json!({"backend": "candle", "contextLength": 128, "kvCache": "f32"});
    let expected: Vec<Value> =
        requests.iter().map(|request| World::new(&options).answers(std::slice::from_ref(request)).remove(0)).collect();
    let mut little = options.clone();
    // One context: four requests with six sequences of up to four blocks each.
    little["kvMemoryBytes"] = (4 * block_bytes("f32")).into();
    for options in [options, little] {
        let world = World::new(&options);
        assert_eq!(world.answers(&requests), expected, "cold {options}");
        assert_eq!(world.answers(&requests), expected, "warm {options}");
    }
}
