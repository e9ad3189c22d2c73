//! The runtime on a real model: the demo model's golden answers, as text, out of a stream.

#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

mod plain_host;

use std::sync::Arc;

use plain_host::PlainHost;
use serde_json::{Value, json};
use wick_core::runtime::{Runtime, RuntimeOptions};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../test/fixtures/demo-model");

struct World {
    runtime: Runtime,
    client: u32,
}

impl World {
    fn new() -> Self {
        let runtime = Runtime::new(Arc::new(PlainHost::new()), RuntimeOptions::default());
        let client = runtime.open();
        Self { runtime, client }
    }

    fn all(&self, command: &Value) -> Vec<Value> {
        let ticket = self.runtime.submit(self.client, &command.to_string(), Vec::new());
        let next = || {
            self.runtime.take(ticket).or_else(|| {
                while self.runtime.load_one() | self.runtime.prepare_one() | self.runtime.step() {}
                self.runtime.take(ticket)
            })
        };
        std::iter::from_fn(next).map(|event| serde_json::from_str(&event).unwrap()).collect()
    }

    fn last(&self, command: &Value) -> Value {
        self.all(command).pop().expect("an answer")
    }
}

#[test]
fn streams_the_golden_answers() {
    let world = World::new();
    let source = json!({"kind": "path", "path": format!("{FIXTURES}/safetensors")});
    let loaded = world.last(&json!({"kind": "load", "source": source, "options": {"dtype": "f32", "threads": 2}}));
    assert_eq!(loaded["kind"], "loaded", "{loaded}");
    let model = &loaded["model"];
    let golden: Value =
        serde_json::from_str(&std::fs::read_to_string(format!("{FIXTURES}/golden/golden.json")).unwrap()).unwrap();
    let plain = |case: &&Value| case["tools"].is_null() && case["enableThinking"] == false;
    let cases: Vec<&Value> = golden["cases"].as_array().unwrap().iter().filter(plain).take(4).collect();
    assert!(!cases.is_empty());
    for case in cases {
        let request = json!({"messages": case["messages"], "temperature": 0, "maxTokens": 256});
        let rendered = world
            .last(&json!({"kind": "apply_chat_template", "model": model, "request": {"messages": case["messages"]}}));
        assert_eq!(rendered["value"], case["prompt"]);
        let events = world.all(&json!({"kind": "chat", "model": model, "request": request}));
        let done = events.last().unwrap();
        assert_eq!(done["kind"], "done", "{done}");
        let mut tokens = case["greedyTokens"].as_array().unwrap().clone();
        let usage = &done["completion"]["usage"];
        assert_eq!(usage["promptTokens"], case["promptTokens"].as_array().unwrap().len());
        assert_eq!(usage["completionTokens"], tokens.len());
        let choice = &done["completion"]["choices"][0];
        assert_eq!(choice["finishReason"], "stop");
        tokens.pop(); // <|im_end|>
        let text = world.last(&json!({"kind": "detokenize", "model": model, "tokens": tokens}));
        assert_eq!(choice["message"]["content"], text["value"], "{}", case["name"]);
        let streamed: String =
            events.iter().filter_map(|event| event["choices"][0]["delta"]["content"].as_str()).collect();
        assert_eq!(choice["message"]["content"], streamed);
    }
}

#[test]
fn bad_loads_say_where() {
    let world = World::new();
    let load = |path: &str, options: Value| {
        let source = json!({"kind": "path", "path": format!("{FIXTURES}/{path}")});
        world.last(&json!({"kind": "load", "source": source, "options": options}))["error"].clone()
    };
    assert_eq!(load("nowhere.gguf", json!({}))["code"], "not_found");
    assert_eq!(load("golden", json!({}))["code"], "not_found");
    let wrong = load("safetensors", json!({"isq": 7}));
    assert_eq!((&wrong["code"], &wrong["where"]), (&json!("invalid_request"), &json!("options.isq")));
    let template = load("safetensors", json!({"chatTemplate": "{% if %}"}));
    assert_eq!(template["code"], "template_invalid", "{template}");
    let memory = load("safetensors", json!({"maxMemoryBytes": 1000}));
    assert_eq!(memory["code"], "out_of_memory", "{memory}");
}
