//! Unquantised models: logits and greedy ids of transformers.

use serde_json::json;

use crate::{BACKENDS, fixture, load, session::Session};

/// The greatest difference between our logits and the golden ones, over all cases.
fn worst_difference(session: &mut Session, cases: &[fixture::Case]) -> f32 {
    let mut worst = 0f32;
    for case in cases {
        let ours = session.logits(&case.prompt, case.logits.len());
        for (ours, theirs) in ours.iter().flatten().zip(case.logits.iter().flatten()) {
            worst = worst.max((ours - theirs).abs());
        }
    }
    worst
}

fn matches_transformers(model: &str, golden: &str, backend: &str) {
    let mut session = load(model, &json!({ "dtype": "f32", "backend": backend, "threads": 1 }));
    matches_cases(&mut session, &fixture::cases(golden), &format!("{model} f32 on {backend}"));
}

/// Logits within 1e-4 and every certain greedy id.
pub(crate) fn matches_cases(session: &mut Session, cases: &[fixture::Case], what: &str) {
    let worst = worst_difference(session, cases);
    println!("{what}: logits within {worst:.2e}");
    assert!(worst <= 1e-4, "{what}: {worst}");
    for case in cases {
        let certain = case.certain(2e-4);
        assert_eq!(session.greedy(&case.prompt, certain.len()), certain, "{what}: {}", case.name);
    }
}

macro_rules! golden {
    ($($test:ident: $model:literal, $golden:literal;)*) => {$(
        mod $test {
            #[test]
            fn candle() {
                super::matches_transformers($model, $golden, "candle");
            }

            #[test]
            fn cpu() {
                super::matches_transformers($model, $golden, "cpu");
            }
        }
    )*};
}

golden! {
    demo: "demo-model/safetensors", "demo-model/golden";
    llama3: "tiny-models/llama3", "tiny-models/llama3";
    llama_linear: "tiny-models/llama-linear", "tiny-models/llama-linear";
    llama_yarn: "tiny-models/llama-yarn", "tiny-models/llama-yarn";
    mistral_window: "tiny-models/mistral-window", "tiny-models/mistral-window";
    qwen2: "tiny-models/qwen2", "tiny-models/qwen2";
    qwen3: "tiny-models/qwen3", "tiny-models/qwen3";
    smollm3: "tiny-models/smollm3", "tiny-models/smollm3";
    smollm3_listed: "tiny-models/smollm3-listed", "tiny-models/smollm3-listed";
    llama_bias: "tiny-models/llama-bias", "tiny-models/llama-bias";
    qwen3_bias: "tiny-models/qwen3-bias", "tiny-models/qwen3-bias";
}

/// As stored: bf16 weights, f16 keys and values. The own backend rounds activations to bf16 too, as bf16 models do on a GPU.
#[test]
fn demo_in_bf16_is_close() {
    let cases = fixture::cases("demo-model/golden");
    for (backend, bound) in BACKENDS.into_iter().zip([2e-2, 0.1]) {
        let mut session = load("demo-model/safetensors", &json!({ "backend": backend }));
        let worst = worst_difference(&mut session, &cases);
        println!("demo model bf16 on {backend}: logits within {worst:.2e}");
        assert!(worst <= bound, "{backend}: {worst}");
        let mut compared = 0;
        for case in &cases {
            let certain = case.certain(f64::from(2.0 * bound));
            if certain.is_empty() {
                continue;
            }
            assert_eq!(session.greedy(&case.prompt, certain.len()), certain, "{backend}: {}", case.name);
            compared += certain.len();
        }
        assert!(compared > 100, "{backend}: only {compared} tokens are certain");
    }
}
