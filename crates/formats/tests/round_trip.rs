//! What is written is what is read; what is read lies inside its file.

use proptest::prelude::*;
use wick_formats::gguf::{MetadataValue, Writer};
use wick_formats::{DType, Gguf, Safetensors, TensorTable};

const DTYPES: [DType; 13] = [
    DType::F32,
    DType::F16,
    DType::BF16,
    DType::Q4_0,
    DType::Q4_1,
    DType::Q5_0,
    DType::Q5_1,
    DType::Q8_0,
    DType::Q2_K,
    DType::Q3_K,
    DType::Q4_K,
    DType::Q5_K,
    DType::Q6_K,
];

fn value() -> impl Strategy<Value = MetadataValue> {
    prop_oneof![
        any::<u8>().prop_map(MetadataValue::U8),
        any::<u32>().prop_map(MetadataValue::U32),
        any::<i32>().prop_map(MetadataValue::I32),
        any::<u64>().prop_map(MetadataValue::U64),
        (-1e30_f32..1e30).prop_map(MetadataValue::F32),
        any::<bool>().prop_map(MetadataValue::Bool),
        ".{0,20}".prop_map(MetadataValue::String),
        prop::collection::vec(".{0,5}", 0..20).prop_map(MetadataValue::Strings),
        prop::collection::vec(any::<i32>(), 0..20).prop_map(MetadataValue::I32Array),
        prop::collection::vec(-1e30_f32..1e30, 0..20).prop_map(MetadataValue::F32Array),
    ]
}

/// Type, and shape with a last dimension of whole blocks.
fn tensor() -> impl Strategy<Value = (DType, Vec<usize>)> {
    (prop::sample::select(&DTYPES[..]), prop::collection::vec(1_usize..4, 0..4), 1_usize..4).prop_map(
        |(dtype, mut shape, blocks)| {
            shape.push(blocks * dtype.block_len());
            (dtype, shape)
        },
    )
}

/// Every tensor lies inside the file and apart from the others.
fn assert_apart(table: &TensorTable, file_len: u64) {
    let mut ranges: Vec<(u64, u64)> = table
        .entries()
        .iter()
        .map(|entry| (entry.bytes.offset(), entry.bytes.offset() + entry.bytes.len() as u64))
        .collect();
    ranges.sort_unstable();
    assert!(ranges.iter().all(|&(_, end)| end <= file_len));
    assert!(ranges.windows(2).all(|pair| pair[0].1 <= pair[1].0));
}

proptest! {
    #[test]
    fn gguf_reads_what_was_written(
        values in prop::collection::btree_map("[a-z.]{1,12}", value(), 0..8),
        tensors in prop::collection::btree_map("[a-z]{1,8}", tensor(), 0..6),
    ) {
        prop_assume!(!values.contains_key("general.alignment") && !values.contains_key("split.count"));
        let mut writer = Writer::new();
        for (key, value) in &values {
            writer = writer.metadata(key, value.clone());
        }
        for (name, (dtype, shape)) in &tensors {
            writer = writer.tensor(name, *dtype, shape.clone());
        }
        let bytes_of = |index: usize| {
            let (dtype, shape) = tensors.values().nth(index).unwrap();
            let len = dtype.row_bytes(shape.iter().product()).unwrap();
            (0..len).map(|i| (i * 7 + index) as u8).collect::<Vec<u8>>()
        };
        let file = writer.to_bytes(bytes_of).unwrap();
        let file_len = file.len() as u64;
        let gguf = Gguf::from_bytes(file).unwrap();
        let metadata = gguf.metadata();
        prop_assert_eq!(metadata.keys().count(), values.len());
        for (key, value) in &values {
            match value {
                MetadataValue::U8(value) => prop_assert_eq!(metadata.u32(key).unwrap(), u32::from(*value)),
                MetadataValue::U32(value) => prop_assert_eq!(metadata.u32(key).unwrap(), *value),
                MetadataValue::I32(value) => prop_assert_eq!(metadata.optional_i32(key).unwrap(), Some(*value)),
                MetadataValue::U64(value) => prop_assert_eq!(metadata.u64(key).unwrap(), *value),
                MetadataValue::F32(value) => prop_assert_eq!(metadata.f32(key).unwrap().to_bits(), value.to_bits()),
                MetadataValue::Bool(value) => prop_assert_eq!(metadata.bool(key).unwrap(), *value),
                MetadataValue::String(value) => prop_assert_eq!(metadata.str(key).unwrap(), value),
                MetadataValue::Strings(values) => {
                    let array = metadata.string_array(key).unwrap();
                    prop_assert!(array.iter().eq(values.iter().map(String::as_bytes)));
                }
                MetadataValue::I32Array(values) => prop_assert_eq!(&metadata.i32_array(key).unwrap(), values),
                MetadataValue::F32Array(values) => prop_assert_eq!(&metadata.f32_array(key).unwrap(), values),
            }
        }
        prop_assert_eq!(gguf.tensors().len(), tensors.len());
        for (index, (name, (dtype, shape))) in tensors.iter().enumerate() {
            let tensor = gguf.tensors().tensor(name).unwrap();
            prop_assert_eq!(tensor.dtype, *dtype);
            prop_assert_eq!(&tensor.shape, shape);
            prop_assert_eq!(tensor.bytes.as_slice().unwrap(), &bytes_of(index)[..]);
        }
        assert_apart(gguf.tensors(), file_len);
    }

    /// A table is a proof, however the bytes came about.
    #[test]
    fn damaged_gguf_never_leaves_its_file(damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let writer = Writer::new()
            .metadata("general.architecture", "llama")
            .metadata("tokens", vec!["a".to_owned(), "b".to_owned()])
            .tensor("a", DType::Q4_0, [2, 32])
            .tensor("b", DType::F32, [3]);
        let mut file = writer.to_bytes(|index| vec![1; [36, 12][index]]).unwrap();
        for (index, byte) in damage {
            let index = index.index(file.len());
            file[index] = byte;
        }
        let len = file.len() as u64;
        if let Ok(gguf) = Gguf::from_bytes(file) {
            assert_apart(gguf.tensors(), len);
        }
    }

    #[test]
    fn safetensors_reads_what_was_written(lens in prop::collection::vec(0_u64..40, 0..8), spaces in 0_usize..9) {
        let mut offset = 0;
        let lines: Vec<String> = lens.iter().enumerate().map(|(index, len)| {
            let start = offset;
            offset += 2 * len;
            format!("\"t{index}\":{{\"shape\":[{len}],\"data_offsets\":[{start},{offset}],\"dtype\":\"BF16\"}}")
        }).collect();
        let header = format!("{{{}}}{}", lines.join(","), " ".repeat(spaces));
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend(header.as_bytes());
        let data: Vec<u8> = (0..offset).map(|i| i as u8).collect();
        file.extend(&data);
        let file_len = file.len() as u64;
        let read = Safetensors::from_bytes(file).unwrap();
        prop_assert_eq!(read.tensors().len(), lens.len());
        let mut start = 0;
        for (index, &len) in lens.iter().enumerate() {
            let tensor = read.tensors().tensor(&format!("t{index}")).unwrap();
            let end = start + 2 * len as usize;
            prop_assert_eq!(tensor.bytes.as_slice().unwrap(), &data[start..end]);
            start = end;
        }
        assert_apart(read.tensors(), file_len);
    }
}

#[test]
fn the_writer_refuses_what_no_reader_takes() {
    let refused = |writer: Writer, len: usize| {
        writer.to_bytes(|_| vec![0; len]).unwrap_err().kind() == std::io::ErrorKind::InvalidInput
    };
    assert!(refused(Writer::new().tensor("a", DType::Q4_0, [31]), 18));
    assert!(refused(Writer::new().tensor("a", DType::F32, [0]), 0));
    assert!(refused(Writer::new().tensor("a", DType::F32, []), 4));
    assert!(refused(Writer::new().tensor("a", DType::F32, [1, 1, 1, 1, 1]), 4));
    assert!(refused(Writer::new().tensor("a", DType::F32, [1 << 40, 1 << 40]), 4));
    assert!(refused(Writer::new().tensor("a", DType::F32, [2]), 7));
    assert!(refused(Writer::new().tensor("a", DType::F32, [2]), 9));
}
