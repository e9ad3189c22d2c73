//! A tokenizer without a vocabulary to look up, so that only the rest is measured.

use wick_core::error::Result;
use wick_core::tokenizer::Tokenizer;

/// Every token is the same letters.
pub(crate) struct Letters {
    pub(crate) vocabulary: usize,
    pub(crate) token: &'static str,
}

impl Tokenizer for Letters {
    fn encode_text(&self, text: &str) -> Result<Vec<u32>> {
        Ok(vec![3; text.len() / self.token.len()])
    }

    fn encode_with_control(&self, text: &str, _: &[usize]) -> Result<Vec<u32>> {
        self.encode_text(text)
    }

    fn token_bytes(&self, _: u32) -> Option<&[u8]> {
        Some(self.token.as_bytes())
    }

    fn is_control(&self, _: u32) -> bool {
        false
    }

    fn token_text(&self, _: u32) -> Option<&str> {
        Some(self.token)
    }

    fn token_id(&self, _: &str) -> Option<u32> {
        None
    }

    fn vocabulary_size(&self) -> usize {
        self.vocabulary
    }

    fn add_bos(&self) -> Option<u32> {
        None
    }

    fn drops_leading_space(&self) -> bool {
        false
    }

    fn control_texts(&self) -> Vec<&str> {
        Vec::new()
    }

    fn decode(&self, ids: &[u32]) -> Result<String> {
        Ok(self.token.repeat(ids.len()))
    }

    fn memory_bytes(&self) -> usize {
        0
    }
}
