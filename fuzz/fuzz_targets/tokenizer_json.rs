#![no_main]
//! Any bytes as a tokenizer.json: an error, or a tokenizer that gives back what it was told.

use libfuzzer_sys::fuzz_target;
use wick_core::tokenizer::{Tokenizer as _, hugging_face};

const TEXT: &str = "It's 12 <|im_end|> \n\n  naïve 中文 👋🏽\t</s>";

fuzz_target!(|bytes: &[u8]| {
    let tokenizer = match hugging_face::from_json(bytes, None) {
        Ok(tokenizer) => tokenizer,
        Err(error) => {
            assert!(!error.info().message.contains("broke inside"), "a panic was caught");
            return;
        }
    };
    for ids in [tokenizer.encode_text(TEXT), tokenizer.encode_with_control(TEXT, &[7])].into_iter().flatten() {
        for id in &ids {
            assert!((*id as usize) < tokenizer.vocabulary_size());
            assert!(tokenizer.token_bytes(*id).is_some() && tokenizer.token_text(*id).is_some());
        }
        let _ = tokenizer.decode(&ids);
    }
});
