//! Loading whole models: what goes right, and every way it can go wrong.
#![cfg(test)]
#![expect(clippy::needless_pass_by_value, reason = "options read best as literals at the call")]

use std::{cell::Cell, collections::BTreeMap, path::PathBuf};

use serde_json::{Value, json};
use wick_core::{
    Error, ErrorCode,
    backend::StepPlan,
    backend::cpu::ThreadPools,
    engine::{Memory, MemoryBudget},
    loader::{LoadOptions, LoadProgress, LoadedModel, MemoryEstimate, Source, estimate, load},
};

fn fixture(relative: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../test/fixtures")).join(relative)
}

fn options(fields: Value) -> LoadOptions {
    LoadOptions::from_json(&fields).unwrap()
}

fn try_load(source: Source, fields: Value) -> Result<LoadedModel, Error> {
    load(source, &options(fields), &Memory::uncounted(), &ThreadPools::default(), &mut |_| {}, &|| false)
}

fn estimated(source: Source, fields: Value) -> MemoryEstimate {
    estimate(source, &options(fields), &Memory::uncounted()).unwrap()
}

fn fails(source: Source, fields: Value, code: ErrorCode) -> Error {
    let error = try_load(source, fields).err().expect("loading should fail");
    assert_eq!(error.code(), code, "{error}");
    error
}

fn path(relative: &str) -> Source {
    Source::Path(fixture(relative))
}

/// All files of a fixture's folder in memory.
fn files(folder: &str) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(fixture(folder)).unwrap().map(|entry| entry.unwrap());
    entries.map(|e| (e.file_name().into_string().unwrap(), std::fs::read(e.path()).unwrap())).collect()
}

fn llama3_with(changes: &Value) -> Source {
    let mut files = files("tiny-models/llama3");
    let mut config: Value = serde_json::from_slice(&files["config.json"]).unwrap();
    config.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    files.insert("config.json".to_owned(), config.to_string().into_bytes());
    Source::Files(files)
}

fn first_step(loaded: &mut LoadedModel) -> Result<(), Error> {
    let mut plan = StepPlan::new(loaded.model.kv_layout().block_size as u32);
    loaded.model.reserve_kv_blocks(1).unwrap();
    plan.push_sequence(&[1, 2, 3], 0, &[0], true);
    loaded.model.forward(&plan)
}

#[test]
fn loads_every_kind_of_source_alike() {
    let gguf = "demo-model/gguf/wick-demo.Q8_0.gguf";
    let bytes = std::fs::read(fixture(gguf)).unwrap();
    let named = BTreeMap::from([("wick-demo.Q8_0.gguf".to_owned(), bytes.clone())]);
    let folder = || path("demo-model/safetensors");
    let mut logits: Vec<(bool, Vec<f32>)> = Vec::new();
    let sources = [
        (true, path(gguf)),
        (true, Source::Bytes(bytes)),
        (true, Source::Files(named)),
        (false, folder()),
        (false, Source::Files(files("demo-model/safetensors"))),
    ];
    for (quantized, source) in sources {
        let mut loaded = try_load(source, json!({ "threads": 1 })).unwrap();
        assert_eq!((loaded.info.architecture, loaded.info.vocabulary_size), ("qwen3", 4096));
        assert_eq!((loaded.info.parameters, loaded.info.context_length), (5_771_264, 2048));
        assert_eq!(loaded.info.quantization, if quantized { "Q8_0" } else { "BF16" });
        assert!(loaded.info.capabilities.tools && loaded.chat_template.is_some());
        assert!(loaded.info.capabilities.fim && loaded.fim.is_some());
        assert!(loaded.defaults.end_tokens.contains(&4086));
        assert_eq!(
            loaded.tokenizer.decode(&loaded.tokenizer.encode_text("Hello, world").unwrap()).unwrap(),
            "Hello, world"
        );
        first_step(&mut loaded).unwrap();
        logits.push((quantized, loaded.model.logits().to_vec()));
    }
    for (quantized, ours) in &logits {
        let first = logits.iter().find(|(other, _)| other == quantized).unwrap();
        assert_eq!(&first.1, ours);
    }
}

#[test]
fn says_what_is_not_there_or_not_known() {
    fails(path("no-such-file.gguf"), json!({}), ErrorCode::NotFound);
    let error = fails(path("demo-model/gguf"), json!({}), ErrorCode::NotFound);
    assert!(error.info().message.contains(".gguf"), "{error}");
    // never opened: there is no such file either
    fails(path("pytorch_model.bin"), json!({}), ErrorCode::ModelUnsupported);
    let error = fails(path("demo-model/gguf/wick-demo.IQ4_NL.gguf"), json!({}), ErrorCode::ModelUnsupported);
    let details = error.info().details.clone().unwrap();
    assert!(details["dtype"].as_str().unwrap().contains("IQ4_NL") && details.contains_key("tensor"), "{details:?}");
    let error = fails(llama3_with(&json!({ "model_type": "mamba" })), json!({}), ErrorCode::ModelUnsupported);
    assert_eq!(error.info().location.as_deref(), Some("model_type"));
    fails(path("demo-model/safetensors/model.safetensors"), json!({}), ErrorCode::InvalidRequest);
}

#[test]
fn a_tensor_that_is_missing_or_disagrees_is_named() {
    let error = fails(llama3_with(&json!({ "num_hidden_layers": 4 })), json!({}), ErrorCode::ModelInvalid);
    assert_eq!(error.info().location.as_deref(), Some("model.layers.3.input_layernorm.weight"));
    let error = fails(llama3_with(&json!({ "intermediate_size": 161 })), json!({}), ErrorCode::ModelInvalid);
    assert_eq!(error.info().location.as_deref(), Some("model.layers.0.mlp.gate_proj.weight"));
    let error = fails(llama3_with(&json!({ "vocab_size": 4095 })), json!({}), ErrorCode::ModelInvalid);
    assert_eq!(error.info().location.as_deref(), Some("model.embed_tokens.weight"));
}

#[test]
fn extra_tensors_are_warnings() {
    let mut loaded = try_load(llama3_with(&json!({ "num_hidden_layers": 2 })), json!({})).unwrap();
    assert_eq!(loaded.info.warnings.len(), 9, "{:?}", loaded.info.warnings);
    assert!(loaded.info.warnings[0].contains("model.layers.2."));
    first_step(&mut loaded).unwrap();
}

#[test]
fn nan_weights_load_and_fail_at_the_first_step() {
    let mut broken = files("tiny-models/llama3");
    let file = broken.get_mut("model.safetensors").unwrap();
    let header = 8 + u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    for value in file[header..].chunks_exact_mut(4) {
        value.copy_from_slice(&f32::NAN.to_le_bytes());
    }
    for backend in ["cpu", "candle"] {
        let mut healthy = try_load(path("tiny-models/llama3"), json!({ "backend": backend })).unwrap();
        let mut loaded = try_load(Source::Files(broken.clone()), json!({ "backend": backend })).unwrap();
        first_step(&mut loaded).unwrap();
        assert!(loaded.model.logits().iter().all(|logit| logit.is_nan()), "the sampler refuses them");
        first_step(&mut healthy).unwrap();
    }
}

#[test]
fn shards_have_to_fit_their_index() {
    let mut missing = files("tiny-models/qwen3");
    missing.remove("model-00002-of-00004.safetensors");
    let error = fails(Source::Files(missing), json!({}), ErrorCode::ModelInvalid);
    assert_eq!(error.info().details.as_ref().unwrap()["reason"], "shard");
    let mut swapped = files("tiny-models/qwen3");
    let second = swapped["model-00002-of-00004.safetensors"].clone();
    let third = swapped.insert("model-00003-of-00004.safetensors".to_owned(), second).unwrap();
    swapped.insert("model-00002-of-00004.safetensors".to_owned(), third);
    fails(Source::Files(swapped), json!({}), ErrorCode::ModelInvalid);
}

#[test]
fn options_that_do_not_fit_name_their_field() {
    let gguf = || path("demo-model/gguf/wick-demo.Q8_0.gguf");
    let cases = [
        (json!({ "isq": 4 }), ErrorCode::Unsupported, "isq"),
        (json!({ "contextLength": 4096 }), ErrorCode::InvalidRequest, "contextLength"),
        (json!({ "device": "cuda", "backend": "cpu" }), ErrorCode::Unsupported, "backend"),
    ];
    for (fields, code, field) in cases {
        assert_eq!(fails(gguf(), fields, code).info().location.as_deref(), Some(field));
    }
    #[cfg(not(feature = "metal"))]
    assert_eq!(
        fails(gguf(), json!({ "device": "metal" }), ErrorCode::Unsupported).info().location.as_deref(),
        Some("device")
    );
}

#[test]
fn memory_is_asked_for_before_it_is_taken() {
    let gguf = || path("demo-model/gguf/wick-demo.Q8_0.gguf");
    let whole = estimated(gguf(), json!({}));
    // 6 layers, keys and values of 2 heads of 64 in f16, 2048 positions
    assert_eq!(whole.kv_bytes, 6 * 2 * 128 * 2 * 2048);
    assert!((6_000_000..6_300_000).contains(&whole.weights_bytes) && whole.fits, "{whole:?}");
    assert_eq!(whole.total_bytes, whole.weights_bytes + whole.kv_bytes);
    // a byte for each element, and a scale for each head
    let q8 = || json!({ "kvCache": "q8", "backend": "cpu" });
    assert_eq!(estimated(gguf(), q8()).kv_bytes, 6 * 2 * 2 * (64 + 4) * 2048);
    let layout = try_load(gguf(), q8()).unwrap().model.kv_layout();
    assert_eq!(layout.block_bytes, 6 * 2 * 2 * (64 + 4) * layout.block_size);
    let error = fails(gguf(), json!({ "kvCache": "q8", "backend": "candle" }), ErrorCode::Unsupported);
    assert_eq!(error.info().location.as_deref(), Some("kvCache"));

    let limit = whole.weights_bytes / 2;
    let error = fails(gguf(), json!({ "maxMemoryBytes": limit }), ErrorCode::OutOfMemory);
    let details = error.info().details.as_ref().unwrap();
    assert_eq!(details["limit"], limit);
    assert!(details["needed"].as_u64().unwrap() > limit);
    assert!(!estimated(gguf(), json!({ "maxMemoryBytes": limit })).fits);

    // room for half of the context: it shrinks and says so, and KV cannot grow beyond
    let limit = whole.weights_bytes + whole.kv_bytes / 2;
    let mut loaded = try_load(gguf(), json!({ "maxMemoryBytes": limit })).unwrap();
    assert_eq!((loaded.info.context_length, loaded.info.warnings.len()), (1024, 1));
    let blocks = 1024 / loaded.model.kv_layout().block_size;
    loaded.model.reserve_kv_blocks(blocks).unwrap();
    assert_eq!(loaded.model.reserve_kv_blocks(blocks + 1).unwrap_err().code(), ErrorCode::OutOfMemory);

    // less for keys and values than was asked for
    let limit = whole.weights_bytes + whole.kv_bytes / 4;
    let fields = json!({ "contextLength": 512, "kvMemoryBytes": 1_000_000_000, "maxMemoryBytes": limit });
    let loaded = try_load(gguf(), fields).unwrap();
    assert_eq!(loaded.engine.kv_memory_bytes, Some(whole.kv_bytes / 4));
    assert!(loaded.info.warnings.len() == 1 && loaded.info.warnings[0].contains("`kvMemoryBytes` is 1000000000"));

    let stored = estimated(path("demo-model/safetensors"), json!({}));
    let quantized = estimated(path("demo-model/safetensors"), json!({ "isq": 4 }));
    let wide = estimated(path("demo-model/safetensors"), json!({ "dtype": "f32" }));
    assert!(quantized.weights_bytes * 3 < stored.weights_bytes, "{quantized:?} {stored:?}");
    assert!(wide.weights_bytes > stored.weights_bytes * 19 / 10 && wide.kv_bytes == stored.kv_bytes * 2);
}

#[test]
fn a_host_that_counts_its_memory_is_asked_before_it_is_taken() {
    let gguf = || path("demo-model/gguf/wick-demo.Q8_0.gguf");
    let bytes = || Source::Bytes(std::fs::read(fixture("demo-model/gguf/wick-demo.Q8_0.gguf")).unwrap());
    let file = std::fs::metadata(fixture("demo-model/gguf/wick-demo.Q8_0.gguf")).unwrap().len();
    let host = |limit: u64, used: u64| Memory::new(move || Some(MemoryBudget { limit, used }));
    let fit = |source: Source, fields: Value, memory: &Memory| {
        load(source, &options(fields), memory, &ThreadPools::default(), &mut |_| {}, &|| false)
    };
    let numbers = |error: &Error| {
        let number = |name: &str| error.info().details.as_ref().unwrap()[name].as_u64().unwrap();
        (error.code(), number("needed"), number("limit"))
    };
    let whole = estimated(gguf(), json!({}));

    // What a step takes beside weights, keys and values: so much that one byte less refuses the smallest context.
    let least = json!({ "contextLength": 32 });
    let error = fit(bytes(), least.clone(), &host(file, file)).err().unwrap();
    let (code, needed, limit) = numbers(&error);
    assert_eq!((code, limit), (ErrorCode::OutOfMemory, file));
    assert!((4 << 20..6 << 20).contains(&(needed - file)), "{}", needed - file);
    fit(bytes(), least.clone(), &host(needed, file)).unwrap();
    let error = fit(bytes(), least.clone(), &host(needed - 1, file)).err().unwrap();
    assert_eq!(numbers(&error), (ErrorCode::OutOfMemory, needed, needed - 1));
    assert!(!estimate(bytes(), &options(least.clone()), &host(needed - 1, file)).unwrap().fits);
    assert!(estimate(bytes(), &options(least.clone()), &host(needed, file)).unwrap().fits);

    // Weights that are not in memory yet, and those that candle copies, come on top.
    for (source, fields) in [(gguf(), least.clone()), (bytes(), json!({ "contextLength": 32, "backend": "candle" }))] {
        let (code, more, _) = numbers(&fit(source, fields, &host(file, file)).err().unwrap());
        assert_eq!(code, ErrorCode::OutOfMemory);
        assert!((6_000_000..6_300_000).contains(&(more - needed)), "{}", more - needed);
    }

    // Room for half of the context beside the rest, and for prompts as long: it shrinks, and the keys and values of all
    // sequences have as much.
    let context = |positions: u64| positions * (whole.kv_bytes / 2048 + 5 * 64);
    let half = needed - context(32) + context(1024);
    let mut loaded = fit(bytes(), json!({}), &host(half, file)).unwrap();
    assert_eq!((loaded.info.context_length, loaded.info.warnings.len()), (1024, 1));
    assert_eq!(loaded.engine.kv_memory_bytes, Some(whole.kv_bytes / 2));
    assert_eq!(loaded.model.reserve_kv_blocks(33).unwrap_err().code(), ErrorCode::OutOfMemory);
    let wanted = json!({ "contextLength": 512, "kvMemoryBytes": 1_000_000_000 });
    let loaded = fit(bytes(), wanted, &host(half, file)).unwrap();
    assert_eq!(loaded.engine.kv_memory_bytes, Some(whole.kv_bytes / 2 + (1024 - 512) * 5 * 64));
    assert!(loaded.info.warnings[0].contains("`kvMemoryBytes` is 1000000000"));

    // The model's own limit is named where that is what refuses.
    let limit = json!({ "contextLength": 32, "maxMemoryBytes": 1_000_000 });
    let (_, _, limit) = numbers(&fit(bytes(), limit, &host(half, file)).err().unwrap());
    assert_eq!(limit, 1_000_000);
}

#[test]
fn progress_counts_bytes_and_a_load_can_be_cancelled() {
    let source = || path("demo-model/safetensors");
    let mut seen: Vec<(u64, u64)> = Vec::new();
    let mut record = |progress: LoadProgress| match progress {
        LoadProgress::Weights { loaded_bytes, total_bytes } => seen.push((loaded_bytes, total_bytes)),
    };
    load(source(), &options(json!({ "isq": 8 })), &Memory::uncounted(), &ThreadPools::default(), &mut record, &|| {
        false
    })
    .unwrap();
    assert!(seen.len() > 10 && seen.is_sorted(), "{seen:?}");
    assert_eq!(seen[0].0, 0);
    assert!(seen.iter().all(|(_, total)| *total == seen[0].1));
    assert_eq!(seen.last().map(|(loaded, _)| *loaded), Some(seen[0].1));

    for allowed in [0, 1, 20] {
        let asked = Cell::new(0);
        let cancelled = || {
            asked.set(asked.get() + 1);
            asked.get() > allowed
        };
        let error =
            load(source(), &options(json!({})), &Memory::uncounted(), &ThreadPools::default(), &mut |_| {}, &cancelled)
                .err()
                .unwrap();
        assert_eq!(error.code(), ErrorCode::Cancelled);
    }
}

#[test]
fn a_chat_template_can_be_replaced_and_a_broken_one_is_refused() {
    let gguf = || path("demo-model/gguf/wick-demo.Q8_0.gguf");
    let loaded = try_load(gguf(), json!({ "chatTemplate": "{{ messages[0].content }}" })).unwrap();
    assert_eq!(loaded.chat_template.unwrap().source(), "{{ messages[0].content }}");
    assert!(!loaded.info.capabilities.tools);
    fails(gguf(), json!({ "chatTemplate": "{% if %}" }), ErrorCode::TemplateInvalid);
}
