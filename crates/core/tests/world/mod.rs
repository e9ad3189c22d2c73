//! A runtime whose host, loader and model are fakes, driven by hand.

#![allow(dead_code, clippy::allow_attributes, clippy::unwrap_used, reason = "shared by tests that each use a part")]

use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use serde_json::{Value, json};
use wick_core::chat_template::ChatTemplate;
use wick_core::engine::EngineOptions;
use wick_core::error::{Error, ErrorCode, Result};
use wick_core::fim::{FimIds, FimTokens};
use wick_core::generation_defaults::{GenerationDefaults, SamplingDefaults};
use wick_core::loader::LoadOptions;
use wick_core::log::KvCacheType;
use wick_core::pooling::Pooling;
use wick_core::runtime::{Host, Loaded, Loader, Memory, Runtime, RuntimeOptions, Source};
use wick_core::text::ToolFormat;
use wick_core::tokenizer::{Tokenizer, TokenizerConfig};

use crate::fake::{EOS, FakeModel, FakeTokenizer, Faults};

#[derive(Default)]
pub(crate) struct FakeHost {
    pub(crate) rings: AtomicU32,
    pub(crate) engine_wakes: AtomicU32,
    pub(crate) millis: AtomicU64,
    pub(crate) seeds: AtomicU64,
    /// Seconds by which someone set the clock.
    pub(crate) wall_clock_jump: AtomicI64,
}

impl Host for FakeHost {
    fn ring(&self, _: u32) {
        self.rings.fetch_add(1, Relaxed);
    }

    fn wake_engine(&self) {
        self.engine_wakes.fetch_add(1, Relaxed);
    }

    fn wake_preparers(&self) {}

    fn wake_loader(&self) {}

    fn now(&self) -> Duration {
        Duration::from_millis(self.millis.load(Relaxed))
    }

    fn unix_seconds(&self) -> u64 {
        1_700_000_000_u64.wrapping_add_signed(self.wall_clock_jump.load(Relaxed))
    }

    fn seed(&self) -> u64 {
        self.seeds.fetch_add(1, Relaxed)
    }
}

pub(crate) const TEMPLATE: &str =
    "{% for m in messages %}{{ m.role }} {{ m.content }}<think>{% endfor %}{% if add_generation_prompt %}a{% endif %}";

pub(crate) struct FakeLoader {
    pub(crate) faults: Arc<Faults>,
    /// A forward pass waits for one message before it begins.
    pub(crate) gate: Option<Mutex<mpsc::Receiver<()>>>,
}

impl Loader for FakeLoader {
    fn load(
        &self,
        source: Source,
        _: Option<Source>,
        options: &Value,
        _: &Memory,
        progress: &mut dyn FnMut(Value),
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Loaded> {
        if let Source::Path(path) = &source {
            match path.to_str().unwrap() {
                "missing" => return Err(Error::new(ErrorCode::NotFound, "No such model.").at("missing")),
                "broken" => panic!("injected"),
                _ => {}
            }
        }
        let options = LoadOptions::from_json(options)?;
        progress(json!({"kind": "weights", "loadedBytes": 1, "totalBytes": 2}));
        progress(json!({"kind": "weights", "loadedBytes": 2, "totalBytes": 2}));
        if cancelled() {
            return Err(Error::new(ErrorCode::Cancelled, "cancelled"));
        }
        let mut tokenizer = FakeTokenizer::with_faults(Arc::clone(&self.faults));
        if matches!(&source, Source::Path(path) if path.to_str() == Some("fim")) {
            tokenizer = tokenizer.with_fim();
        }
        let defaults = GenerationDefaults {
            end_tokens: vec![EOS],
            sampling: SamplingDefaults { greedy: true, ..SamplingDefaults::default() },
        };
        let fim = FimTokens::find(&tokenizer, FimIds::default(), &defaults);
        let template = ChatTemplate::parse(TEMPLATE, &TokenizerConfig::default(), &tokenizer.control_texts())?;
        if let Some(gate) = &self.gate {
            let _ = gate.lock().unwrap().recv();
        }
        Ok(Loaded {
            model: Box::new(FakeModel::new(200, Arc::clone(&self.faults))),
            draft_model: None,
            tokenizer: Arc::new(tokenizer),
            template: Some(Arc::new(template)),
            defaults,
            fim,
            pooling: if matches!(&source, Source::Path(path) if path.to_str() == Some("mean")) {
                Pooling::Mean
            } else {
                Pooling::Last
            },
            tool_format: ToolFormat::Hermes,
            info: json!({"id": "fake", "warnings": []}),
            weights_bytes: 10,
            max_memory_bytes: None,
            threads: Some(1),
            kv_cache: KvCacheType::F16,
            engine: if matches!(&source, Source::Path(path) if path.to_str() == Some("single")) {
                EngineOptions { max_sequences: 1, max_queue: 2, ..EngineOptions::default() }
            } else {
                EngineOptions { kv_memory_bytes: options.kv_memory_bytes, ..options.engine(0) }
            },
        })
    }

    fn estimate(&self, _: Source, _: Option<Source>, _: &Value, _: &Memory) -> Result<Value> {
        Ok(json!({"fits": true}))
    }
}

pub(crate) struct World {
    pub(crate) runtime: Runtime,
    pub(crate) host: Arc<FakeHost>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) client: u32,
}

impl World {
    pub(crate) fn new() -> Self {
        let host = Arc::new(FakeHost::default());
        let faults = Arc::new(Faults::default());
        let loader = FakeLoader { faults: Arc::clone(&faults), gate: None };
        let options = RuntimeOptions { test_faults: true };
        let shared_host: Arc<dyn Host> = host.clone();
        let runtime = Runtime::with_loader(shared_host, options, Box::new(loader));
        let client = runtime.open();
        Self { runtime, host, faults, client }
    }

    pub(crate) fn submit(&self, command: &Value) -> u32 {
        self.runtime.submit(self.client, &command.to_string(), Vec::new())
    }

    pub(crate) fn turn(&self) {
        while self.runtime.load_one() | self.runtime.prepare_one() | self.runtime.step() {}
    }

    /// The next event, running the engine where there is none.
    pub(crate) fn next(&self, ticket: u32) -> Option<Value> {
        let event = self.runtime.take(ticket).or_else(|| {
            self.turn();
            self.runtime.take(ticket)
        });
        event.map(|event| serde_json::from_str(&event).unwrap())
    }

    pub(crate) fn all(&self, ticket: u32) -> Vec<Value> {
        std::iter::from_fn(|| self.next(ticket)).collect()
    }

    pub(crate) fn call(&self, command: &Value) -> Value {
        let ticket = self.submit(command);
        self.all(ticket).pop().expect("an answer")
    }

    pub(crate) fn load(&self) -> u64 {
        self.load_from("x")
    }

    /// `fim` can fill in the middle.
    pub(crate) fn load_from(&self, path: &str) -> u64 {
        self.call(&json!({"kind": "load", "source": {"kind": "path", "path": path}}))["model"].as_u64().unwrap()
    }

    pub(crate) fn chat(&self, model: u64, extra: &Value) -> u32 {
        let mut request = json!({"messages": [{"role": "user", "content": "ab"}], "maxTokens": 60});
        for (name, value) in extra.as_object().unwrap() {
            request[name] = value.clone();
        }
        self.submit(&json!({"kind": "chat", "model": model, "request": request}))
    }
}

/// What a stream said.
pub(crate) fn text(events: &[Value]) -> String {
    events.iter().filter_map(|event| event["choices"][0]["delta"]["content"].as_str()).collect()
}
