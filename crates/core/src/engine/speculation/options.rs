//! Whether and how tokens are drafted.

use super::super::EngineOptions;
use super::super::logits::LOGITS_ROWS_PER_STEP;
use super::super::scheduler::Turn;

/// Where drafts come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Speculation {
    /// None: a token a pass.
    #[default]
    Off,
    /// From what was said before.
    PromptLookup(PromptLookup),
    /// From a smaller model, whose drafts have at most so many tokens. See [`Engine::with_draft_model`](super::super::Engine).
    DraftModel {
        /// At least 1.
        max_tokens: usize,
    },
}

/// Prompt lookup decoding (Saxena 2023): where the last tokens of prompt and answer stand earlier in them, what followed
/// there is drafted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PromptLookup {
    /// Tokens of a draft at most; at least 1.
    pub max_tokens: usize,
    /// Tokens that must stand earlier; at least 1.
    pub min_match: usize,
    /// Tokens that are compared; the longest match counts. Not below `min_match`.
    pub max_match: usize,
}

impl Default for PromptLookup {
    fn default() -> Self {
        // With the token before it 8 rows, which kernels compute together.
        Self { max_tokens: 7, min_match: 2, max_match: 4 }
    }
}

impl Speculation {
    /// Tokens of a draft at most.
    pub fn max_tokens(self) -> usize {
        match self {
            Self::Off => 0,
            Self::PromptLookup(PromptLookup { max_tokens, .. }) | Self::DraftModel { max_tokens } => max_tokens,
        }
    }
}

impl EngineOptions {
    /// Rows of a step at most.
    pub fn max_rows(&self) -> usize {
        (self.prefill_chunk + self.max_sequences).max(1 + self.speculation.max_tokens())
    }

    /// Rows of a step at most whose logits are wanted.
    pub fn max_sampled_rows(&self) -> usize {
        self.max_sequences.max(LOGITS_ROWS_PER_STEP).max(1 + self.speculation.max_tokens())
    }

    /// Rows that drafts may have beside `turns`. A sequence that is alone in its step keeps nobody waiting; beside others
    /// drafts have the rows of sequences that are not there, so that no step is longer than a full one.
    pub(super) fn spare_rows(&self, turns: &[Turn]) -> usize {
        match turns {
            [_] => self.speculation.max_tokens(),
            _ => self.max_sequences.saturating_sub(turns.len()),
        }
    }
}
