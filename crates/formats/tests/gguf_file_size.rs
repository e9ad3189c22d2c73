//! The length of a file, from its beginning.

mod support;

use support::{EDGES, GgufBuilder, array_head, invalid, outcome, string, unsupported};
use wick_formats::gguf::{SizeHint, Writer, file_size};
use wick_formats::{ByteSource, DType, FormatErrorKind, Gguf, Result};

fn hint(prefix: Vec<u8>) -> Result<SizeHint> {
    file_size(&ByteSource::from(prefix).into())
}

/// What `file` tells, whole.
fn size(builder: &GgufBuilder) -> Option<SizeHint> {
    hint(builder.build()).ok()
}

/// What the first bytes of `file` tell, at every cut up to its header's end, and that it is `size` from there on.
fn assert_size(file: &[u8], header: usize, size: u64) {
    for cut in 0..header {
        match hint(file[..cut].to_vec()) {
            Ok(SizeHint::NeedsMore { at_least }) => {
                assert!(at_least > cut as u64 && at_least <= header as u64, "cut at {cut}: {at_least}");
            }
            other => panic!("cut at {cut}: {other:?}"),
        }
    }
    for end in [header, header + 1, file.len()] {
        assert_eq!(hint(file[..end.min(file.len())].to_vec()), Ok(SizeHint::Known(size)), "{end} bytes");
    }
}

#[test]
fn is_known_when_the_header_is_whole() {
    let builder = GgufBuilder::good();
    // 24 bytes short of the padding that writers put after the last tensor.
    assert_size(&builder.build(), builder.header_len(), builder.build().len() as u64 + 24);
    let vocabulary: Vec<String> = (0..200).map(|token| format!("token {token}")).collect();
    let writer = Writer::new()
        .metadata("general.architecture", "llama")
        .metadata("tokenizer.ggml.tokens", vocabulary)
        .tensor("a", DType::Q4_0, [3, 64])
        .tensor("b", DType::F32, [7]);
    let file = writer.to_bytes(|index| vec![1; [108, 28][index]]).unwrap();
    let data = 128 + 32;
    let is_whole = |&cut: &usize| matches!(hint(file[..cut].to_vec()), Ok(SizeHint::Known(_)));
    let header = (0..=file.len()).find(is_whole).unwrap_or_default();
    assert_eq!(header.next_multiple_of(32), file.len() - data);
    assert_size(&file, header, file.len() as u64);
}

#[test]
fn is_that_of_the_demo_model() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../test/fixtures/demo-model/gguf/wick-demo.Q8_0.gguf");
    let file = std::fs::read(path).unwrap();
    let mut cut = 4096;
    let mut questions = 0;
    let size = loop {
        questions += 1;
        match hint(file[..cut].to_vec()).unwrap() {
            SizeHint::NeedsMore { at_least } => cut = (at_least as usize).max(2 * cut),
            SizeHint::Known(size) => break size,
        }
    };
    assert_eq!(size, file.len() as u64);
    assert!(questions < 10, "{questions}");
}

#[test]
fn reaches_to_the_last_tensor_wherever_it_stands() {
    let empty = GgufBuilder::default();
    assert_eq!(size(&empty), Some(SizeHint::Known(empty.header_len() as u64)));
    let swapped = GgufBuilder::default().tensor("a", &[8], 0, 96).tensor("b", &[8], 0, 0);
    let start = swapped.header_len().next_multiple_of(32) as u64;
    assert_eq!(size(&swapped), Some(SizeHint::Known(start + 128)));
    let mut unaligned =
        GgufBuilder::default().value("general.alignment", 4, &1_u32.to_le_bytes()).tensor("a", &[3], 24, 0);
    unaligned.alignment = 1;
    assert_eq!(size(&unaligned), Some(SizeHint::Known(unaligned.header_len() as u64 + 3)));
}

#[test]
fn a_file_of_that_size_is_whole_and_one_byte_less_is_not() {
    let builder = GgufBuilder::default().tensor("a", &[64, 2], 2, 0).tensor("b", &[8], 0, 96).data(128);
    let file = builder.build();
    assert_eq!(hint(file.clone()).unwrap(), SizeHint::Known(file.len() as u64));
    Gguf::from_bytes(file.clone()).unwrap();
    let error = Gguf::from_bytes(file[..file.len() - 1].to_vec()).unwrap_err();
    assert_eq!((error.kind(), error.reason()), invalid("truncated"));
}

#[test]
fn refuses_what_the_loader_refuses_as_early() {
    assert_eq!(outcome(hint(b"no model".to_vec())), invalid("magic"));
    assert_eq!(outcome(hint(b"GGUF\x01\0\0\0".to_vec())), unsupported("version"));
    for count in EDGES.into_iter().filter(|count| *count > 1 << 18) {
        let claimed = GgufBuilder { tensor_count: Some(count), ..GgufBuilder::good() };
        assert_eq!(outcome(hint(claimed.build())), invalid("count"), "{count}");
    }
    let tokens = |len| GgufBuilder::default().value("tokens", 9, &array_head(8, len)).build();
    assert_eq!(outcome(hint(tokens(1 << 60))), invalid("count"));
    // Possible, and not here yet.
    assert!(matches!(hint(tokens(1 << 20)).unwrap(), SizeHint::NeedsMore { .. }));
    let mut long = string("a");
    long.extend(8_u32.to_le_bytes());
    long.extend((17_u64 << 20).to_le_bytes());
    assert_eq!(outcome(hint(GgufBuilder::default().raw_value(&long).build())), invalid("length"));
    // The first bytes fit the longest header, the next array does not.
    let mut numbers = GgufBuilder::default().value("a", 9, &[array_head(0, 100), vec![0; 100]].concat());
    numbers = numbers.value("b", 9, &array_head(0, 256 << 20));
    let error = hint(numbers.build()).unwrap_err();
    assert_eq!((error.kind(), error.reason()), (FormatErrorKind::TooLarge, "header"));
    for offset in [1, (1 << 63) + 8, u64::MAX] {
        let placed = GgufBuilder::default().tensor("a", &[8], 0, offset).build();
        assert_eq!(outcome(hint(placed)), invalid("offset"), "{offset}");
    }
    let split = GgufBuilder::good().value("split.count", 2, &1001_u16.to_le_bytes()).build();
    assert_eq!(outcome(hint(split)), invalid("split"));
}

#[test]
fn agrees_with_the_loader_on_every_changed_byte() {
    let good = GgufBuilder::good().build();
    for index in 0..GgufBuilder::good().header_len() {
        for byte in [0, 1, 0x7f, 0x80, 0xff, good[index] ^ 1, good[index].wrapping_add(1)] {
            let mut bytes = good.clone();
            bytes[index] = byte;
            let told = hint(bytes.clone());
            if Gguf::from_bytes(bytes).is_ok() {
                assert!(matches!(told, Ok(SizeHint::Known(_))), "byte {index} as {byte}: {told:?}");
            }
        }
    }
}
