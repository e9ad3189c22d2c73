//! A draft model: the same bits with and without, in fewer steps where it is like its target.

mod model_world;
mod plain_host;

use model_world::{DEMO_MODEL, World};
use serde_json::{Value, json};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../test/fixtures");

fn demo(quantization: &str) -> String {
    format!("{FIXTURES}/demo-model/gguf/wick-demo.{quantization}.gguf")
}

fn tiny(name: &str) -> String {
    format!("{FIXTURES}/tiny-models/{name}")
}

fn drafting() -> Value {
    json!({"backend": "cpu", "threads": 1, "contextLength": 512, "speculation": {"draft": {}}})
}

/// Greedy and hot, short and long, with all that a draw depends on.
fn requests() -> Vec<Value> {
    let prompt = "Write a short story about Mia the fox.";
    let long = "The quick brown fox jumps over the lazy dog. ".repeat(12);
    let mut requests = vec![
        json!({"prompt": prompt, "temperature": 0}),
        json!({"prompt": prompt, "temperature": 0.8, "n": 2}),
        json!({"prompt": long, "temperature": 1.3, "topP": 0.9, "stop": ["e "], "minTokens": 4}),
        json!({"prompt": "Count", "temperature": 0, "repetitionPenalty": 1.2, "frequencyPenalty": 0.4}),
        json!({"prompt": "a", "temperature": 1, "logitBias": {"300": 3}, "ignoreEos": true, "dry": {"multiplier": 1}}),
    ];
    for (request, seed) in requests.iter_mut().zip(1..) {
        request["randomSeed"] = seed.into();
        request["maxTokens"] = 50.into();
        request["logprobs"] = true.into();
    }
    requests
}

struct Answers {
    said: Vec<Value>,
    drafted: u64,
    accepted: u64,
}

fn answers(world: &World, requests: &[Value]) -> Answers {
    let command = |request: &Value| json!({"kind": "completion", "model": world.model, "request": request});
    let ends = world.all(&requests.iter().map(command).collect::<Vec<_>>());
    let sum = |name: &str| ends.iter().filter_map(|end| end["completion"]["timings"][name].as_u64()).sum();
    let said = |end: &Value| {
        assert_eq!(end["kind"], "completion_done", "{end}");
        json!([end["completion"]["choices"], end["completion"]["usage"]["completionTokens"]])
    };
    let stats = world.stats();
    assert_eq!((&stats["running"], &stats["kvBytesUsed"]), (&json!(0), &json!(0)));
    Answers { said: ends.iter().map(said).collect(), drafted: sum("draftedTokens"), accepted: sum("acceptedTokens") }
}

fn one_by_one(world: &World) -> Answers {
    let mut all = Answers { said: Vec::new(), drafted: 0, accepted: 0 };
    for request in requests() {
        let Answers { said, drafted, accepted } = answers(world, &[request]);
        all.said.extend(said);
        all.drafted += drafted;
        all.accepted += accepted;
    }
    all
}

fn plain(target: &str) -> Vec<Value> {
    let world = World::empty();
    let loaded = world.load(target, &json!({"backend": "cpu", "threads": 1, "contextLength": 512}));
    one_by_one(&World { model: loaded["model"].clone(), ..world }).said
}

#[test]
fn a_model_that_drafts_for_itself_is_always_right() {
    for path in [DEMO_MODEL.to_owned(), tiny("llama3")] {
        let world = World::with_draft(&path, &path, &drafting());
        let Answers { said, drafted, accepted } = one_by_one(&world);
        assert_eq!(said, plain(&path));
        // But for drafts that are longer than what a stop string leaves of an answer.
        assert!(drafted > 80 && accepted + 8 >= drafted, "{accepted} of {drafted}");
        let Answers { said: together, accepted, .. } = answers(&world, &requests());
        assert_eq!(together, said, "beside others");
        assert!(accepted > 50, "{accepted}");
    }
}

#[test]
fn a_model_of_fewer_bits_is_mostly_right() {
    let world = World::with_draft(DEMO_MODEL, &demo("Q6_K"), &drafting());
    let Answers { said, drafted, accepted } = one_by_one(&world);
    assert_eq!(said, plain(DEMO_MODEL));
    assert!(2 * accepted > drafted && accepted < drafted, "{accepted} of {drafted}");
}

#[test]
fn a_model_of_other_weights_is_mostly_wrong_and_soon_rarely_asked() {
    for (target, draft) in [(tiny("llama3"), tiny("llama-linear")), (tiny("qwen3"), tiny("qwen2"))] {
        let world = World::with_draft(&target, &draft, &drafting());
        let Answers { said, drafted, accepted } = one_by_one(&world);
        assert_eq!(said, plain(&target));
        assert!(drafted > 0 && 2 * accepted < drafted, "{accepted} of {drafted}");
        let tokens: u64 = said.iter().map(|said| said[1].as_u64().unwrap()).sum();
        assert!(drafted - accepted < tokens / 2, "{drafted} for {tokens} tokens");
    }
}

/// 8 blocks for all: sequences lose theirs again and again.
#[test]
fn the_same_bits_in_little_memory() {
    let mut options = drafting();
    options["contextLength"] = 256.into();
    let block_bytes =
        World::new(&json!({"backend": "cpu", "contextLength": 256})).stats()["kvBytesTotal"].as_u64().unwrap()
            / (8 * 8);
    options["kvMemoryBytes"] = (8 * block_bytes).into();
    options["maxSequences"] = 4.into();
    let world = World::with_draft(DEMO_MODEL, &demo("Q4_0"), &options);
    assert_eq!(answers(&world, &requests()).said, plain(DEMO_MODEL));
}

#[test]
fn the_same_bits_when_a_prompt_is_known() {
    let world = World::with_draft(DEMO_MODEL, DEMO_MODEL, &drafting());
    let first = one_by_one(&world);
    let second = one_by_one(&world);
    assert_eq!((first.said, first.drafted), (second.said, second.drafted));
}

#[test]
fn what_cannot_draft_is_said_at_the_load() {
    let world = World::empty();
    let load = |draft: Value, buffers: Vec<Vec<u8>>, options: Value| {
        let source = json!({"kind": "path", "path": DEMO_MODEL});
        let mut command = json!({"kind": "load", "source": source, "options": options});
        if !draft.is_null() {
            command["draft"] = draft;
        }
        let ticket = world.runtime.submit(world.client, &command.to_string(), buffers);
        while world.runtime.load_one() {}
        let events = std::iter::from_fn(|| world.runtime.take(ticket));
        let last: Value = serde_json::from_str(&events.last().unwrap()).unwrap();
        (last["error"]["code"].clone(), last["error"]["where"].clone())
    };
    let path = |path: &str| json!({"kind": "path", "path": path});
    let at = |code: &str, path: &str| (json!(code), json!(path));
    let mut other = std::fs::read(DEMO_MODEL).unwrap();
    let token = b"<|fim_suffix|>";
    let found = other.windows(token.len()).position(|window| window == token).unwrap();
    other[found + 5] = b'%';
    let bytes = json!({"kind": "bytes", "buffer": 0});
    assert_eq!(load(bytes, vec![other], drafting()), at("unsupported", "speculation.draft"));
    assert_eq!(load(path("nowhere.gguf"), Vec::new(), drafting()), at("not_found", "speculation.draft"));
    assert_eq!(load(path(&tiny("llama-bias")), Vec::new(), drafting()), at("not_found", "speculation.draft"));
    assert_eq!(load(Value::Null, Vec::new(), drafting()), at("invalid_request", "options.speculation.draft"));
    assert_eq!(load(path(DEMO_MODEL), Vec::new(), json!({})), at("invalid_request", "draft"));
    let little =
        json!({"backend": "cpu", "contextLength": 64, "maxMemoryBytes": 9_000_000, "speculation": {"draft": {}}});
    assert_eq!(load(path(DEMO_MODEL), Vec::new(), little).0, "out_of_memory");
}

#[test]
fn an_estimate_counts_both() {
    let world = World::empty();
    let estimate = |draft: bool| {
        let path = json!({"kind": "path", "path": DEMO_MODEL});
        let mut command = json!({"kind": "estimate", "source": path, "options": {"contextLength": 512}});
        if draft {
            command["draft"] = path;
            command["options"]["speculation"] = json!({"draft": {"maxTokens": 3}});
        }
        world.all(&[command])[0]["value"].clone()
    };
    let (alone, both) = (estimate(false), estimate(true));
    for name in ["weightsBytes", "kvBytes", "totalBytes"] {
        assert_eq!(both[name].as_u64().unwrap(), 2 * alone[name].as_u64().unwrap(), "{name}");
    }
}
