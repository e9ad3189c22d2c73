#![no_main]
//! Any bytes as a GGUF file: a table of tensors inside it, or an error.

use libfuzzer_sys::fuzz_target;
use wick_formats::gguf::{SizeHint, file_size};
use wick_formats::{ByteSource, Gguf, TensorTable};

fuzz_target!(|bytes: &[u8]| {
    let hint = file_size(&ByteSource::from(bytes.to_vec()).into());
    if let Ok(SizeHint::NeedsMore { at_least }) = hint {
        assert!(at_least > bytes.len() as u64);
    }
    let Ok(gguf) = Gguf::from_bytes(bytes.to_vec()) else { return };
    assert!(matches!(hint, Ok(SizeHint::Known(_))));
    check_table(gguf.tensors(), bytes);
    let metadata = gguf.metadata();
    for key in metadata.keys() {
        assert!(metadata.value_type(key).is_some());
        // Right or wrong, each accessor answers.
        let _ = metadata.u32(key);
        let _ = metadata.optional_i32(key);
        let _ = metadata.u64(key);
        let _ = metadata.f32(key);
        let _ = metadata.bool(key);
        let _ = metadata.str(key);
        let _ = metadata.optional_u32_array(key);
        let _ = metadata.i32_array(key);
        let _ = metadata.f32_array(key);
        let _ = metadata.optional_bool_array(key);
        if let Ok(strings) = metadata.string_array(key) {
            assert_eq!(strings.iter().count(), strings.len());
            for index in 0..strings.len() {
                let _ = strings.str(index);
            }
        }
    }
});

/// Every tensor lies inside the file, apart from the others, with as many bytes as its shape needs.
fn check_table(table: &TensorTable, file: &[u8]) {
    let mut ranges = Vec::new();
    for entry in table.entries() {
        let start = entry.bytes.offset() as usize;
        let end = start + entry.bytes.len();
        assert_eq!(entry.bytes.as_slice(), Some(&file[start..end]));
        ranges.push((start, end));
        if let Ok(tensor) = table.tensor(&entry.name) {
            let row = tensor.shape[tensor.shape.len() - 1];
            let rows: usize = tensor.shape[..tensor.shape.len() - 1].iter().product();
            assert_eq!(tensor.dtype.row_bytes(row).map(|row| row * rows), Some(tensor.bytes.len()));
        }
    }
    ranges.sort_unstable();
    assert!(ranges.windows(2).all(|pair| pair[0].1 <= pair[1].0));
}
