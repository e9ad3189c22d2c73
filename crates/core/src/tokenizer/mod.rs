//! Text to token ids and back.
//!
//! One trait, [`Tokenizer`], and one implementation, [`BpeTokenizer`], built from a tokenizer.json
//! ([`hugging_face`]) or from the metadata of a GGUF file ([`gguf`]). The tokenizers crate does the merges and the
//! rarer normalisers; control tokens, splitting patterns and the bytes of each token are handled here, so that
//! content never becomes a control token, no text takes more than linear time, and streamed text is exact.

mod added_tokens;
mod bpe_tokenizer;
mod byte_level;
mod decoder;
pub mod gguf;
pub mod hugging_face;
mod merge_model;
mod merges;
mod normalizer;
mod pattern;
mod pre_tokenizer;
mod tokenizer_config;
mod vocabulary;

pub use bpe_tokenizer::BpeTokenizer;
pub use gguf::GgufVocabulary;
pub use tokenizer_config::TokenizerConfig;

use crate::error::{Error, ErrorCode, Result};

/// Turns text into token ids and back.
pub trait Tokenizer: Send + Sync {
    /// Ids of `text` with no control token recognised in it: a spelled `<|im_end|>` becomes ordinary tokens.
    ///
    /// # Errors
    /// `too_large` for a text over 16 MiB; `tokenizer_invalid` where the tokenizer fails on it.
    fn encode_text(&self, text: &str) -> Result<Vec<u32>>;

    /// Ids of `text`; control tokens spelled in it are recognised except where a match would straddle one of `breaks`:
    /// byte offsets, ascending. A match `[start, end)` is refused when `start < b && b <= end` for some `b`.
    fn encode_with_control(&self, text: &str, breaks: &[usize]) -> Result<Vec<u32>>;

    /// Bytes a token stands for; empty for control tokens. `None` when the id is not in the vocabulary.
    fn token_bytes(&self, id: u32) -> Option<&[u8]>;

    /// Whether the token marks structure (`<|im_end|>`, `<think>`) rather than text.
    fn is_control(&self, id: u32) -> bool;

    /// Spelling of any token as the vocabulary has it (`<think>`, `Ġthe`).
    fn token_text(&self, id: u32) -> Option<&str>;

    /// Id of the token with this spelling.
    fn token_id(&self, text: &str) -> Option<u32>;

    /// Highest id plus one. Ids without a token are possible below it.
    fn vocabulary_size(&self) -> usize;

    /// Put in front of raw completion prompts, and of a chat template's text unless that starts with it.
    fn add_bos(&self) -> Option<u32>;

    /// Put behind texts to embed, whose state it is where the last one counts. Most models have none.
    fn add_eos(&self) -> Option<u32> {
        None
    }

    /// Whether one space at the very start of decoded text belongs to the vocabulary's way of writing words and is
    /// dropped (`▁Hello` alone reads `Hello`). [`Self::token_bytes`] keeps it: the reader of a stream drops it once.
    fn drops_leading_space(&self) -> bool;

    /// Text of `ids`, control tokens spelled out, as `decode(ids, skip_special_tokens=False)` of transformers.
    ///
    /// # Errors
    /// `invalid_request` naming `tokens[i]` for an id that is not in the vocabulary.
    fn decode(&self, ids: &[u32]) -> Result<String>;

    /// Spellings of all control tokens.
    fn control_texts(&self) -> Vec<&str>;

    /// Bytes held, estimated from the sizes of the tables.
    fn memory_bytes(&self) -> usize;
}

/// Checks that every token has a row in an embedding matrix of `rows` rows. More rows than tokens are legal padding.
///
/// # Errors
/// `tokenizer_invalid{reason: "vocabulary"}`.
pub fn check_embedding_rows(tokenizer: &dyn Tokenizer, rows: usize) -> Result<()> {
    if tokenizer.vocabulary_size() > rows {
        return Err(invalid(
            "vocabulary",
            format!("the vocabulary has {} tokens and the model embeddings for {rows}", tokenizer.vocabulary_size()),
        ));
    }
    Ok(())
}

/// An error of the tokenizer's files; `reason` is a stable word for programs.
fn invalid(reason: &str, message: impl Into<String>) -> Error {
    Error::new(ErrorCode::TokenizerInvalid, format!("the tokenizer cannot be used: {}", message.into()))
        .detail("reason", reason)
}

/// Runs `work`, which calls into the tokenizers crate, and turns a panic there into an error.
fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(invalid("panic", "it broke inside the tokenizers library")))
}
