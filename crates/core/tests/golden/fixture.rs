//! Reference outputs of transformers, and the models they belong to.

use std::{collections::HashMap, path::PathBuf};

use serde_json::Value;

/// A prompt and what transformers made of it.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) prompt: Vec<u32>,
    pub(crate) greedy: Vec<u32>,
    /// Top-1 minus top-2 logit of each greedy step.
    margins: Vec<f64>,
    /// Logits of the prompt's last positions.
    pub(crate) logits: Vec<Vec<f32>>,
}

impl Case {
    /// The greedy ids that an error below half of `margin` in each logit cannot change.
    pub(crate) fn certain(&self, margin: f64) -> &[u32] {
        let end = self.margins.iter().position(|of_step| *of_step < margin).unwrap_or(self.greedy.len());
        &self.greedy[..end]
    }
}

pub(crate) fn path(relative: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../test/fixtures")).join(relative)
}

pub(crate) fn json(relative: &str) -> Value {
    serde_json::from_slice(&std::fs::read(path(relative)).unwrap()).unwrap()
}

pub(crate) fn ids(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect()
}

/// The cases of a folder with `golden.json` and `golden.safetensors`.
pub(crate) fn cases(folder: &str) -> Vec<Case> {
    let golden = json(&format!("{folder}/golden.json"));
    let logits: HashMap<String, candle_core::Tensor> =
        candle_core::safetensors::load(path(&format!("{folder}/golden.safetensors")), &candle_core::Device::Cpu)
            .unwrap();
    let either = |case: &Value, long: &str, short: &str| case.get(long).unwrap_or(&case[short]).clone();
    golden["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| {
            let name = case["name"].as_str().unwrap().to_owned();
            Case {
                prompt: ids(&either(case, "promptTokens", "prompt")),
                greedy: ids(&either(case, "greedyTokens", "greedy")),
                margins: case["margins"].as_array().unwrap().iter().map(|margin| margin.as_f64().unwrap()).collect(),
                logits: logits[&name].to_vec2().unwrap(),
                name,
            }
        })
        .collect()
}
