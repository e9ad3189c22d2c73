//! The demo model's tokenizer against transformers, and against the tokenizers crate on everything else.

use serde_json::Value;
use wick_core::tokenizer::{BpeTokenizer, Tokenizer as _, hugging_face};

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
            match tokenizer.is_control(id) {
                true => streamed.extend_from_slice(tokenizer.token_text(id).unwrap().as_bytes()),
                false => streamed.extend_from_slice(tokenizer.token_bytes(id).unwrap()),
            }
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
