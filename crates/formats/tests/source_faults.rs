//! Cases 21 and 22 of the fault catalogue: paths that are no files, and files that change while they are open.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use support::{GgufBuilder, outcome};
use wick_formats::{ByteSource, FormatErrorKind, Gguf, ModelFiles, OpenMode, Safetensors, TensorBytes};

/// A folder that goes when the test does.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("wick-formats-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        fs::write(self.path(name), bytes).unwrap();
        // Old enough that a change within the clock's tick is a change of time.
        let past = SystemTime::now() - Duration::from_mins(1);
        File::options().write(true).open(self.path(name)).unwrap().set_modified(past).unwrap();
        self.path(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn open(path: &Path) -> (FormatErrorKind, &'static str) {
    let outcomes = [OpenMode::Read, OpenMode::Map].map(|mode| outcome(Gguf::open(path, mode)));
    assert_eq!(outcomes[0], outcomes[1]);
    outcomes[0]
}

#[test]
fn case_21_paths_that_are_no_files() {
    let folder = Folder::new("paths");
    assert_eq!(open(&folder.path("missing.gguf")), (FormatErrorKind::NotFound, "file"));
    assert_eq!(open(&folder.0), (FormatErrorKind::Io, "directory"));
    assert_eq!(open(Path::new("/dev/zero")), (FormatErrorKind::Io, "not_a_file"));
    assert_eq!(open(Path::new("")), (FormatErrorKind::NotFound, "file"));

    let pipe = folder.path("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert_eq!(open(&pipe), (FormatErrorKind::Io, "not_a_file"));

    symlink(folder.path("nowhere"), folder.path("dangling")).unwrap();
    assert_eq!(open(&folder.path("dangling")), (FormatErrorKind::NotFound, "file"));
    symlink(folder.path("loop"), folder.path("loop")).unwrap();
    assert_eq!(open(&folder.path("loop")), (FormatErrorKind::Io, "open"));
    symlink("/dev/zero", folder.path("to-device")).unwrap();
    assert_eq!(open(&folder.path("to-device")), (FormatErrorKind::Io, "not_a_file"));

    let below_a_file = folder.write("file", b"x").join("below");
    assert_eq!(open(&below_a_file).0, FormatErrorKind::Io);

    let good = folder.write("good.gguf", &GgufBuilder::good().build());
    symlink(&good, folder.path("link.gguf")).unwrap();
    assert!(Gguf::open(&folder.path("link.gguf"), OpenMode::Read).is_ok());
    let empty = folder.write("empty.gguf", b"");
    assert_eq!(open(&empty).1, "truncated");
}

#[test]
fn case_21_no_permission() {
    let folder = Folder::new("permission");
    let path = folder.write("secret.gguf", &GgufBuilder::good().build());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if File::open(&path).is_ok() {
        return; // Nothing is forbidden to root.
    }
    assert_eq!(open(&path), (FormatErrorKind::Io, "permission"));
}

#[test]
fn case_21_a_folder_of_the_wrong_things() {
    let folder = Folder::new("things");
    let files = ModelFiles::Folder(folder.0.clone());
    assert_eq!(outcome(Safetensors::open_model(&files, OpenMode::Read)), (FormatErrorKind::NotFound, "weights"));
    fs::create_dir(folder.path("model.safetensors")).unwrap();
    assert_eq!(outcome(Safetensors::open_model(&files, OpenMode::Read)), (FormatErrorKind::Io, "directory"));
    assert_eq!(outcome(files.read("missing.json", 10)), (FormatErrorKind::NotFound, "file"));
    for name in ["../things", "/etc/passwd", ".", "a/b", ""] {
        assert_eq!(outcome(files.read(name, 10)), (FormatErrorKind::Invalid, "path"), "{name:?}");
        assert!(!files.contains(name));
    }
    folder.write("config.json", b"0123456789");
    assert_eq!(files.read("config.json", 10).unwrap(), b"0123456789");
    assert_eq!(outcome(files.read("config.json", 9)), (FormatErrorKind::TooLarge, "file"));
    let gone = ModelFiles::Folder(folder.path("gone"));
    assert_eq!(outcome(Safetensors::open_model(&gone, OpenMode::Read)), (FormatErrorKind::NotFound, "file"));
}

/// An open model whose file something happens to, and what its tensors answer then.
fn after(name: &str, mode: OpenMode, happen: impl Fn(&Path)) -> (Gguf, Vec<u8>) {
    let folder = Folder::new(&format!("{name}-{mode:?}"));
    let bytes = GgufBuilder::good().build();
    let path = folder.write("model.gguf", &bytes);
    let gguf = Gguf::open(&path, mode).unwrap();
    happen(&path);
    (gguf, bytes)
}

fn assert_changed(gguf: &Gguf, reason: &'static str) {
    for entry in gguf.tensors().entries() {
        let mut kept = vec![0xaa; entry.bytes.len()];
        assert_eq!(outcome(entry.bytes.read_into(&mut kept)), (FormatErrorKind::Changed, reason));
        assert_eq!(outcome(entry.bytes.to_vec()), (FormatErrorKind::Changed, reason));
        assert_eq!(entry.bytes.as_slice(), None);
    }
    assert_eq!(outcome(gguf.tensors().verify_unchanged()), (FormatErrorKind::Changed, reason));
    // What was read at the opening is a copy and stays.
    assert_eq!(gguf.metadata().string_array("tokenizer.ggml.tokens").unwrap().str(2).unwrap(), "token");
}

#[test]
fn case_22_cut_after_open() {
    for mode in [OpenMode::Read, OpenMode::Map] {
        for len in [0, 30] {
            let (gguf, _) =
                after("cut", mode, |path| File::options().write(true).open(path).unwrap().set_len(len).unwrap());
            assert_changed(&gguf, "size");
        }
    }
}

#[test]
fn case_22_grown_after_open() {
    for mode in [OpenMode::Read, OpenMode::Map] {
        let (gguf, _) =
            after("grown", mode, |path| File::options().append(true).open(path).unwrap().write_all(b"x").unwrap());
        assert_changed(&gguf, "size");
    }
}

#[test]
fn case_22_rewritten_in_place() {
    for mode in [OpenMode::Read, OpenMode::Map] {
        let (gguf, _) = after("rewritten", mode, |path| {
            let mut file = File::options().write(true).open(path).unwrap();
            file.seek(SeekFrom::End(-10)).unwrap();
            file.write_all(b"x").unwrap();
        });
        assert_changed(&gguf, "modified");
    }
}

#[test]
fn case_22_replaced_or_removed_keeps_the_old_file() {
    let replace = |path: &Path| {
        let other = path.with_extension("other");
        fs::write(&other, vec![0; 4096]).unwrap();
        fs::rename(&other, path).unwrap();
    };
    let remove = |path: &Path| fs::remove_file(path).unwrap();
    for mode in [OpenMode::Read, OpenMode::Map] {
        for (gguf, bytes) in [after("replaced", mode, replace), after("removed", mode, remove)] {
            for entry in gguf.tensors().entries() {
                let start = entry.bytes.offset() as usize;
                assert_eq!(entry.bytes.to_vec().unwrap(), bytes[start..start + entry.bytes.len()]);
            }
        }
    }
}

#[test]
fn a_file_is_read_at_its_own_bytes() {
    let folder = Folder::new("positions");
    let path = folder.write("bytes", &(0..=255).collect::<Vec<u8>>());
    for mode in [OpenMode::Read, OpenMode::Map] {
        let source = std::sync::Arc::new(ByteSource::open(&path, mode).unwrap());
        let bytes = TensorBytes::new(source.clone(), 100, 156).unwrap();
        assert_eq!(bytes.to_vec().unwrap(), (100..=255).collect::<Vec<u8>>());
        let mut out = [0; 3];
        bytes.read_range_into(153, &mut out).unwrap();
        assert_eq!(out, [253, 254, 255]);
        assert_eq!(outcome(source.read_at(254, &mut out)), (FormatErrorKind::Invalid, "truncated"));
        assert_eq!(outcome(source.read_at(u64::MAX, &mut out)), (FormatErrorKind::Invalid, "overflow"));
        assert_eq!(outcome(TensorBytes::new(source, 100, 157)), (FormatErrorKind::Invalid, "truncated"));
    }
}

#[test]
fn a_header_longer_than_one_read() {
    let folder = Folder::new("long-header");
    let tokens: Vec<String> = (0..300_000).map(|i| format!("token-{i}")).collect();
    let writer = wick_formats::gguf::Writer::new()
        .metadata("tokenizer.ggml.tokens", tokens.clone())
        .metadata("after", 7_u32)
        .tensor("a", wick_formats::DType::F32, [2]);
    let path = folder.write("model.gguf", &writer.to_bytes(|_| vec![9; 8]).unwrap());
    let gguf = Gguf::open(&path, OpenMode::Read).unwrap();
    let read = gguf.metadata().string_array("tokenizer.ggml.tokens").unwrap();
    assert!(read.iter().eq(tokens.iter().map(String::as_bytes)));
    assert_eq!(gguf.metadata().u32("after").unwrap(), 7);
    assert_eq!(gguf.tensors().tensor("a").unwrap().bytes.to_vec().unwrap(), [9; 8]);
    // The header itself and four bytes per string; none of the strings again.
    let header: usize = tokens.iter().map(|token| 8 + token.len()).sum();
    assert!(gguf.metadata().memory_bytes() < header + 4 * tokens.len() + 1024);
}
