//! Reads every model file of the fixtures: those llama.cpp and transformers wrote.

use std::path::{Path, PathBuf};

use wick_formats::{DType, FileKind, FormatErrorKind, Gguf, ModelFiles, OpenMode, Safetensors, StoredType};

fn fixtures() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../test/fixtures")).to_owned()
}

fn demo(name: &str) -> PathBuf {
    fixtures().join(format!("demo-model/gguf/wick-demo.{name}.gguf"))
}

#[test]
fn reads_every_demo_gguf() {
    for name in ["BF16", "F16", "Q2_K", "Q3_K_M", "Q4_0", "Q4_1", "Q4_K_M", "Q5_0", "Q5_1", "Q5_K_M", "Q6_K", "Q8_0"] {
        let path = demo(name);
        for mode in [OpenMode::Read, OpenMode::Map] {
            let gguf = Gguf::open(&path, mode).unwrap();
            let in_memory = Gguf::from_bytes(std::fs::read(&path).unwrap()).unwrap();
            assert_eq!(gguf.architecture().unwrap(), in_memory.architecture().unwrap());
            assert!(!gguf.tensors().is_empty());
            for entry in gguf.tensors().entries() {
                let tensor = gguf.tensors().tensor(&entry.name).unwrap();
                let (rows, row) = tensor.shape.split_at(tensor.shape.len() - 1);
                let bytes = tensor.dtype.row_bytes(row[0]).unwrap() * rows.iter().product::<usize>();
                assert_eq!(tensor.bytes.len(), bytes, "{}", entry.name);
                let same = in_memory.tensors().tensor(&entry.name).unwrap();
                assert_eq!(tensor.bytes.to_vec().unwrap(), same.bytes.as_slice().unwrap());
                assert_eq!(tensor.bytes.as_slice().is_some(), mode == OpenMode::Map);
            }
            gguf.tensors().verify_unchanged().unwrap();
        }
    }
}

#[test]
fn reads_the_demo_model_metadata() {
    let gguf = Gguf::open(&demo("Q8_0"), OpenMode::Read).unwrap();
    let metadata = gguf.metadata();
    let architecture = gguf.architecture().unwrap();
    let tokens = metadata.string_array("tokenizer.ggml.tokens").unwrap();
    let types = metadata.i32_array("tokenizer.ggml.token_type").unwrap();
    assert_eq!(tokens.len(), types.len());
    assert_eq!(tokens.iter().len(), tokens.len());
    assert!((0..tokens.len()).all(|index| !tokens.str(index).unwrap().is_empty()));
    assert!(metadata.u32(&format!("{architecture}.block_count")).unwrap() > 0);
    assert!(metadata.f32(&format!("{architecture}.attention.layer_norm_rms_epsilon")).unwrap() > 0.0);
    let embeddings = gguf.tensors().tensor("token_embd.weight").unwrap();
    assert_eq!(embeddings.shape[0], tokens.len());
    assert_eq!(embeddings.dtype, DType::Q8_0);
    let error = metadata.u32("general.architecture").unwrap_err();
    assert_eq!((error.kind(), error.reason()), (FormatErrorKind::Invalid, "type"));
    assert_eq!(metadata.u32("no.such.key").unwrap_err().details()["key"], "no.such.key");
}

#[test]
fn refuses_iq4_nl_by_tensor() {
    let gguf = Gguf::open(&demo("IQ4_NL"), OpenMode::Read).unwrap();
    let entry =
        gguf.tensors().entries().iter().find(|entry| entry.stored == StoredType::Other("IQ4_NL".into())).unwrap();
    let error = gguf.tensors().tensor(&entry.name).unwrap_err();
    assert_eq!((error.kind(), error.reason()), (FormatErrorKind::Unsupported, "dtype"));
    assert_eq!(error.details()["tensor"], &*entry.name);
    assert_eq!(error.details()["dtype"], "IQ4_NL");
}

#[test]
fn reads_every_safetensors_model() {
    for model in ["demo-model/safetensors", "tiny-models/llama3", "tiny-models/mistral-window", "tiny-models/qwen3"] {
        let folder = fixtures().join(model);
        let names: Vec<String> = ModelFiles::Folder(folder.clone()).names().unwrap();
        let in_memory =
            ModelFiles::from_bytes(names.iter().map(|name| (name.clone(), std::fs::read(folder.join(name)).unwrap())));
        let from_folder = Safetensors::open_model(&ModelFiles::Folder(folder), OpenMode::Read).unwrap();
        let from_memory = Safetensors::open_model(&in_memory, OpenMode::Read).unwrap();
        assert!(from_folder.warnings().is_empty());
        assert_eq!(from_folder.tensors().len(), from_memory.tensors().len());
        for entry in from_folder.tensors().entries() {
            let tensor = from_folder.tensors().tensor(&entry.name).unwrap();
            let same = from_memory.tensors().tensor(&entry.name).unwrap();
            assert_eq!(tensor.bytes.to_vec().unwrap(), same.bytes.as_slice().unwrap(), "{}", entry.name);
        }
    }
}

#[test]
fn tells_the_formats_apart() {
    let kind =
        |path: &Path| FileKind::from_source(&wick_formats::ByteSource::open(path, OpenMode::Read).unwrap()).unwrap();
    assert_eq!(kind(&demo("Q4_0")), FileKind::Gguf);
    assert_eq!(kind(&fixtures().join("demo-model/golden/golden.safetensors")), FileKind::Safetensors);
}
