//! llama.cpp's greedy output for the same files: a report. It quantises activations differently, so that near ties may differ.

use std::fmt::Write;

use serde_json::json;

use crate::{BACKENDS, fixture, load};

#[test]
fn greedy_output_beside_llama_cpp() {
    let golden = fixture::json("demo-model/golden/llama-cpp.json");
    let prompts = fixture::cases("demo-model/golden");
    let mut report = String::new();
    let mut compared = 0;
    for (file, cases) in golden["files"].as_object().unwrap() {
        let path = format!("demo-model/gguf/wick-demo.{file}.gguf");
        if file.starts_with("IQ") || !fixture::path(&path).exists() {
            continue;
        }
        for backend in BACKENDS {
            let mut session = load(&path, &json!({ "backend": backend }));
            let (mut equal, mut cases_seen) = (0, 0);
            for case in cases.as_array().unwrap().iter().take(4) {
                let prompt = prompts.iter().find(|prompt| case["name"] == prompt.name.as_str()).unwrap();
                let theirs = fixture::ids(&case["greedyTokens"]);
                equal += usize::from(session.greedy(&prompt.prompt, theirs.len()) == theirs);
                cases_seen += 1;
            }
            writeln!(report, "{file:8} {backend:7} {equal} of {cases_seen} answers equal llama.cpp's").unwrap();
            compared += cases_seen;
        }
    }
    println!("{report}");
    assert!(compared > 0, "nothing was compared");
}
