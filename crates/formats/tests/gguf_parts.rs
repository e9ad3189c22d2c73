//! Models in several GGUF files.

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use support::{GgufBuilder, invalid, outcome, unsupported};
use wick_formats::{ByteSource, FormatError, FormatErrorKind, Gguf, ModelFiles, OpenMode};

/// One tensor of six floats.
fn part(tensor: &str, number: u16, count: u16, tensors: i32) -> GgufBuilder {
    GgufBuilder::default()
        .value("split.no", 2, &number.to_le_bytes())
        .value("split.count", 2, &count.to_le_bytes())
        .value("split.tensors.count", 5, &tensors.to_le_bytes())
        .tensor(tensor, &[3, 2], 0, 0)
        .data(24)
}

fn name(number: u16) -> String {
    format!("m-{number:05}-of-00003.gguf")
}

/// Of `a`, `b` and `c`.
fn good() -> BTreeMap<String, Vec<u8>> {
    ["a", "b", "c"]
        .into_iter()
        .zip(0..)
        .map(|(tensor, number)| (name(number + 1), part(tensor, number, 3, 3).build()))
        .collect()
}

fn read(files: &BTreeMap<String, Vec<u8>>, name: &str) -> Result<Gguf, FormatError> {
    let source = Arc::new(ByteSource::from(files[name].clone()));
    Gguf::read_model(&source, name, &ModelFiles::from_bytes(files.clone()), OpenMode::Read)
}

#[test]
fn all_parts_are_one_model_whichever_is_named() {
    let mut files = good();
    files.insert(name(1), part("a", 0, 3, 3).value("flag", 7, &[1]).build());
    for number in 1..=3 {
        let gguf = read(&files, &name(number)).unwrap();
        let names: Vec<&str> = gguf.tensors().entries().iter().map(|entry| &*entry.name).collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert!(gguf.metadata().bool("flag").unwrap());
        for tensor in names {
            assert_eq!(gguf.tensors().tensor(tensor).unwrap().bytes.to_vec().unwrap()[..3], [0, 1, 2]);
        }
    }
}

#[test]
fn a_first_part_may_have_no_tensor() {
    let mut files = good();
    let empty =
        GgufBuilder::default().value("split.no", 2, &0_u16.to_le_bytes()).value("split.count", 2, &3_u16.to_le_bytes());
    files.insert(name(1), empty.build());
    assert_eq!(read(&files, &name(1)).unwrap().tensors().len(), 2);
}

#[test]
fn a_joined_file_may_keep_its_name() {
    let files = BTreeMap::from([(name(1), GgufBuilder::good().build())]);
    assert_eq!(read(&files, &name(1)).unwrap().tensors().len(), 2);
}

#[test]
fn parts_that_do_not_belong_together() {
    let with = |number: u16, file: GgufBuilder| {
        let mut files = good();
        files.insert(name(number), file.build());
        outcome(read(&files, &name(1)))
    };
    assert_eq!(with(2, part("b", 2, 3, 3)), invalid("split"), "another number");
    assert_eq!(with(2, part("b", 1, 4, 3)), invalid("split"), "another count");
    assert_eq!(with(2, GgufBuilder::good()), invalid("split"), "a whole model");
    assert_eq!(with(2, part("a", 1, 3, 3)), invalid("duplicate"));
    assert_eq!(with(1, part("a", 0, 3, 4)), invalid("split"), "a tensor too few");
    assert_eq!(with(3, GgufBuilder { magic: *b"FUUG", ..part("c", 2, 3, 3) }), invalid("magic"));
}

#[test]
fn errors_name_the_part() {
    let mut files = good();
    files.insert(name(2), part("b", 1, 3, 3).build()[..100].to_vec());
    let error = read(&files, &name(1)).unwrap_err();
    assert_eq!((error.reason(), &error.details()["file"]), ("truncated", &"m-00002-of-00003.gguf".into()));
    files.remove(&name(2));
    let error = read(&files, &name(3)).unwrap_err();
    assert_eq!((error.kind(), error.reason()), (FormatErrorKind::NotFound, "split"));
    assert!(error.message().contains("m-00002-of-00003.gguf"), "{error}");
}

#[test]
fn a_part_of_another_name_says_what_its_name_should_be() {
    for name in ["m.gguf", "m-00001-of-00002.gguf", "m-00001-of-x.gguf"] {
        let files = BTreeMap::from([(name.to_owned(), part("a", 0, 3, 3).build())]);
        let error = read(&files, name).unwrap_err();
        assert_eq!((error.kind(), error.reason()), unsupported("split"));
        assert!(error.message().contains("-00001-of-00003.gguf"), "{error}");
    }
}
