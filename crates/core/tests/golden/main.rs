//! Both backends against transformers and, as a second witness, llama.cpp.
#![cfg(test)]

mod fixture;
mod float;
mod session;

use session::Session;

/// A folder or file of the fixtures, loaded with `options`.
fn load(relative: &str, options: serde_json::Value) -> Session {
    use wick_core::{
        backend::{KvDType, candle::CandleBackend},
        model::*,
        weight::{DType, Weight, WeightBytes},
        weights::*,
    };
    let _ = options;
    let folder = fixture::path(relative);
    let config = ModelConfig::from_json(&std::fs::read(folder.join("config.json")).unwrap()).unwrap();
    let mut weights = Vec::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.starts_with("model") && name.ends_with(".safetensors") {
            for (name, tensor) in candle_core::safetensors::load(&path, &candle_core::Device::Cpu).unwrap() {
                let flat =
                    tensor.to_dtype(candle_core::DType::F32).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
                weights.push(Weight {
                    name: name.into(),
                    dtype: DType::F32,
                    shape: tensor.dims().to_vec(),
                    bytes: WeightBytes::Owned(flat.iter().flat_map(|v| v.to_le_bytes()).collect()),
                });
            }
        }
    }
    struct Quiet;
    impl LoadObserver for Quiet {
        fn loaded(&mut self, _: u64) {}
        fn cancelled(&self) -> bool {
            false
        }
    }
    let mut table = WeightTable::new(Naming::HuggingFace, weights);
    let mut quiet = Quiet;
    let model = Transformer::load(
        WeightLoader {
            backend: CandleBackend::new(candle_core::Device::Cpu),
            table: &mut table,
            conversion: Conversion::AsStored,
            threads: 1,
            observer: &mut quiet,
        },
        &config,
        TransformerOptions { context_length: 2048, kv_dtype: KvDType::F32, kv_limit: None },
    )
    .unwrap();
    Session::new(Box::new(model))
}
