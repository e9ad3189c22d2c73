//! Vectors of texts: transformers' last hidden states, pooled and normalised.

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use serde_json::{Value, json};
use wick_core::{
    backend::cpu::ThreadPools,
    engine::{EmbeddingInput, EmbeddingsJob, Engine, EngineOptions, Memory, Progress},
    loader::{LoadOptions, Source, load_weights},
    pooling::Pooling,
    tokenizer::hugging_face,
    weights::ModelSource,
};

use crate::{BACKENDS, fixture};

const POOLINGS: [(Pooling, &str); 3] = [(Pooling::Last, "last"), (Pooling::Mean, "mean"), (Pooling::First, "cls")];

/// An engine that computes `chunk` rows in a step.
fn engine(model: &str, backend: &str, chunk: usize) -> Engine {
    let source = ModelSource::open(Source::Path(fixture::path(model))).unwrap();
    let options = json!({ "dtype": "f32", "backend": backend, "threads": 2 });
    let loaded = load_weights(
        &source,
        &LoadOptions::from_json(&options).unwrap(),
        &Memory::uncounted(),
        &ThreadPools::default(),
        &mut |_| {},
        &|| false,
    )
    .unwrap();
    let json = std::fs::read(fixture::path(&format!("{model}/tokenizer.json"))).unwrap();
    let tokenizer = Arc::new(hugging_face::from_json(&json, None).unwrap());
    let options = EngineOptions { prefill_chunk: chunk, ..EngineOptions::default() };
    Engine::new(loaded.model, tokenizer, Vec::new(), options, Memory::uncounted().open(None))
}

fn embed(engine: &mut Engine, inputs: &[Vec<u32>], pooling: Pooling) -> Vec<Vec<f32>> {
    let (done, result) = mpsc::channel();
    let inputs: Vec<EmbeddingInput> =
        inputs.iter().map(|tokens| EmbeddingInput { path: String::new(), tokens: tokens.clone() }).collect();
    let count = inputs.len();
    engine.add_embeddings(EmbeddingsJob {
        inputs,
        pooling,
        normalize: true,
        done: Box::new(move |vectors| done.send(vectors).unwrap()),
        cancelled: Box::new(|| false),
    });
    while engine.step(&|| Duration::ZERO) == Progress::Worked {}
    assert_eq!(engine.kv_blocks_used(), 0);
    let vectors = result.recv().unwrap().unwrap();
    vectors.chunks(vectors.len() / count).map(<[f32]>::to_vec).collect()
}

fn cases(model: &str) -> Vec<Value> {
    fixture::json(&format!("{model}/embeddings.json")).as_array().unwrap().clone()
}

fn prompts(cases: &[Value]) -> Vec<Vec<u32>> {
    cases.iter().map(|case| fixture::ids(&case["tokens"])).collect()
}

#[test]
fn agree_with_transformers() {
    for model in ["tiny-models/qwen3", "tiny-models/llama3"] {
        let cases = cases(model);
        for backend in BACKENDS {
            let mut engine = engine(model, backend, 256);
            for (pooling, name) in POOLINGS {
                let mut worst = 0f64;
                for (ours, case) in embed(&mut engine, &prompts(&cases), pooling).iter().zip(&cases) {
                    let theirs = case[name].as_array().unwrap();
                    assert_eq!(ours.len(), theirs.len());
                    for (ours, theirs) in ours.iter().zip(theirs) {
                        worst = worst.max((f64::from(*ours) - theirs.as_f64().unwrap()).abs());
                    }
                }
                println!("{model} on {backend}, {name}: within {worst:.2e}");
                assert!(worst <= 1e-5, "{model} on {backend}, {name}: {worst}");
            }
        }
    }
}

/// Alone or among others, whole or in chunks, and with a prefix that was computed before.
#[test]
fn have_the_same_bits_however_they_are_cut() {
    let bits = |vectors: Vec<Vec<f32>>| -> Vec<Vec<u32>> {
        vectors.iter().map(|vector| vector.iter().map(|value| value.to_bits()).collect()).collect()
    };
    for model in ["tiny-models/qwen3", "tiny-models/llama3"] {
        let prompts = prompts(&cases(model));
        for (pooling, name) in POOLINGS {
            let mut whole = engine(model, "cpu", 256);
            let alone: Vec<Vec<u32>> = prompts
                .iter()
                .flat_map(|prompt| bits(embed(&mut whole, std::slice::from_ref(prompt), pooling)))
                .collect();
            assert_eq!(bits(embed(&mut whole, &prompts, pooling)), alone, "{name}");
            for chunk in [1, 7, 64] {
                assert_eq!(
                    bits(embed(&mut engine(model, "cpu", chunk), &prompts, pooling)),
                    alone,
                    "{name} by {chunk}"
                );
            }
        }
    }
}
