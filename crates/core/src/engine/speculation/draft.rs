//! The draft of one sequence.

use super::draft_length::DraftLength;

/// Tokens that may come next, and what became of earlier ones.
#[derive(Debug, Default)]
pub(in super::super) struct Draft {
    /// In this step; empty between steps.
    pub(in super::super) tokens: Vec<u32>,
    /// How many of them were drawn.
    accepted: usize,
    /// Whether something else was drawn since.
    is_left: bool,
    pub(super) length: DraftLength,
    /// Tokens drafted, over all steps.
    pub(in super::super) drafted_tokens: u64,
    /// Of those the ones that were drawn.
    pub(in super::super) accepted_tokens: u64,
}

impl Draft {
    pub(in super::super) fn new(max_tokens: usize) -> Self {
        Self { length: DraftLength::new(max_tokens), ..Self::default() }
    }

    /// Nothing follows what ends the answer.
    pub(super) fn end_at(&mut self, ends: &[u32]) {
        if let Some(end) = self.tokens.iter().position(|token| ends.contains(token)) {
            self.tokens.truncate(end + 1);
        }
    }

    /// The step with `tokens` was computed.
    pub(in super::super) fn begin(&mut self) {
        self.accepted = 0;
        self.is_left = false;
        self.drafted_tokens += self.tokens.len() as u64;
    }

    /// Compares the next token of the draft with the one that came in its place.
    pub(in super::super) fn verify(&mut self, token: u32) {
        self.is_left |= self.tokens.get(self.accepted) != Some(&token);
        if !self.is_left {
            self.accepted += 1;
            self.accepted_tokens += 1;
        }
    }

    /// How many tokens of the draft were drawn so far in this step.
    pub(in super::super) fn accepted(&self) -> usize {
        self.accepted
    }

    /// The sequence goes on after this step: the next drafts are as long as it seems worth it.
    pub(in super::super) fn learn(&mut self) {
        self.length.learn(self.tokens.len(), self.accepted);
    }
}
