//! Quantised models against our own f32, teacher-forced over the golden prompts and answers.

use std::{collections::HashSet, fmt::Write};

use serde_json::{Value, json};

use crate::{
    BACKENDS, fixture, load,
    session::{Session, argmax},
};

/// Every second conversation where a bound has to hold (one of each kind), every eighth for a report.
const STRIDE_BOUND: usize = 2;
const STRIDE_REPORT: usize = 8;

struct Agreement {
    /// Mean over positions of KL(f32 || quantised), in nats.
    divergence: f64,
    /// Part of positions whose most likely token is the same.
    top1: f64,
}

fn texts(stride: usize) -> Vec<Vec<u32>> {
    let cases = fixture::cases("demo-model/golden");
    cases.iter().step_by(stride).map(|case| [case.prompt.as_slice(), &case.greedy].concat()).collect()
}

/// Logits of every position; one whose whole context was seen before (all prompts begin alike) counts once.
fn all_logits(session: &mut Session, texts: &[Vec<u32>]) -> Vec<Vec<f32>> {
    let mut seen = HashSet::new();
    let mut rows = Vec::new();
    for text in texts {
        for (index, row) in session.logits(text, text.len()).into_iter().enumerate() {
            if seen.insert(&text[..=index]) {
                rows.push(row);
            }
        }
    }
    rows
}

fn log_softmax(logits: &[f32]) -> Vec<f64> {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|logit| f64::from(logit - max).exp()).sum();
    logits.iter().map(|logit| f64::from(logit - max) - sum.ln()).collect()
}

fn agreement(reference: &[Vec<f32>], ours: &[Vec<f32>]) -> Agreement {
    let (mut divergence, mut same) = (0.0, 0.0);
    for (reference, ours) in reference.iter().zip(ours) {
        let (p, q) = (log_softmax(reference), log_softmax(ours));
        divergence += p.iter().zip(&q).map(|(p, q)| p.exp() * (p - q)).sum::<f64>();
        same += f64::from(u8::from(argmax(reference) == argmax(ours)));
    }
    Agreement { divergence: divergence / reference.len() as f64, top1: same / reference.len() as f64 }
}

/// Compares every `(model, options)`; those marked must be within the bounds for 8 and 6 bits.
fn compare(models: &[(String, Value, bool)]) -> (String, Vec<String>) {
    let mut f32_session = load("demo-model/safetensors", &json!({ "dtype": "f32", "backend": "cpu" }));
    let mut reference = |stride| {
        let texts = texts(stride);
        (all_logits(&mut f32_session, &texts), texts)
    };
    let (bound_texts, report_texts) = (reference(STRIDE_BOUND), reference(STRIDE_REPORT));
    let mut table = String::new();
    let mut failures = Vec::new();
    for (model, options, bound) in models {
        let (reference, texts) = if *bound { &bound_texts } else { &report_texts };
        let asked = options.get("backend").cloned();
        for backend in BACKENDS.into_iter().filter(|backend| asked.as_ref().is_none_or(|asked| asked == backend)) {
            let mut options = options.clone();
            options["backend"] = backend.into();
            let Agreement { divergence, top1 } = agreement(reference, &all_logits(&mut load(model, &options), texts));
            let name = model.rsplit('/').next().unwrap_or(model);
            let isq = options.get("isq").map_or(String::new(), |level| format!("isq {level}"));
            let kv = options.get("kvCache").and_then(Value::as_str).map_or(String::new(), |kv| format!("KV {kv}"));
            let (percent, positions) = (top1 * 100.0, reference.len());
            writeln!(
                table,
                "{name:24} {isq:6} {kv:6} {backend:7} KL {divergence:.2e}  top-1 {percent:6.2} % of {positions}"
            )
            .unwrap();
            if *bound && !(divergence <= 1e-3 && top1 >= 0.99) {
                failures.push(format!("{name} {isq} {kv} on {backend}: KL {divergence:.2e}, top-1 {top1}"));
            }
        }
    }
    (table, failures)
}

#[test]
fn gguf_files_agree_with_f32() {
    let files = ["F16", "BF16", "Q8_0", "Q6_K", "Q5_K_M", "Q5_1", "Q5_0", "Q4_K_M", "Q4_1", "Q4_0", "Q3_K_M", "Q2_K"];
    let models = files.map(|name| {
        let bound = ["Q8_0", "Q6_K"].contains(&name);
        (format!("demo-model/gguf/wick-demo.{name}.gguf"), json!({}), bound)
    });
    let (table, failures) = compare(&models);
    println!("{table}");
    assert_eq!(failures, Vec::<String>::new());
}

#[test]
fn isq_levels_agree_with_f32() {
    let models =
        [8, 6, 5, 4, 3, 2].map(|level| ("demo-model/safetensors".to_owned(), json!({ "isq": level }), level >= 6));
    let (table, failures) = compare(&models);
    println!("{table}");
    assert_eq!(failures, Vec::<String>::new());
}

#[test]
fn keys_and_values_of_eight_bits_agree_with_f32() {
    let q8 = |mut options: Value| {
        options["kvCache"] = "q8".into();
        options["backend"] = "cpu".into();
        options
    };
    let models = [
        ("demo-model/safetensors".to_owned(), q8(json!({ "dtype": "f32" })), true),
        ("demo-model/gguf/wick-demo.Q8_0.gguf".to_owned(), q8(json!({})), true),
    ];
    let (table, failures) = compare(&models);
    println!("{table}");
    assert_eq!(failures, Vec::<String>::new());
}
