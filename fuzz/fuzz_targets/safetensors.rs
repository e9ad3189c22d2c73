#![no_main]
//! Any bytes as a safetensors file, or as an index with two shards: a table of tensors inside them, or an error.
//!
//! Input that holds the line `==` twice is an index and two shards, split there; other input is one file.

use libfuzzer_sys::fuzz_target;
use wick_formats::{ModelFiles, OpenMode, Safetensors};

const SEPARATOR: &[u8] = b"\n==\n";

fuzz_target!(|bytes: &[u8]| {
    let model = match split(bytes) {
        Some([index, first, second]) => {
            let files = [("model.safetensors.index.json", index), ("a.safetensors", first), ("b.safetensors", second)];
            let files = files.map(|(name, bytes)| (name.to_owned(), bytes.to_vec()));
            Safetensors::open_model(&ModelFiles::from_bytes(files), OpenMode::Read)
        }
        None => Safetensors::from_bytes(bytes.to_vec()),
    };
    let Ok(model) = model else { return };
    for entry in model.tensors().entries() {
        assert_eq!(entry.bytes.as_slice().map(<[u8]>::len), Some(entry.bytes.len()));
        if let Ok(tensor) = model.tensors().tensor(&entry.name) {
            let elements: usize = tensor.shape.iter().product();
            assert_eq!(tensor.dtype.row_bytes(elements), Some(tensor.bytes.len()));
        }
    }
});

fn split(bytes: &[u8]) -> Option<[&[u8]; 3]> {
    let (index, rest) = split_once(bytes)?;
    let (first, second) = split_once(rest)?;
    Some([index, first, second])
}

fn split_once(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = bytes.windows(SEPARATOR.len()).position(|window| window == SEPARATOR)?;
    Some((&bytes[..at], &bytes[at + SEPARATOR.len()..]))
}
