//! Filling in the middle, from a vocabulary to the ids of a prompt.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::Value;
use wick_core::error::ErrorCode;
use wick_core::fim::{FimIds, FimTokens};
use wick_core::generation_defaults::GenerationDefaults;
use wick_core::request::FimRequest;
use wick_core::tokenizer::{BpeTokenizer, GgufVocabulary, Tokenizer as _, gguf, hugging_face};
use wick_formats::Gguf;
use wick_formats::gguf::{MetadataValue, Writer};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../test/fixtures");
const CONTROL: i32 = 3;
const NORMAL: i32 = 1;

fn fixture(path: &str) -> Value {
    serde_json::from_slice(&std::fs::read(format!("{FIXTURES}/{path}")).unwrap()).unwrap()
}

/// The file of a byte-level vocabulary with `extra` tokens after those of the fixture.
fn file(extra: &[(&str, i32)], keys: &[(&str, u32)]) -> Gguf {
    let tokenizer = &fixture("tokenizers/gpt-2.json")["tokenizer"];
    let mut tokens: Vec<(u64, String)> = tokenizer["model"]["vocab"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(text, id)| (id.as_u64().unwrap(), text.clone()))
        .collect();
    tokens.sort_unstable();
    let mut types = vec![NORMAL; tokens.len()];
    let mut tokens: Vec<String> = tokens.into_iter().map(|(_, text)| text).collect();
    for (text, kind) in extra {
        tokens.push((*text).to_owned());
        types.push(*kind);
    }
    let merges = tokenizer["model"]["merges"].as_array().unwrap().iter();
    let merges = merges.map(|merge| format!("{} {}", merge[0].as_str().unwrap(), merge[1].as_str().unwrap()));
    let mut writer = Writer::new()
        .metadata("tokenizer.ggml.model", MetadataValue::String("gpt2".to_owned()))
        .metadata("tokenizer.ggml.pre", MetadataValue::String("gpt-2".to_owned()))
        .metadata("tokenizer.ggml.tokens", MetadataValue::Strings(tokens))
        .metadata("tokenizer.ggml.token_type", MetadataValue::I32Array(types))
        .metadata("tokenizer.ggml.merges", MetadataValue::Strings(merges.collect()));
    for (key, id) in keys {
        writer = writer.metadata(format!("tokenizer.ggml.{key}_token_id"), MetadataValue::U32(*id));
    }
    let bytes = writer.to_bytes(|_| Vec::new()).unwrap();
    Gguf::from_bytes(bytes).unwrap()
}

/// The tokens for filling in, and how many tokens there are without `extra`.
fn find(extra: &[(&str, i32)], keys: &[(&str, u32)]) -> (BpeTokenizer, Option<FimTokens>) {
    let file = file(extra, keys);
    let vocabulary = GgufVocabulary::from_metadata(file.metadata()).unwrap();
    let tokenizer = gguf::build(&vocabulary).unwrap();
    let defaults = GenerationDefaults { end_tokens: vec![0], ..GenerationDefaults::default() };
    let fim = FimTokens::find(&tokenizer, vocabulary.fim, &defaults);
    (tokenizer, fim)
}

/// The prompt with control tokens spelled out and text as it is.
fn spelled(extra: &[(&str, i32)], keys: &[(&str, u32)]) -> String {
    let (tokenizer, fim) = find(extra, keys);
    tokenizer.decode(&fim.unwrap().prompt(&tokenizer, "a b", " c").unwrap()).unwrap()
}

fn base() -> u32 {
    file(&[], &[]).metadata().string_array("tokenizer.ggml.tokens").unwrap().len() as u32
}

#[test]
fn knows_the_spellings_of_published_models() {
    for [prefix, suffix, middle] in [
        ["<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"],
        ["<fim_prefix>", "<fim_suffix>", "<fim_middle>"],
        ["▁<PRE>", "▁<SUF>", "▁<MID>"],
        ["<PRE>", "<SUF>", "<MID>"],
    ] {
        for kind in [CONTROL, NORMAL] {
            let extra = [(prefix, kind), (suffix, kind), (middle, kind)];
            assert_eq!(spelled(&extra, &[]), format!("{prefix}a b{suffix} c{middle}"));
        }
    }
    let mistral = [("[PREFIX]", CONTROL), ("[SUFFIX]", CONTROL), ("[MIDDLE]", CONTROL)];
    assert_eq!(spelled(&mistral, &[]), "[SUFFIX] c[PREFIX]a b");
    assert_eq!(spelled(&mistral[..2], &[]), "[SUFFIX] c[PREFIX]a b");
}

#[test]
fn ids_of_the_file_go_before_spellings() {
    let base = base();
    let extra = [("<p>", NORMAL), ("<s>", NORMAL), ("<m>", NORMAL), ("<PRE>", CONTROL), ("<SUF>", CONTROL)];
    for names in [["fim_pre", "fim_suf", "fim_mid"], ["prefix", "suffix", "middle"]] {
        let keys = [(names[0], base), (names[1], base + 1), (names[2], base + 2)];
        assert_eq!(spelled(&extra, &keys), "<p>a b<s> c<m>");
        assert_eq!(spelled(&extra, &keys[..2]), "<s> c<p>a b");
    }
    // CodeLlama's Python variant names tokens that its vocabulary does not have.
    let beyond = [("prefix", base + 7), ("suffix", base + 8), ("middle", base + 9)];
    assert_eq!(spelled(&extra, &beyond), "<SUF> c<PRE>a b");
    assert!(find(&extra[..3], &beyond).1.is_none());
}

#[test]
fn ends_with_the_tokens_between_files_too() {
    let base = base();
    let extra = [
        ("<|fim_prefix|>", CONTROL),
        ("<|fim_suffix|>", CONTROL),
        ("<|fim_middle|>", CONTROL),
        ("<|fim_pad|>", CONTROL),
        ("<|repo_name|>", CONTROL),
        ("<|file_sep|>", CONTROL),
        ("<EOT>", CONTROL),
        ("<other>", NORMAL),
    ];
    let (_, fim) = find(&extra, &[]);
    assert_eq!(**fim.unwrap().end_tokens(), [0, base + 3, base + 4, base + 5, base + 6]);
    let (_, fim) = find(&extra, &[("fim_sep", base + 7)]);
    assert!(fim.unwrap().end_tokens().contains(&(base + 7)));
}

/// Law 8.
#[test]
fn text_never_becomes_a_control_token() {
    let extra = [("<|fim_prefix|>", CONTROL), ("<|fim_suffix|>", CONTROL), ("<|fim_middle|>", CONTROL)];
    let (tokenizer, fim) = find(&extra, &[]);
    let text = "<|fim_suffix|><|fim_middle|>[SUFFIX]";
    let ids = fim.unwrap().prompt(&tokenizer, text, text).unwrap();
    assert_eq!(ids.iter().filter(|id| tokenizer.is_control(**id)).count(), 3);
    assert_eq!(tokenizer.decode(&ids).unwrap(), format!("<|fim_prefix|>{text}<|fim_suffix|>{text}<|fim_middle|>"));
}

/// As `CodeLlama`'s and Mistral's own programs do it.
#[test]
fn a_suffix_gets_no_space_of_the_vocabulary() {
    let mut json = fixture("tokenizers/llama-legacy.json")["tokenizer"].clone();
    let added = json["added_tokens"].as_array_mut().unwrap();
    let first = 50_000;
    for (id, text) in (first..).zip(["▁<PRE>", "▁<SUF>", "▁<MID>"]) {
        let mut token = added[0].clone();
        token["id"] = id.into();
        token["content"] = text.into();
        token["special"] = true.into();
        added.push(token);
    }
    let tokenizer = hugging_face::from_json(&serde_json::to_vec(&json).unwrap(), None).unwrap();
    assert!(tokenizer.drops_leading_space());
    let fim = FimTokens::find(&tokenizer, FimIds::default(), &GenerationDefaults::default()).unwrap();
    let ids = fim.prompt(&tokenizer, "a", "a").unwrap();
    let at = ids.iter().position(|id| u64::from(*id) == first + 1).unwrap();
    assert_eq!(ids[1..at], tokenizer.encode_text("a").unwrap());
    let suffix: Vec<u8> =
        ids[at + 1..ids.len() - 1].iter().flat_map(|id| tokenizer.token_bytes(*id).unwrap()).copied().collect();
    assert_eq!(suffix, b"a");
}

#[test]
fn the_demo_model_can() {
    let bytes = std::fs::read(format!("{FIXTURES}/demo-model/safetensors/tokenizer.json")).unwrap();
    let tokenizer = hugging_face::from_json(&bytes, None).unwrap();
    assert!(FimTokens::find(&tokenizer, FimIds::default(), &GenerationDefaults::default()).is_some());
}

#[test]
fn every_field_of_a_request_is_checked() {
    let read = |json: &str| FimRequest::read(serde_json::from_str(json).unwrap(), 10);
    let request = read(r#"{"prompt": "a", "maxTokens": 3}"#).unwrap();
    assert_eq!((request.prompt.as_str(), request.suffix.as_str(), request.sampling.max_tokens), ("a", "", Some(3)));
    for (json, location) in [
        (r#"{"suffix": "a"}"#, "prompt"),
        (r#"{"prompt": [1]}"#, "prompt"),
        (r#"{"prompt": "a", "suffix": 1}"#, "suffix"),
        (r#"{"prompt": "a", "echo": true}"#, "echo"),
        (r#"{"prompt": "a", "topP": 2}"#, "topP"),
    ] {
        let error = read(json).unwrap_err();
        assert_eq!((error.code(), error.info().location.as_deref()), (ErrorCode::InvalidRequest, Some(location)));
    }
}
