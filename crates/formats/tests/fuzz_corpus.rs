//! The kept inputs of the fuzz targets, without the fuzzer: each gives a table or an error.

use std::path::Path;

use wick_formats::{Gguf, ModelFiles, OpenMode, Safetensors};

/// Calls `check` with each input and counts those it accepts.
fn accepted(target: &str, check: impl Fn(Vec<u8>) -> bool) -> usize {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus")).join(target);
    let inputs: Vec<Vec<u8>> = std::fs::read_dir(folder)
        .expect("the corpus is part of the repository")
        .map(|entry| std::fs::read(entry.expect("a corpus entry").path()).expect("a corpus file"))
        .collect();
    assert!(inputs.len() > 10);
    inputs.into_iter().filter(|input| check(input.clone())).count()
}

#[test]
fn gguf() {
    assert!(accepted("gguf", |input| Gguf::from_bytes(input).is_ok()) >= 8);
}

#[test]
fn safetensors() {
    let accepted = accepted("safetensors", |input| {
        let parts = split(&input);
        if parts.len() != 3 {
            return Safetensors::from_bytes(input).is_ok();
        }
        let names = ["model.safetensors.index.json", "a.safetensors", "b.safetensors"];
        let files = ModelFiles::from_bytes(names.map(str::to_owned).into_iter().zip(parts));
        Safetensors::open_model(&files, OpenMode::Read).is_ok()
    });
    assert!(accepted >= 6);
}

/// The parts between the lines `==`, byte for byte.
fn split(input: &[u8]) -> Vec<Vec<u8>> {
    let mut parts = vec![Vec::new()];
    let mut rest = input;
    while let Some((&byte, tail)) = rest.split_first() {
        if let Some(tail) = rest.strip_prefix(b"\n==\n") {
            parts.push(Vec::new());
            rest = tail;
        } else {
            if let Some(part) = parts.last_mut() {
                part.push(byte);
            }
            rest = tail;
        }
    }
    parts
}
