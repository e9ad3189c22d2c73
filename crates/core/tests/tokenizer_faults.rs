//! Broken tokenizer files and hostile texts: each an error with a stable reason, none a panic, all in linear time.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Instant;

use serde_json::{Value, json};
use wick_core::tokenizer::{BpeTokenizer, GgufVocabulary, Tokenizer as _, check_embedding_rows, gguf, hugging_face};
use wick_core::{Error, ErrorCode};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../test/fixtures");

fn file(path: &str) -> Vec<u8> {
    std::fs::read(format!("{FIXTURES}/{path}")).unwrap()
}

fn demo() -> Value {
    serde_json::from_slice(&file("demo-model/safetensors/tokenizer.json")).unwrap()
}

fn load(value: &Value) -> Result<BpeTokenizer, Error> {
    hugging_face::from_json(&serde_json::to_vec(value).unwrap(), None)
}

/// The error of the demo tokenizer after `change`.
fn changed(change: impl FnOnce(&mut Value)) -> Error {
    let mut value = demo();
    change(&mut value);
    load(&value).unwrap_err()
}

fn reason(error: &Error) -> &str {
    assert_eq!(error.code(), ErrorCode::TokenizerInvalid, "{error}");
    error.info().details.as_ref().unwrap()["reason"].as_str().unwrap()
}

#[test]
fn refuses_files_that_are_none() {
    for bytes in [&b""[..], b"{", b"[]", br#"{"decoder":[}}}"#, b"\xff\xfe", b"null", br#"{"model":{"type":"BPE"}}"#] {
        assert_eq!(reason(&hugging_face::from_json(bytes, None).unwrap_err()), "json");
    }
    let deep = [b"{\"model\":".as_slice(), &b"[".repeat(100_000)].concat();
    assert_eq!(reason(&hugging_face::from_json(&deep, None).unwrap_err()), "json");
    let large = vec![b' '; (96 << 20) + 1];
    assert_eq!(hugging_face::from_json(&large, None).unwrap_err().code(), ErrorCode::TooLarge);
    assert_eq!(reason(&changed(|file| file["model"]["type"] = json!("Markov"))), "model_type");
    assert_eq!(reason(&changed(|file| file["model"]["vocab"] = json!([["a", 0.5]]))), "model_type");
}

#[test]
fn refuses_merges_that_do_not_fit() {
    let merge = |merge: Value| changed(|file| file["model"]["merges"].as_array_mut().unwrap().push(merge));
    assert_eq!(reason(&merge(json!(["a", "nowhere"]))), "merge");
    assert_eq!(reason(&merge(json!(["Ġthe", "Ġthe"]))), "merge");
    assert_eq!(reason(&merge(json!(["a", "b", "c"]))), "json");
    assert_eq!(reason(&merge(json!("a b c"))), "json");
    let prefix = |prefix: &str| changed(|file| file["model"]["continuing_subword_prefix"] = json!(prefix));
    assert_eq!(reason(&prefix("longer than any token in the vocabulary")), "merge");
    assert_eq!(reason(&prefix("##")), "merge");
    // The prefix ends inside a character.
    let split = json!({"model": {"type": "BPE", "vocab": {"a": 0, "é": 1}, "merges": [["a", "é"]], "continuing_subword_prefix": "x"},
        "decoder": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false}});
    assert_eq!(reason(&load(&split).unwrap_err()), "merge");
}

#[test]
fn refuses_patterns_that_cannot_run_in_linear_time() {
    let pattern = |source: &str| {
        let started = Instant::now();
        let error = changed(|file| file["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = json!(source));
        assert!(started.elapsed().as_millis() < 2000, "{source:.40}");
        reason(&error).to_owned()
    };
    for source in ["(?<=a{1,200})b", "[[[[", "a++", "(a)\\1", "(?=x)y", "", &"[".repeat(10_000), &"a".repeat(5000)] {
        assert_eq!(pattern(source), "regex", "{source:.40}");
    }
    let replace = |source: &str| {
        reason(&changed(|file| {
            file["normalizer"] = json!({"type": "Replace", "pattern": {"Regex": source}, "content": "x"});
        }))
        .to_owned()
    };
    assert_eq!(replace("(?<!a)b"), "regex");
    let mut explosive = demo();
    explosive["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = json!("(a+)+$");
    let started = Instant::now();
    load(&explosive).unwrap().encode_text(&("a".repeat(50_000) + "!")).unwrap();
    assert!(started.elapsed().as_secs() < 5);
}

#[test]
fn refuses_added_tokens_that_cannot_be() {
    let added = |token: Value| {
        reason(&changed(|file| {
            let mut full =
                json!({"single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true});
            full.as_object_mut().unwrap().extend(token.as_object().unwrap().clone());
            file["added_tokens"].as_array_mut().unwrap().push(full);
        }))
        .to_owned()
    };
    assert_eq!(added(json!({"id": 5000, "content": ""})), "added_token");
    assert_eq!(added(json!({"id": 5000, "content": "\0"})), "added_token");
    assert_eq!(added(json!({"id": 4085, "content": "<new>"})), "vocabulary");
    assert_eq!(added(json!({"id": 5000, "content": "<|im_end|>"})), "added_token");
    assert_eq!(added(json!({"id": 4_294_967_295_u32, "content": "<far>"})), "vocabulary");
    assert_eq!(added(json!({"id": 4_294_967_296_u64, "content": "<far>"})), "json");
    assert_eq!(added(json!({"id": -1, "content": "<far>"})), "json");
    assert_eq!(added(json!({"id": 5000, "content": "a"})), "added_token");
}

#[test]
fn refuses_a_vocabulary_that_leaves_bytes_out() {
    let error = changed(|file| {
        file["model"]["merges"] = json!([]);
        file["model"]["vocab"].as_object_mut().unwrap().remove("Ą");
    });
    assert_eq!(reason(&error), "coverage");
    let twice = changed(|file| file["model"]["vocab"]["zzzz"] = json!(0));
    assert_eq!(reason(&twice), "vocabulary");
}

#[test]
fn refuses_gguf_vocabularies_that_contradict_themselves() {
    let source: Value = serde_json::from_slice(&file("tokenizers/sentence-piece.json")).unwrap();
    let sound = GgufVocabulary {
        model: "llama".to_owned(),
        tokens: serde_json::from_value(source["vocabulary"]["tokens"].clone()).unwrap(),
        scores: serde_json::from_value(source["vocabulary"]["scores"].clone()).unwrap(),
        types: serde_json::from_value(source["vocabulary"]["types"].clone()).unwrap(),
        ..GgufVocabulary::default()
    };
    let tokenizer = gguf::build(&sound).unwrap();
    check_embedding_rows(&tokenizer, tokenizer.vocabulary_size() + 7).unwrap();
    assert_eq!(reason(&check_embedding_rows(&tokenizer, tokenizer.vocabulary_size() - 1).unwrap_err()), "vocabulary");
    let broken = |change: fn(&mut GgufVocabulary<'_>)| {
        let mut vocabulary = sound.clone();
        change(&mut vocabulary);
        reason(&gguf::build(&vocabulary).unwrap_err()).to_owned()
    };
    assert_eq!(broken(|vocabulary| vocabulary.eos = Some(99_999)), "special");
    assert_eq!(broken(|vocabulary| vocabulary.tokens[3] = "<0x-1>".into()), "byte");
    assert_eq!(broken(|vocabulary| vocabulary.tokens[3] = "<0xZZ>".into()), "byte");
    assert_eq!(broken(|vocabulary| vocabulary.scores.truncate(9)), "vocabulary");
    assert_eq!(broken(|vocabulary| vocabulary.types.truncate(9)), "vocabulary");
    assert_eq!(broken(|vocabulary| vocabulary.scores[300] = f32::NAN), "vocabulary");
    assert_eq!(broken(|vocabulary| vocabulary.model = "bert".to_owned()), "model_type");
    assert_eq!(broken(|vocabulary| vocabulary.tokens.clear()), "vocabulary");
    assert_eq!(
        broken(|vocabulary| {
            vocabulary.model = "gpt2".to_owned();
            vocabulary.pre = Some("invented".to_owned());
        }),
        "pre_tokenizer"
    );
}

#[test]
fn names_ids_that_are_no_tokens() {
    let tokenizer = load(&demo()).unwrap();
    for id in [4096, u32::MAX] {
        let error = tokenizer.decode(&[1, id]).unwrap_err();
        assert_eq!((error.code(), error.info().location.as_deref()), (ErrorCode::InvalidRequest, Some("tokens[1]")));
        assert_eq!(tokenizer.token_bytes(id), None);
    }
}

/// Quadratic work on a mebibyte would take hours: that it ends within seconds is the test, the bound only ends it.
#[test]
fn takes_linear_time_for_long_runs() {
    let fixture: Value = serde_json::from_slice(&file("tokenizers/llama-bpe.json")).unwrap();
    for (name, tokenizer) in [("llama-bpe", load(&fixture["tokenizer"]).unwrap()), ("demo", load(&demo()).unwrap())] {
        for unit in ["a", " ", "^", "中", "\u{200d}", "\n", " x", "<|im_end|>", "<|im_", "1", "e\u{301}"] {
            let text = unit.repeat((1 << 20) / unit.len()) + "z";
            let started = Instant::now();
            assert!(!tokenizer.encode_with_control(&text, &[]).unwrap().is_empty());
            println!("{name} {unit:?}: {:?}", started.elapsed());
            assert!(started.elapsed().as_secs() < 60, "{name} {unit:?}");
        }
    }
}

/// Where the automaton stands in for the crate's pattern engine nothing may be lost: short runs, which that engine
/// handles, and long ones decode to the same text.
#[test]
fn loses_nothing_of_long_texts() {
    let tokenizer = load(&demo()).unwrap();
    for unit in [" ", "a", "^", "中", "\n \t", "x1 ", "👋🏽"] {
        let text = unit.repeat((1 << 20) / unit.len());
        assert_eq!(tokenizer.decode(&tokenizer.encode_text(&text).unwrap()).unwrap(), text);
    }
    let large = " ".repeat((16 << 20) + 1);
    assert_eq!(tokenizer.encode_text(&large).unwrap_err().code(), ErrorCode::TooLarge);
}

/// `WICK_MUTATIONS` sets how many; 2000 unless told.
#[test]
fn no_mutation_of_a_file_panics() {
    let sound = file("tokenizers/qwen2.json");
    let sound = serde_json::to_vec(&serde_json::from_slice::<Value>(&sound).unwrap()["tokenizer"]).unwrap();
    let rounds: u64 = std::env::var("WICK_MUTATIONS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(2000);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |bound: usize| {
        // SplitMix64, Steele et al. 2014.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    };
    let pieces: [&[u8]; 14] = [
        b"\"",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b"null",
        b"true",
        b"-1",
        b"4294967295",
        b"\"\"",
        b"\\u0000",
        b"(?=",
        b"ByteLevel",
    ];
    let (mut loaded, mut refused) = (0, 0);
    for _ in 0..rounds {
        let mut bytes = sound.clone();
        for _ in 0..=next(3) {
            // Half of them outside the long lists, where the structure is.
            let at = if next(2) == 0 { next(bytes.len()) } else { next(2000.min(bytes.len())) };
            match next(4) {
                0 => bytes[at] = next(256) as u8,
                1 => drop(bytes.drain(at..(at + 1 + next(20)).min(bytes.len()))),
                2 => drop(bytes.splice(at..at, pieces[next(pieces.len())].iter().copied())),
                _ => bytes[at] ^= 1 << next(8),
            }
        }
        match hugging_face::from_json(&bytes, None) {
            Ok(tokenizer) => {
                loaded += 1;
                match tokenizer.encode_with_control("It's 12 <|im_end|> \n naïve 中文", &[]) {
                    Ok(ids) => drop(tokenizer.decode(&ids)),
                    Err(error) => assert_ne!(reason(&error), "panic"),
                }
            }
            Err(error) => {
                refused += 1;
                assert_ne!(reason(&error), "panic");
            }
        }
    }
    println!("{loaded} loaded, {refused} refused");
    assert!(loaded > 0 && refused > 0);
}
