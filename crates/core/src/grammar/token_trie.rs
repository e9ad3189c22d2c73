//! A model's vocabulary as llguidance knows vocabularies.

use std::sync::Arc;

use llguidance::toktrie::{INVALID_TOKEN, TokRxInfo, TokTrie, TokenId, TokenizerEnv};

use crate::tokenizer::Tokenizer;

/// Stands before text that is tokenised, so that nothing is put before its first word: no text holds it, and no token but
/// its own byte.
const GUARD: &str = "\u{2}";

/// The tokens of a vocabulary by their bytes. Control tokens are no text: a grammar can only name them.
pub(super) struct TokenTrie {
    tokenizer: Arc<dyn Tokenizer>,
    trie: TokTrie,
    /// Ids of [`GUARD`].
    guard: Vec<u32>,
}

impl TokenTrie {
    pub(super) fn new(tokenizer: Arc<dyn Tokenizer>, end_tokens: &[u32]) -> Self {
        let is_end = |id: u32| end_tokens.contains(&id);
        let words: Vec<Vec<u8>> =
            (0..tokenizer.vocabulary_size() as u32).map(|id| word(&*tokenizer, id, is_end(id))).collect();
        let known = |id: &&u32| (**id as usize) < words.len();
        let ends: Vec<u32> = end_tokens.iter().filter(known).copied().collect();
        let info = TokRxInfo::new(words.len() as u32, ends.first().copied().unwrap_or(INVALID_TOKEN));
        let mut trie = TokTrie::from(&info, &words);
        if !ends.is_empty() {
            trie = trie.with_eos_tokens(&ends);
        }
        let guard = tokenizer.encode_text(GUARD).unwrap_or_default();
        Self { tokenizer, trie, guard }
    }

    /// The model's own tokens for `text` within a text; those that fit where it has none of these bytes.
    fn encode(&self, text: &str) -> Vec<TokenId> {
        let guarded = self.tokenizer.encode_text(&format!("{GUARD}{text}"));
        let ids = guarded.ok().and_then(|ids| ids.strip_prefix(self.guard.as_slice()).map(<[u32]>::to_vec));
        // A normaliser may have made another text of it.
        ids.filter(|ids| self.trie.decode_raw(ids) == text.as_bytes())
            .unwrap_or_else(|| self.trie.greedy_tokenize(text.as_bytes()))
    }
}

impl TokenizerEnv for TokenTrie {
    fn tok_trie(&self) -> &TokTrie {
        &self.trie
    }

    /// Nothing where the vocabulary has no tokens for some of the bytes: then nothing is forced.
    fn tokenize_bytes(&self, bytes: &[u8]) -> Vec<TokenId> {
        let ids = self.trie.tokenize_with_greedy_fallback(bytes, |text| self.encode(text));
        if self.trie.decode_raw(&ids) == bytes { ids } else { Vec::new() }
    }
}

/// A token's bytes. A control token, and one that ends an answer whatever its text, has a mark before its spelling; an id
/// without a token has nothing.
fn word(tokenizer: &dyn Tokenizer, id: u32, is_end: bool) -> Vec<u8> {
    match tokenizer.token_bytes(id) {
        Some(bytes) if !is_end && !tokenizer.is_control(id) => bytes.to_vec(),
        Some(_) | None => {
            let mark = [TokTrie::SPECIAL_TOKEN_MARKER];
            let text = tokenizer.token_text(id).unwrap_or_default();
            if text.is_empty() { Vec::new() } else { [&mark, text.as_bytes()].concat() }
        }
    }
}
