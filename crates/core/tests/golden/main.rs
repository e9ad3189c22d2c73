//! Both backends against transformers and, as a second witness, llama.cpp.
#![cfg(test)]

mod converted;
mod embeddings;
mod fixture;
mod float;
mod llama_cpp;
mod quantized;
mod session;

use serde_json::Value;
use wick_core::{
    backend::cpu::ThreadPools,
    engine::Memory,
    loader::{LoadOptions, Source, load_weights},
    weights::ModelSource,
};

use session::Session;

const BACKENDS: [&str; 2] = ["candle", "cpu"];

/// A folder or file of the fixtures, loaded with `options`.
fn load(relative: &str, options: &Value) -> Session {
    let source = ModelSource::open(Source::Path(fixture::path(relative))).unwrap();
    let options = LoadOptions::from_json(options).unwrap();
    let loaded =
        load_weights(&source, &options, &Memory::uncounted(), &ThreadPools::default(), &mut |_| {}, &|| false).unwrap();
    assert_eq!(loaded.info.warnings, Vec::<String>::new());
    Session::new(loaded.model)
}
