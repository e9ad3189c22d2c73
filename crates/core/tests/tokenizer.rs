//! The demo model's tokenizer against transformers, and against the tokenizers crate on everything else.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::Value;
use wick_core::tokenizer::{BpeTokenizer, GgufVocabulary, Tokenizer as _, gguf, hugging_face};
use wick_formats::Gguf;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../test/fixtures");

fn bytes(path: &str) -> Vec<u8> {
    std::fs::read(format!("{FIXTURES}/{path}")).unwrap()
}

fn json(path: &str) -> Value {
    serde_json::from_slice(&bytes(path)).unwrap()
}

fn demo() -> BpeTokenizer {
    hugging_face::from_json(&bytes("demo-model/safetensors/tokenizer.json"), None).unwrap()
}

fn ids(value: &Value) -> Vec<u32> {
    serde_json::from_value(value.clone()).unwrap()
}

#[test]
fn encodes_and_decodes_as_transformers() {
    let tokenizer = demo();
    let cases = json("demo-model/golden/tokenizer.json");
    for case in cases.as_array().unwrap() {
        let text = case["text"].as_str().unwrap();
        assert_eq!(tokenizer.encode_with_control(text, &[]).unwrap(), ids(&case["ids"]), "{text:?}");
        assert_eq!(tokenizer.decode(&ids(&case["ids"])).unwrap(), case["decoded"].as_str().unwrap(), "{text:?}");
        let mut streamed = Vec::new();
        for id in ids(&case["ids"]) {
            let control = tokenizer.token_text(id).filter(|_| tokenizer.is_control(id));
            streamed.extend_from_slice(control.map_or_else(|| tokenizer.token_bytes(id).unwrap(), str::as_bytes));
        }
        assert_eq!(String::from_utf8(streamed).unwrap(), case["decoded"].as_str().unwrap(), "{text:?}");
    }
    assert_eq!(cases.as_array().unwrap().len(), 149);
}

#[test]
fn encodes_prompts_as_transformers() {
    let tokenizer = demo();
    let golden = json("demo-model/golden/golden.json");
    for case in golden["cases"].as_array().unwrap() {
        let prompt = case["prompt"].as_str().unwrap();
        assert_eq!(tokenizer.encode_with_control(prompt, &[]).unwrap(), ids(&case["promptTokens"]));
    }
}

#[test]
fn recognises_no_control_token_in_content() {
    let tokenizer = demo();
    for control in tokenizer.control_texts() {
        let text = format!("a {control}b{control}");
        let ids = tokenizer.encode_text(&text).unwrap();
        assert!(ids.iter().all(|id| !tokenizer.is_control(*id)), "{text}");
        assert_eq!(tokenizer.decode(&ids).unwrap(), text);
        let first = text.find('<').unwrap() + 1;
        let broken = tokenizer.encode_with_control(&text, &[first, text.rfind('<').unwrap() + 1]).unwrap();
        assert_eq!(broken, ids);
        let half = tokenizer.encode_with_control(&text, &[first]).unwrap();
        assert_eq!(half.iter().filter(|id| tokenizer.is_control(**id)).count(), 1);
    }
}

fn check_cases(tokenizer: &BpeTokenizer, cases: &Value, name: &str) {
    for case in cases.as_array().unwrap() {
        let text = case["text"].as_str().unwrap();
        assert_eq!(tokenizer.encode_with_control(text, &[]).unwrap(), ids(&case["ids"]), "{name}: {text:?}");
        assert_eq!(
            tokenizer.decode(&ids(&case["ids"])).unwrap(),
            case["decoded"].as_str().unwrap(),
            "{name}: {text:?}"
        );
    }
}

/// The vocabulary of a tokenizer.json as a GGUF file holds it.
fn as_gguf(tokenizer: &Value, pre: &str) -> GgufVocabulary<'static> {
    let vocab = tokenizer["model"]["vocab"].as_object().unwrap();
    let added = tokenizer["added_tokens"].as_array().unwrap();
    let mut tokens: Vec<(u32, String, i32)> =
        vocab.iter().map(|(text, id)| (id.as_u64().unwrap() as u32, text.clone(), 1)).collect();
    for token in added {
        let id = token["id"].as_u64().unwrap() as u32;
        tokens.retain(|other| other.0 != id);
        let kind = if token["special"].as_bool().unwrap() { 3 } else { 4 };
        tokens.push((id, token["content"].as_str().unwrap().to_owned(), kind));
    }
    tokens.sort_unstable();
    let merge = |merge: &Value| format!("{} {}", merge[0].as_str().unwrap(), merge[1].as_str().unwrap()).into();
    GgufVocabulary {
        model: "gpt2".to_owned(),
        pre: Some(pre.to_owned()),
        types: tokens.iter().map(|token| token.2).collect(),
        tokens: tokens.into_iter().map(|token| token.1.into()).collect(),
        merges: tokenizer["model"]["merges"].as_array().unwrap().iter().map(merge).collect(),
        ..GgufVocabulary::default()
    }
}

#[test]
fn splits_by_every_pre_tokenizer_as_the_tokenizers_library() {
    for pre in ["llama-bpe", "qwen2", "smollm", "tekken", "gpt-2"] {
        let fixture = json(&format!("tokenizers/{pre}.json"));
        let file = serde_json::to_vec(&fixture["tokenizer"]).unwrap();
        check_cases(&hugging_face::from_json(&file, None).unwrap(), &fixture["cases"], pre);
        check_cases(&gguf::build(&as_gguf(&fixture["tokenizer"], pre)).unwrap(), &fixture["cases"], pre);
    }
}

/// SentencePiece vocabularies in both styles of tokenizer.json, and the flags of added tokens.
#[test]
fn reads_llama_files_as_the_tokenizers_library() {
    for name in ["llama-legacy", "llama-metaspace"] {
        let fixture = json(&format!("tokenizers/{name}.json"));
        let file = serde_json::to_vec(&fixture["tokenizer"]).unwrap();
        check_cases(&hugging_face::from_json(&file, None).unwrap(), &fixture["cases"], name);
    }
}

/// As models made for embeddings have it.
#[test]
fn texts_to_embed_end_as_the_file_says() {
    let mut tokenizer = json("tokenizers/qwen2.json")["tokenizer"].clone();
    let last = tokenizer["added_tokens"].as_array().unwrap().last().unwrap().clone();
    let (text, id) = (last["content"].as_str().unwrap(), last["id"].as_u64().unwrap() as u32);
    let read = |tokenizer: &Value| hugging_face::from_json(&serde_json::to_vec(tokenizer).unwrap(), None).unwrap();
    assert_eq!(read(&tokenizer).add_eos(), None);
    let template = serde_json::json!({
        "type": "TemplateProcessing",
        "single": [{ "Sequence": { "id": "A", "type_id": 0 } }, { "SpecialToken": { "id": text, "type_id": 0 } }],
    });
    tokenizer["post_processor"] = serde_json::json!({ "type": "Sequence", "processors": [template] });
    let read = read(&tokenizer);
    assert_eq!((read.add_bos(), read.add_eos()), (None, Some(id)));
    for (add_eos, expected) in [(Some(true), Some(id)), (Some(false), None), (None, None)] {
        let vocabulary = GgufVocabulary { eos: Some(id), add_eos, ..as_gguf(&tokenizer, "qwen2") };
        assert_eq!(gguf::build(&vocabulary).unwrap().add_eos(), expected);
    }
}

#[test]
fn merges_by_score_as_sentencepiece() {
    for name in ["sentence-piece", "sentence-piece-no-prefix"] {
        let fixture = json(&format!("tokenizers/{name}.json"));
        let source = &fixture["vocabulary"];
        let id = |key: &str| source[key].as_u64().map(|id| id as u32);
        let vocabulary = GgufVocabulary {
            model: "llama".to_owned(),
            tokens: serde_json::from_value(source["tokens"].clone()).unwrap(),
            scores: serde_json::from_value(source["scores"].clone()).unwrap(),
            types: serde_json::from_value(source["types"].clone()).unwrap(),
            bos: id("bos"),
            eos: id("eos"),
            unk: id("unk"),
            add_space_prefix: source["add_space_prefix"].as_bool(),
            ..GgufVocabulary::default()
        };
        let tokenizer = gguf::build(&vocabulary).unwrap();
        assert_eq!(tokenizer.add_bos(), id("bos"));
        assert_eq!(tokenizer.drops_leading_space(), source["add_space_prefix"].as_bool().unwrap());
        for case in fixture["cases"].as_array().unwrap() {
            let text = case["text"].as_str().unwrap();
            assert_eq!(tokenizer.encode_text(text).unwrap(), ids(&case["ids"]), "{name}: {text:?}");
            assert_eq!(tokenizer.decode(&ids(&case["ids"])).unwrap(), case["decoded"].as_str().unwrap(), "{text:?}");
        }
    }
}

#[test]
fn reads_the_same_tokenizer_out_of_a_gguf_file() {
    let path = format!("{FIXTURES}/demo-model/gguf/wick-demo.Q4_0.gguf");
    let file = Gguf::open(path.as_ref(), wick_formats::OpenMode::Read).unwrap();
    let vocabulary = GgufVocabulary::from_metadata(file.metadata()).unwrap();
    let (tokenizer, oracle) = (gguf::build(&vocabulary).unwrap(), demo());
    check_cases(&tokenizer, &json("demo-model/golden/tokenizer.json"), "GGUF");
    assert_eq!(tokenizer.vocabulary_size(), oracle.vocabulary_size());
    for id in 0..tokenizer.vocabulary_size() as u32 {
        assert_eq!(tokenizer.token_bytes(id), oracle.token_bytes(id));
        assert_eq!(tokenizer.token_text(id), oracle.token_text(id));
        assert_eq!(tokenizer.is_control(id), oracle.is_control(id));
    }
    assert_eq!(vocabulary.config().eos_token.as_deref(), Some("<|im_end|>"));
    assert!(vocabulary.config().chat_template(false).is_some());
}
