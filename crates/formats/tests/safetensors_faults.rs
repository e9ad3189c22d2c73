//! Cases 20 and 23 to 30 of the fault catalogue: what safetensors files and their index can have wrong. Case 28 is about
//! config.json, which the engine reads.

mod support;

use support::{EDGES, invalid, line, outcome, safetensors, unsupported};
use wick_formats::{FormatError, FormatErrorKind, ModelFiles, OpenMode, Safetensors, StoredType};

fn read(header: &str, data: usize) -> Result<Safetensors, FormatError> {
    Safetensors::from_bytes(safetensors(header, data))
}

/// A file of those lines and as much data.
fn read_lines(lines: &[String], data: usize) -> Result<Safetensors, FormatError> {
    read(&format!("{{{}}}", lines.join(",")), data)
}

fn open(files: &[(&str, Vec<u8>)]) -> Result<Safetensors, FormatError> {
    let files = ModelFiles::from_bytes(files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.clone())));
    Safetensors::open_model(&files, OpenMode::Read)
}

fn index(entries: &[(&str, &str)]) -> Vec<u8> {
    let map: Vec<String> = entries.iter().map(|(tensor, shard)| format!("{tensor:?}:{shard:?}")).collect();
    format!("{{\"metadata\":{{\"total_size\":16}},\"weight_map\":{{{}}}}}", map.join(",")).into_bytes()
}

const INDEX: &str = "model.safetensors.index.json";
const FIRST: &str = "model-00001-of-00002.safetensors";
const SECOND: &str = "model-00002-of-00002.safetensors";

/// A shard with those tensors, of one F32 each.
fn shard(names: &[&str]) -> Vec<u8> {
    let lines: Vec<String> =
        names.iter().zip(0_u64..).map(|(name, i)| line(name, "F32", &[1], (4 * i, 4 * i + 4))).collect();
    safetensors(&format!("{{{}}}", lines.join(",")), 4 * names.len())
}

#[test]
fn accepts_good_files() {
    let lines =
        [line("b", "F32", &[2, 1], (6, 14)), line("a", "BF16", &[3], (0, 6)), line("scalar", "F16", &[], (14, 16))];
    let file = read_lines(&lines, 16).unwrap();
    assert_eq!(file.tensors().entries().iter().map(|entry| &*entry.name).collect::<Vec<_>>(), ["a", "b", "scalar"]);
    assert_eq!(file.tensors().tensor("b").unwrap().shape, [2, 1]);
    assert_eq!(file.tensors().tensor("b").unwrap().bytes.as_slice().unwrap(), [6, 7, 8, 9, 10, 11, 12, 13]);
    assert!(read("{}", 0).unwrap().tensors().is_empty());
    let noted = read(r#"{"__metadata__":{"format":"pt"}}   "#, 0).unwrap();
    assert_eq!(noted.note("format"), Some("pt"));
    // An empty tensor takes no place, before or behind another.
    let empties = [line("e", "F32", &[0], (4, 4)), line("x", "F32", &[1], (0, 4)), line("d", "F32", &[0, 7], (0, 0))];
    assert_eq!(read_lines(&empties, 4).unwrap().tensors().len(), 3);
}

#[test]
fn case_15_truncation() {
    let good = shard(&["a", "b", "c"]);
    for cut in 0..good.len() {
        let error = Safetensors::from_bytes(good[..cut].to_vec()).unwrap_err();
        assert_eq!((error.kind(), error.reason()), invalid("truncated"), "cut at {cut}");
        assert_eq!(error.details()["got"], cut);
    }
}

#[test]
fn case_20_missing_and_swapped_shards() {
    let good = index(&[("a", FIRST), ("b", SECOND)]);
    let both = open(&[(INDEX, good.clone()), (FIRST, shard(&["a"])), (SECOND, shard(&["b"]))]).unwrap();
    assert_eq!(both.tensors().len(), 2);
    assert!(both.warnings().is_empty());

    let missing = open(&[(INDEX, good.clone()), (FIRST, shard(&["a"]))]).unwrap_err();
    assert_eq!((missing.kind(), missing.reason()), invalid("shard"));
    assert_eq!(missing.details()["shard"], SECOND);

    let swapped = open(&[(INDEX, good.clone()), (FIRST, shard(&["b"])), (SECOND, shard(&["a"]))]).unwrap_err();
    assert_eq!((swapped.kind(), swapped.reason()), invalid("shard"));
    assert_eq!((&swapped.details()["shard"], &swapped.details()["tensor"]), (&FIRST.into(), &"a".into()));

    let damaged = open(&[(INDEX, good), (FIRST, shard(&["a"])), (SECOND, shard(&["b"])[..20].to_vec())]).unwrap_err();
    assert_eq!((damaged.kind(), damaged.reason()), invalid("truncated"));
    assert_eq!(damaged.details()["file"], SECOND);

    let wrong_count = index(&[("a", "model-00001-of-00003.safetensors"), ("b", "model-00003-of-00003.safetensors")]);
    assert_eq!(outcome(open(&[(INDEX, wrong_count)])), invalid("shard"));
}

#[test]
fn a_tensor_outside_the_index_is_a_warning() {
    let good = index(&[("a", FIRST), ("b", SECOND)]);
    let model = open(&[(INDEX, good), (FIRST, shard(&["a", "extra"])), (SECOND, shard(&["b"]))]).unwrap();
    assert_eq!(model.warnings().len(), 1);
    assert!(model.warnings()[0].contains("extra"));
    assert!(model.tensors().tensor("extra").is_ok());
}

#[test]
fn case_23_header_lengths() {
    let with_len = |len: u64| {
        let mut bytes = safetensors("{}", 200);
        bytes[..8].copy_from_slice(&len.to_le_bytes());
        outcome(Safetensors::from_bytes(bytes))
    };
    for len in EDGES.into_iter().chain([100_000_001]) {
        assert_eq!(with_len(len), invalid("length"), "{len}");
    }
    assert_eq!(with_len(7), invalid("json"));
    for len in [203, 100_000_000] {
        assert_eq!(with_len(len), invalid("truncated"), "{len}");
    }
}

#[test]
fn case_24_headers_that_are_not_json() {
    let duplicate = [line("a", "F32", &[1], (0, 4)), line("a", "F32", &[1], (4, 8))];
    assert_eq!(outcome(read_lines(&duplicate, 8)), invalid("json"));
    for header in [
        "[]",
        " {}",
        "{} x",
        "{}}",
        "{ ",
        "null",
        "\"a\"",
        r#"{"a":1}"#,
        r#"{"a":{}}"#,
        r#"{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
        r#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#,
        r#"{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}"#,
        r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}"#,
        r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}"#,
        r#"{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}}"#,
        r#"{"a":{"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,4]}}"#,
        r#"{"__metadata__":{"format":1}}"#,
        r#"{"__metadata__":{"a":"b","a":"c"}}"#,
        r#"{"__metadata__":{},"__metadata__":{}}"#,
    ] {
        assert_eq!(outcome(read(header, 4)), invalid("json"), "{header}");
    }
    let mut not_utf8 = safetensors("{\"aa\":1}", 0);
    not_utf8[10] = 0xff;
    assert_eq!(outcome(Safetensors::from_bytes(not_utf8)), invalid("json"));
    for deep in ["[".repeat(100_000), "{\"a\":".repeat(100_000)] {
        assert_eq!(outcome(read(&format!("{{\"a\":{deep}"), 0)), invalid("json"));
        let ignored = format!(r#"{{"a":{{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":{deep}"#);
        assert_eq!(outcome(read(&ignored, 4)), invalid("json"));
    }
    let long = read(&format!("{{\"a\":\"{}\"}}", "x".repeat(1 << 20)), 0).unwrap_err();
    assert!(long.message().len() < 1000);
}

#[test]
fn case_25_offsets() {
    let two = |first: (u64, u64), second: (u64, u64)| {
        outcome(read_lines(
            &[line("a", "U8", &[first.1.wrapping_sub(first.0)], first), line("b", "U8", &[4], second)],
            8,
        ))
    };
    for (first, second) in [
        ((0, 4), (8, 4)), // reversed
        ((0, 3), (4, 8)), // a gap
        ((0, 5), (4, 8)), // overlap
        ((1, 4), (4, 8)), // a gap before the first
        ((0, 4), (0, 4)), // one place for two
    ] {
        assert_eq!(two(first, second), invalid("offset"), "{first:?} {second:?}");
    }
    let one =
        |dtype: &str, shape: &[u64], offsets, data| outcome(read_lines(&[line("a", dtype, shape, offsets)], data));
    assert_eq!(one("F32", &[1], (0, 4), 5), invalid("offset")); // bytes behind the last tensor
    assert_eq!(one("F32", &[2], (0, 4), 4), invalid("offset")); // shape x dtype
    assert_eq!(one("F16", &[1], (0, 4), 4), invalid("offset"));
    assert_eq!(one("F4", &[3], (0, 2), 2), invalid("offset")); // half a byte
    assert_eq!(one("F32", &[1 << 33, 1 << 33], (0, 4), 4), invalid("overflow"));
    assert_eq!(one("F32", &[1 << 62], (0, 4), 4), invalid("overflow"));
    for end in EDGES.into_iter().filter(|&end| end > 4) {
        assert_eq!(one("MADE_UP", &[1], (0, end), 4).0, FormatErrorKind::Invalid, "{end}");
        assert_eq!(one("U8", &[end], (0, end), 4).0, FormatErrorKind::Invalid, "{end}");
        assert_eq!(one("U8", &[1], (end, 4), 4), invalid("offset"), "{end}");
    }
}

#[test]
fn case_26_types_without_support() {
    for (dtype, shape, bytes) in [
        ("F4", 2, 1),
        ("F8_E8M0", 1, 1),
        ("F8_E4M3", 3, 3),
        ("F6_E2M3", 4, 3),
        ("F64", 1, 8),
        ("BOOL", 1, 1),
        ("MADE_UP", 9, 5),
    ] {
        let lines = [line("a", dtype, &[shape], (0, bytes)), line("b", "F32", &[1], (bytes, bytes + 4))];
        let file = read_lines(&lines, bytes as usize + 4).unwrap();
        assert!(file.tensors().tensor("b").is_ok());
        assert_eq!(file.tensors().entry("a").unwrap().stored, StoredType::Other(dtype.into()));
        let error = file.tensors().tensor("a").unwrap_err();
        assert_eq!((error.kind(), error.reason()), unsupported("dtype"));
        assert_eq!((&error.details()["tensor"], &error.details()["dtype"]), (&"a".into(), &dtype.into()));
    }
}

#[test]
fn case_27_hostile_shard_names() {
    for name in [
        "../x.safetensors",
        "/etc/x.safetensors",
        "a/b.safetensors",
        "..\\x.safetensors",
        "C:\\x.safetensors",
        "",
        ".",
        "..",
    ] {
        assert_eq!(outcome(open(&[(INDEX, index(&[("a", name)]))])), invalid("path"), "{name:?}");
    }
    for bytes in
        [&b""[..], b"[]", b"{}", b"{\"weight_map\":[]}", br#"{"weight_map":{"a":"x.safetensors","a":"y.safetensors"}}"#]
    {
        let error = open(&[(INDEX, bytes.to_vec())]).unwrap_err();
        assert_eq!((error.kind(), error.reason()), invalid("json"));
        assert_eq!(error.details()["file"], INDEX);
    }
}

#[test]
fn case_29_pickles_are_never_opened() {
    assert_eq!(outcome(open(&[("pytorch_model.bin", b"\x80\x02".to_vec())])), unsupported("pickle"));
    assert_eq!(outcome(open(&[(INDEX, index(&[("a", "pytorch_model.bin")]))])), unsupported("pickle"));
    assert_eq!(outcome(open(&[("config.json", b"{}".to_vec())])), (FormatErrorKind::NotFound, "weights"));
}

/// On disk the name alone decides: a pipe of that name, which would block whoever opens it, is not touched.
#[cfg(unix)]
#[test]
fn case_29_a_pickle_on_disk_is_not_opened() {
    let folder = std::env::temp_dir().join(format!("wick-formats-{}-pickle", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let made = std::process::Command::new("mkfifo").arg(folder.join("pytorch_model.bin")).status().unwrap();
    assert!(made.success());
    let result = Safetensors::open_model(&ModelFiles::Folder(folder.clone()), OpenMode::Read);
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(outcome(result), unsupported("pickle"));
}

#[test]
fn case_30_one_tensor_in_two_shards() {
    let good = index(&[("a", FIRST), ("b", SECOND)]);
    let error = open(&[(INDEX, good), (FIRST, shard(&["a"])), (SECOND, shard(&["b", "a"]))]).unwrap_err();
    assert_eq!((error.kind(), error.reason()), invalid("duplicate"));
    assert_eq!((&error.details()["tensor"], &error.details()["file"]), (&"a".into(), &SECOND.into()));
}

#[test]
fn every_changed_byte_gives_a_table_or_an_error() {
    let good = shard(&["a", "b"]);
    for index in 0..good.len() {
        for byte in [0, b'0', b'9', b'"', b'}', 0x7f, 0x80, 0xff] {
            let mut bytes = good.clone();
            bytes[index] = byte;
            if let Ok(file) = Safetensors::from_bytes(bytes) {
                for entry in file.tensors().entries() {
                    assert_eq!(entry.bytes.to_vec().unwrap().len(), entry.bytes.len());
                }
            }
        }
    }
}
