//! A runtime with a real model, driven by hand.

#![allow(dead_code, clippy::allow_attributes, clippy::unwrap_used, reason = "shared by tests that each use a part")]

use std::sync::Arc;

use serde_json::{Value, json};
use wick_core::runtime::{Runtime, RuntimeOptions};

use crate::plain_host::PlainHost;

pub(crate) const DEMO_MODEL: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../packages/demo-model/wick-demo.Q8_0.gguf");

pub(crate) struct World {
    pub(crate) runtime: Runtime,
    pub(crate) client: u32,
    pub(crate) model: Value,
}

impl World {
    /// The demo model with `options` of a load.
    pub(crate) fn new(options: &Value) -> Self {
        let world = Self::empty();
        let loaded = world.load(DEMO_MODEL, options);
        let model = loaded["model"].clone();
        assert!(model.is_u64(), "{loaded}");
        Self { model, ..world }
    }

    pub(crate) fn empty() -> Self {
        let runtime = Runtime::new(Arc::new(PlainHost::new()), RuntimeOptions::default());
        let client = runtime.open();
        Self { runtime, client, model: Value::Null }
    }

    /// The model at `target`, for which the one at `draft` drafts.
    pub(crate) fn with_draft(target: &str, draft: &str, options: &Value) -> Self {
        let world = Self::empty();
        let path = |path: &str| json!({"kind": "path", "path": path});
        let command = json!({"kind": "load", "source": path(target), "draft": path(draft), "options": options});
        let loaded = world.all(&[command]).remove(0);
        let model = loaded["model"].clone();
        assert!(model.is_u64(), "{loaded}");
        Self { model, ..world }
    }

    /// The last event of a load.
    pub(crate) fn load(&self, path: &str, options: &Value) -> Value {
        let source = json!({"kind": "path", "path": path});
        self.all(&[json!({"kind": "load", "source": source, "options": options})]).remove(0)
    }

    /// The last event of each command, all of them under way at once and read in turn.
    pub(crate) fn all(&self, commands: &[Value]) -> Vec<Value> {
        let tickets: Vec<u32> =
            commands.iter().map(|command| self.runtime.submit(self.client, &command.to_string(), Vec::new())).collect();
        let mut last = vec![Value::Null; tickets.len()];
        let mut open = tickets.len();
        while open > 0 {
            while self.runtime.load_one() | self.runtime.prepare_one() {}
            self.runtime.step();
            for (ticket, last) in tickets.iter().zip(&mut last) {
                while let Some(event) = self.runtime.take(*ticket) {
                    *last = serde_json::from_str(&event).unwrap();
                    let kind = last["kind"].as_str().unwrap();
                    open -= usize::from(!kind.ends_with("chunk") && kind != "progress");
                }
            }
        }
        last
    }

    /// What the requests come to, without what depends on time and cache.
    pub(crate) fn answers(&self, requests: &[Value]) -> Vec<Value> {
        let chat = |request: &Value| json!({"kind": "chat", "model": self.model, "request": request});
        let mut ends = self.all(&requests.iter().map(chat).collect::<Vec<_>>());
        for end in &mut ends {
            assert_eq!(end["kind"], "done", "{end}");
            let completion = end["completion"].as_object_mut().unwrap();
            completion.retain(|name, _| name == "choices" || name == "usage");
            completion["usage"].as_object_mut().unwrap().remove("cachedTokens");
        }
        ends
    }

    pub(crate) fn stats(&self) -> Value {
        self.all(&[json!({"kind": "stats", "model": self.model})])[0]["value"].clone()
    }
}
