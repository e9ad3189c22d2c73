//! Compiled grammars that may be asked for again.

use std::collections::HashMap;
use std::sync::Arc;

use super::compiler::Grammar;

/// The grammars used last, in so many bytes.
#[derive(Default)]
pub(super) struct GrammarCache {
    max_bytes: usize,
    bytes: usize,
    uses: u64,
    /// By the grammar's text.
    entries: HashMap<String, Entry>,
}

struct Entry {
    grammar: Arc<Grammar>,
    bytes: usize,
    used: u64,
}

impl GrammarCache {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self { max_bytes, ..Self::default() }
    }

    pub(super) fn get(&mut self, text: &str) -> Option<Arc<Grammar>> {
        self.uses += 1;
        let entry = self.entries.get_mut(text)?;
        entry.used = self.uses;
        Some(Arc::clone(&entry.grammar))
    }

    /// Keeps a grammar, in place of those that were not used for the longest time.
    pub(super) fn insert(&mut self, text: &str, grammar: Arc<Grammar>) {
        let bytes = grammar.memory_bytes() + text.len();
        if bytes > self.max_bytes || self.entries.contains_key(text) {
            return;
        }
        while self.bytes + bytes > self.max_bytes {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used).map(|(text, _)| text.clone());
            let Some(gone) = oldest.and_then(|text| self.entries.remove(&text)) else { break };
            self.bytes -= gone.bytes;
        }
        self.bytes += bytes;
        self.entries.insert(text.to_owned(), Entry { grammar, bytes, used: self.uses });
    }
}
