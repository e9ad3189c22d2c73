//! Cases 1 to 15 of the fault catalogue: what a GGUF file can have wrong. Cases 16 to 19 need to know the architecture
//! and are the engine's.

mod support;

use support::{EDGES, GgufBuilder, array_head, invalid, outcome, string, unsupported};
use wick_formats::{FormatErrorKind, Gguf, StoredType};

fn read(builder: &GgufBuilder) -> Result<Gguf, wick_formats::FormatError> {
    Gguf::from_bytes(builder.build())
}

#[test]
fn accepts_the_good_file() {
    let gguf = read(&GgufBuilder::good()).unwrap();
    assert_eq!(gguf.version(), 3);
    assert_eq!(gguf.architecture().unwrap(), "llama");
    assert!(gguf.metadata().bool("flag").unwrap());
    assert_eq!(gguf.metadata().string_array("tokenizer.ggml.tokens").unwrap().str(2).unwrap(), "token");
    let tensor = gguf.tensors().tensor("b").unwrap();
    assert_eq!(tensor.shape, [2, 64]);
    assert_eq!(tensor.bytes.as_slice().unwrap().len(), 72);
    assert_eq!(tensor.bytes.as_slice().unwrap()[0], 32);
    assert_eq!(read(&GgufBuilder { version: 2, ..GgufBuilder::good() }).unwrap().version(), 2);
}

#[test]
fn case_01_empty_and_tiny_files() {
    let good = GgufBuilder::good().build();
    for len in 0..24 {
        let error = Gguf::from_bytes(good[..len].to_vec()).unwrap_err();
        assert_eq!((error.kind(), error.reason()), invalid("truncated"), "{len} bytes");
        assert_eq!(error.details()["got"], len);
    }
}

#[test]
fn case_02_magic_and_version() {
    for magic in [*b"FUGG", *b"FUUG", *b"GGML", *b"ggjt", [0; 4]] {
        assert_eq!(outcome(read(&GgufBuilder { magic, ..GgufBuilder::good() })), invalid("magic"));
    }
    let swapped = read(&GgufBuilder { magic: *b"FUGG", ..GgufBuilder::good() }).unwrap_err();
    assert!(swapped.message().contains("big-endian"));
    for version in [0, 4, 1 << 24, 2 << 24, 3 << 24, u32::MAX] {
        let error = read(&GgufBuilder { version, ..GgufBuilder::good() }).unwrap_err();
        assert_eq!((error.kind(), error.reason()), invalid("version"));
        assert_eq!(error.message().contains("big-endian"), matches!(version, 0x0100_0000 | 0x0200_0000 | 0x0300_0000));
    }
    assert_eq!(outcome(read(&GgufBuilder { version: 1, ..GgufBuilder::good() })), unsupported("version"));
}

#[test]
fn case_03_counts() {
    for count in EDGES.into_iter().filter(|&count| count > 1) {
        for builder in [
            GgufBuilder { tensor_count: Some(count), ..GgufBuilder::good() },
            GgufBuilder { value_count: Some(count), ..GgufBuilder::good() },
        ] {
            assert_eq!(outcome(read(&builder)), invalid("count"), "{count}");
        }
    }
    // Counts below the limits that the file does not have room for.
    for builder in [
        GgufBuilder { tensor_count: Some(1 << 18), ..GgufBuilder::default() },
        GgufBuilder { value_count: Some(1 << 16), ..GgufBuilder::default() },
    ] {
        assert_eq!(outcome(read(&builder)).0, FormatErrorKind::Invalid);
    }
}

#[test]
fn case_04_lengths_of_keys_and_strings() {
    let with_key_len = |len: u64| {
        let mut entry = len.to_le_bytes().to_vec();
        entry.resize(8 + 70_000, b'k');
        outcome(read(&GgufBuilder::default().raw_value(&entry)))
    };
    for len in EDGES.into_iter().filter(|&len| len != 1).chain([65_536, 66_000]) {
        assert_eq!(with_key_len(len), invalid("length"), "{len}");
    }
    let with_string_len = |len: u64| outcome(read(&GgufBuilder::default().value("k", 8, &len.to_le_bytes())));
    for len in EDGES.into_iter().filter(|&len| len > 1).chain([(16 << 20) + 1]) {
        assert_eq!(with_string_len(len), invalid("length"), "{len}");
    }
    // A length some file could have, in one that ends before: nothing tells it from a file cut short.
    assert_eq!(with_string_len(1 << 20), invalid("truncated"));
    let in_array = |len: u64| {
        let mut value = array_head(8, 1);
        value.extend(len.to_le_bytes());
        outcome(read(&GgufBuilder::default().value("k", 9, &value)))
    };
    assert_eq!(in_array(u64::MAX), invalid("length"));
    let tensor_name = |len: u64| outcome(read(&GgufBuilder::default().raw_tensor(&len.to_le_bytes())));
    assert_eq!(tensor_name(0), invalid("length"));
    assert_eq!(tensor_name(u64::MAX), invalid("length"));
}

#[test]
fn case_04_names_that_are_not_text() {
    let mut entry = 2_u64.to_le_bytes().to_vec();
    entry.extend([0xff, 0xfe]);
    assert_eq!(outcome(read(&GgufBuilder::default().raw_value(&entry))), invalid("utf8"));
    assert_eq!(outcome(read(&GgufBuilder::default().raw_tensor(&entry))), invalid("utf8"));
}

#[test]
fn case_05_huge_arrays() {
    // A claim of 2^30 bytes in a small file.
    for (element, len) in [(0, 1 << 30), (10, 1 << 60), (10, u64::MAX), (8, 1 << 40), (9, 1 << 63), (7, 1 << 32)] {
        let file = GgufBuilder::default().value("k", 9, &array_head(element, len));
        assert_eq!(outcome(read(&file)), invalid("count"), "{element} {len}");
    }
    assert_eq!(outcome(read(&GgufBuilder::default().value("k", 9, &array_head(0, 1 << 20)))), invalid("truncated"));
}

#[test]
fn case_05_an_array_costs_its_own_bytes() {
    let mut value = array_head(0, 1 << 20);
    value.resize(value.len() + (1 << 20), 7);
    let path = std::env::temp_dir().join(format!("wick-formats-{}-u8-array.gguf", std::process::id()));
    std::fs::write(&path, GgufBuilder::default().value("k", 9, &value).build()).unwrap();
    let gguf = Gguf::open(&path, wick_formats::OpenMode::Read).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(gguf.metadata().memory_bytes() < (1 << 20) + 4096);
    assert_eq!(gguf.metadata().i32_array("k").unwrap().len(), 1 << 20);
}

/// A gigabyte that is really there, though the disk does not hold it.
#[cfg(unix)]
#[test]
fn case_05_an_array_longer_than_any_header() {
    let path = std::env::temp_dir().join(format!("wick-formats-{}-gigabyte.gguf", std::process::id()));
    std::fs::write(&path, GgufBuilder::default().value("k", 9, &array_head(0, 1 << 30)).build()).unwrap();
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len((1 << 30) + 4096).unwrap();
    let result = Gguf::open(&path, wick_formats::OpenMode::Read);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(outcome(result), (FormatErrorKind::TooLarge, "header"));
}

#[test]
fn case_06_nested_arrays() {
    let nested = |depth: usize| {
        let mut value = Vec::new();
        (0..depth).for_each(|_| value.extend(array_head(9, 1)));
        value.extend(array_head(0, 0));
        GgufBuilder::default().value("k", 9, &value)
    };
    for depth in 0..5 {
        let gguf = read(&nested(depth)).unwrap();
        assert!(gguf.metadata().contains("k"));
    }
    for depth in [5, 65, 100_000] {
        assert_eq!(outcome(read(&nested(depth))), invalid("depth"), "{depth}");
    }
    let mut many = array_head(9, 1 << 20);
    (0..1 << 20).for_each(|_| many.extend(array_head(0, 0)));
    assert_eq!(outcome(read(&GgufBuilder::default().value("k", 9, &many))), invalid("count"));
    // Read over, with what follows in its place.
    let mut mixed = array_head(9, 3);
    mixed.extend(array_head(8, 2));
    mixed.extend(string("x"));
    mixed.extend(string("yz"));
    mixed.extend(array_head(4, 1));
    mixed.extend(5_u32.to_le_bytes());
    mixed.extend(array_head(9, 0));
    let gguf = read(&GgufBuilder::default().value("k", 9, &mixed).value("after", 0, &[9])).unwrap();
    assert_eq!(gguf.metadata().u32("after").unwrap(), 9);
    assert_eq!(outcome(gguf.metadata().i32_array("k")), invalid("type"));
}

#[test]
fn case_07_types() {
    assert_eq!(outcome(read(&GgufBuilder::default().value("k", 7, &[2]))), invalid("type"));
    let mut bools = array_head(7, 3);
    bools.extend([0, 1, 255]);
    assert_eq!(outcome(read(&GgufBuilder::default().value("k", 9, &bools))), invalid("type"));
    for type_id in [13, 255, u32::MAX] {
        let error = read(&GgufBuilder::default().value("k", type_id, &[0; 8])).unwrap_err();
        assert_eq!((error.kind(), error.reason()), invalid("type"));
        assert_eq!(error.details()["key"], "k");
        assert_eq!(outcome(read(&GgufBuilder::default().value("k", 9, &array_head(type_id, 1)))), invalid("type"));
    }
    for (type_id, bytes) in [(5, 32_i32.to_le_bytes().to_vec()), (8, string("32")), (10, 32_u64.to_le_bytes().to_vec())]
    {
        let error = read(&GgufBuilder::default().value("general.alignment", type_id, &bytes)).unwrap_err();
        assert_eq!((error.kind(), error.reason()), invalid("type"));
        assert_eq!(error.details()["key"], "general.alignment");
    }
}

#[test]
fn case_07_accessors_name_the_key() {
    let gguf = read(
        &GgufBuilder::good()
            .value("negative", 11, &(-1_i64).to_le_bytes())
            .value("wide", 10, &u64::MAX.to_le_bytes())
            .value("nan", 6, &f32::NAN.to_le_bytes())
            .value("bytes", 8, &[1, 0, 0, 0, 0, 0, 0, 0, 0xff]),
    )
    .unwrap();
    let metadata = gguf.metadata();
    assert_eq!(metadata.optional_i32("negative").unwrap(), Some(-1));
    assert_eq!(metadata.u64("wide").unwrap(), u64::MAX);
    let failures = [
        ("value", metadata.u32("negative").unwrap_err()),
        ("value", metadata.u32("wide").unwrap_err()),
        ("value", metadata.f32("nan").unwrap_err()),
        ("utf8", metadata.str("bytes").unwrap_err()),
        ("type", metadata.u32("flag").unwrap_err()),
        ("type", metadata.f32("llama.block_count").unwrap_err()),
        ("type", metadata.bool("llama.block_count").unwrap_err()),
        ("type", metadata.str("flag").unwrap_err()),
        ("type", metadata.string_array("flag").unwrap_err()),
        ("type", metadata.f32_array("tokenizer.ggml.tokens").unwrap_err()),
        ("key", metadata.u32("missing").unwrap_err()),
    ];
    for (reason, error) in failures {
        assert_eq!((error.kind(), error.reason()), invalid(reason));
        assert!(error.details().contains_key("key"));
    }
    assert_eq!(metadata.optional_u32("missing").unwrap(), None);
}

#[test]
fn case_08_alignment() {
    let aligned = |alignment: u32| {
        let mut builder = GgufBuilder::default()
            .value("general.alignment", 4, &alignment.to_le_bytes())
            .tensor("a", &[3], 0, 0)
            .data(12);
        if alignment.is_power_of_two() && alignment <= 1 << 16 {
            builder.alignment = alignment as usize;
        }
        read(&builder)
    };
    for alignment in [1, 2, 32, 4096, 1 << 16] {
        let gguf = aligned(alignment).unwrap();
        assert_eq!(gguf.tensors().tensor("a").unwrap().bytes.as_slice().unwrap()[1], 1, "{alignment}");
    }
    for alignment in [0, 13, 1 << 17, 1 << 31, (1 << 31) + 1, u32::MAX] {
        assert_eq!(outcome(aligned(alignment)), invalid("alignment"), "{alignment}");
    }
}

#[test]
fn case_09_duplicates() {
    let error = read(&GgufBuilder::good().value("flag", 7, &[0])).unwrap_err();
    assert_eq!((error.kind(), error.reason()), invalid("duplicate"));
    assert_eq!(error.details()["key"], "flag");
    let error = read(&GgufBuilder::default().tensor("a", &[8], 0, 0).tensor("a", &[8], 0, 32).data(64)).unwrap_err();
    assert_eq!((error.kind(), error.reason()), invalid("duplicate"));
    assert_eq!(error.details()["tensor"], "a");
}

#[test]
fn case_10_shapes() {
    let shaped = |dims: &[u64]| outcome(read(&GgufBuilder::default().tensor("a", dims, 0, 0).data(256)));
    for dims in [&[][..], &[1; 5], &[0], &[4, 0], &[0, u64::MAX], &[u64::MAX], &[1 << 63, 1], &[1, (1 << 63) + 1]] {
        assert_eq!(shaped(dims), invalid("shape"), "{dims:?}");
    }
    for count in [5, 1 << 31, u32::MAX] {
        let mut tensor = string("a");
        tensor.extend(count.to_le_bytes());
        assert_eq!(outcome(read(&GgufBuilder::default().raw_tensor(&tensor))), invalid("shape"), "{count}");
    }
}

#[test]
fn case_11_overflowing_shapes() {
    for dims in
        [&[1 << 33, 1 << 33][..], &[1 << 63, 2], &[u64::MAX, u64::MAX], &[1 << 16; 4], &[1 << 62], &[1 << 31, 1 << 31]]
    {
        let error = read(&GgufBuilder::default().tensor("a", dims, 0, 0).data(256)).unwrap_err();
        assert_eq!((error.kind(), error.reason()), invalid("overflow"), "{dims:?}");
        assert_eq!(error.details()["tensor"], "a");
    }
    // Each fits; together they do not.
    let file = GgufBuilder::default().tensor("a", &[1 << 61], 24, 0).tensor("b", &[(1 << 63) - 1], 24, 1 << 61);
    let both = file.clone().tensor("c", &[(1 << 63) - 1], 24, 1 << 62);
    assert_eq!(outcome(read(&both)), invalid("overflow"));
}

#[test]
fn case_12_types_without_support() {
    for (type_id, name) in
        [(31, "Q4_0_4_4"), (4, "Q4_2"), (36, "IQ4_NL_4_4"), (42, "Q2_0"), (43, "ggml type 43"), (u32::MAX, "ggml type")]
    {
        let error = read(&GgufBuilder::default().tensor("a", &[256], type_id, 0).data(256)).unwrap_err();
        assert_eq!((error.kind(), error.reason()), unsupported("dtype"));
        assert_eq!(error.details()["tensor"], "a");
        assert!(error.details()["dtype"].as_str().unwrap().starts_with(name));
    }
    // Where the layout is known, the rest of the file stays usable: only asking for the tensor fails.
    for (type_id, name) in
        [(16, "IQ2_XXS"), (20, "IQ4_NL"), (34, "TQ1_0"), (39, "MXFP4"), (40, "NVFP4"), (26, "I32"), (15, "Q8_K")]
    {
        let gguf = read(&GgufBuilder::default().tensor("a", &[256], type_id, 0).data(1024)).unwrap();
        assert_eq!(gguf.tensors().entry("a").unwrap().stored, StoredType::Other(name.into()));
        let error = gguf.tensors().tensor("a").unwrap_err();
        assert_eq!((error.kind(), error.reason()), unsupported("dtype"));
        assert_eq!((&error.details()["tensor"], &error.details()["dtype"]), (&"a".into(), &name.into()));
    }
}

#[test]
fn case_13_rows_of_part_blocks() {
    for (dims, type_id) in [(&[31][..], 2), (&[33, 32], 8), (&[1, 32], 2), (&[128, 2], 12), (&[32], 14)] {
        let error = read(&GgufBuilder::default().tensor("a", dims, type_id, 0).data(4096)).unwrap_err();
        assert_eq!((error.kind(), error.reason()), invalid("block"), "{dims:?}");
        assert_eq!(error.details()["tensor"], "a");
    }
}

#[test]
fn case_14_offsets() {
    let placed = |offsets: [u64; 2]| {
        let file = GgufBuilder::default().tensor("a", &[8], 0, offsets[0]).tensor("b", &[8], 0, offsets[1]);
        read(&file.data(64))
    };
    placed([0, 32]).unwrap();
    placed([32, 0]).unwrap();
    for offsets in [[1, 32], [0, 31], [0, 64], [0, 0], [0, 1 << 32], [0, 1 << 63], [0, u64::MAX - 31], [0, u64::MAX]] {
        assert_eq!(outcome(placed(offsets)), invalid("offset"), "{offsets:?}");
    }
    // Nothing wrong but the alignment.
    let unaligned = GgufBuilder::default().tensor("a", &[8], 0, 0).tensor("b", &[8], 0, 40).data(96);
    assert_eq!(outcome(read(&unaligned)), invalid("offset"));
    // Overlap by part of a tensor, and one byte past the end.
    let overlap = GgufBuilder::default().tensor("a", &[16], 0, 0).tensor("b", &[8], 0, 32).data(96);
    assert_eq!(outcome(read(&overlap)), invalid("offset"));
    let mut past_end =
        GgufBuilder::default().value("general.alignment", 4, &1_u32.to_le_bytes()).tensor("a", &[8], 24, 1).data(8);
    past_end.alignment = 1;
    assert_eq!(outcome(read(&past_end)), invalid("offset"));
    // A gap is odd and harmless.
    read(&GgufBuilder::default().tensor("a", &[8], 0, 0).tensor("b", &[8], 0, 64).data(96)).unwrap();
}

#[test]
fn case_15_truncation() {
    let builder = GgufBuilder::good();
    let good = builder.build();
    let data_start = builder.header_len().next_multiple_of(32);
    let cuts = (0..data_start).chain((1..100).map(|percent| data_start + (good.len() - data_start) * percent / 100));
    for cut in cuts {
        let error = Gguf::from_bytes(good[..cut].to_vec()).unwrap_err();
        assert_eq!((error.kind(), error.reason()), invalid("truncated"), "cut at {cut}");
        assert_eq!(error.details()["got"], cut);
        assert!(error.details()["expected"].as_u64().unwrap() > cut as u64);
    }
}

#[test]
fn every_changed_byte_gives_a_table_or_an_error() {
    let good = GgufBuilder::good().build();
    for index in 0..GgufBuilder::good().header_len() {
        for byte in [0, 1, 0x7f, 0x80, 0xff, good[index] ^ 1, good[index].wrapping_add(1)] {
            let mut bytes = good.clone();
            bytes[index] = byte;
            if let Ok(gguf) = Gguf::from_bytes(bytes) {
                for entry in gguf.tensors().entries() {
                    assert_eq!(entry.bytes.to_vec().unwrap().len(), entry.bytes.len());
                }
            }
        }
    }
}

#[test]
fn a_part_alone_is_no_model() {
    let split = |count: u16| {
        GgufBuilder::good().value("split.no", 2, &0_u16.to_le_bytes()).value("split.count", 2, &count.to_le_bytes())
    };
    let error = read(&split(3)).unwrap_err();
    assert_eq!((error.kind(), error.reason()), unsupported("split"));
    assert_eq!(outcome(read(&split(1001))), invalid("split"));
    read(&split(1)).unwrap();
}

#[test]
fn hostile_names_are_escaped_in_messages() {
    let error = read(&GgufBuilder::default().tensor("a\r\nlevel=error \u{1b}[31m", &[0], 0, 0)).unwrap_err();
    assert!(!error.message().chars().any(char::is_control));
}
