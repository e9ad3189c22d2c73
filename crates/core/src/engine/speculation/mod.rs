//! Decoding beyond one token per pass: tokens are drafted ahead of the model, which computes them as rows of one step.
//!
//! A drafted token is kept iff it is the token that the sequence draws there anyway, from logits of the same bits: draws
//! are keyed by seed, choice and position. So drafts change how fast an answer comes and never what it says. They take
//! rows, places in the mailbox and KV blocks that are spare in a step, and nothing from anyone.

mod draft;
mod draft_length;
mod options;
mod prompt_lookup;

pub(super) use draft::Draft;
pub use options::{PromptLookup, Speculation};

use std::collections::BTreeMap;

use super::Engine;
use super::scheduler::{SequenceKey, Turn};
use super::sequence::Sequence;

impl Engine {
    /// Drafts for the turns of sequences that decode. `rooms` are the tokens that each request may still run ahead of its
    /// reader when all turns have had theirs.
    pub(super) fn draft(&mut self, turns: &mut [Turn], rooms: &mut BTreeMap<u64, u32>) {
        let Speculation::PromptLookup(lookup) = self.options.speculation else { return };
        let mut spare = self.options.spare_rows(turns);
        let mut longest: Vec<usize> = turns.iter().map(|turn| self.longest_draft(turn, rooms)).collect();
        let mut left = longest.iter().filter(|length| **length > 0).count();
        for (turn, longest) in turns.iter_mut().zip(&mut longest).filter(|(_, longest)| **longest > 0) {
            let room = rooms.get(&turn.key.request).map_or(0, |room| *room as usize);
            let length = (*longest).min(spare.div_ceil(left)).min(room);
            left -= 1;
            let Some(sequence) = sequence(&mut self.running, turn.key) else { continue };
            if length == 0 {
                continue;
            }
            lookup.draft(&sequence.tokens, length, &mut sequence.draft.tokens);
            turn.drafted = self.reserve_draft(turn.key);
            spare -= turn.drafted;
            if let Some(room) = rooms.get_mut(&turn.key.request) {
                *room -= turn.drafted as u32;
            }
        }
    }

    /// Tokens that a turn's draft can have at most, whatever else is in the step.
    fn longest_draft(&mut self, turn: &Turn, rooms: &BTreeMap<u64, u32>) -> usize {
        let Some(request) = self.running.get_mut(&turn.key.request) else { return 0 };
        let max_tokens = request.job.max_tokens.unwrap_or(u64::MAX);
        let Some(sequence) = request.sequences.get_mut(turn.key.choice as usize) else { return 0 };
        // A prompt's choices have no past of their own before their first token.
        if turn.rows > 1 || sequence.remaining() > 1 || sequence.sampled() == 0 {
            return 0;
        }
        // Whatever is drafted, one token more is drawn.
        let answer = max_tokens.saturating_sub(sequence.sampled() + 1);
        let answer = usize::try_from(answer).unwrap_or(usize::MAX);
        let context = request.room.saturating_sub(sequence.tokens.len() + 1);
        let room = rooms.get(&turn.key.request).map_or(0, |room| *room as usize);
        match answer.min(context).min(room) {
            // Its reader is behind, or it is about to end: that says nothing of its drafts.
            0 => 0,
            longest => longest.min(sequence.draft.length.next()),
        }
    }

    /// Gives a draft the blocks it needs, or cuts it to those there are; tokens that are left.
    fn reserve_draft(&mut self, key: SequenceKey) -> usize {
        let Some(sequence) = sequence(&mut self.running, key) else { return 0 };
        let first = sequence.computed + 1;
        let Some(table) = &mut sequence.blocks else { return 0 };
        let wanted = first + sequence.draft.tokens.len();
        let reserved = self.kv.grow_spare(table, wanted, &mut *self.model, &self.account);
        sequence.draft.tokens.truncate(reserved.saturating_sub(first));
        sequence.draft.tokens.len()
    }

    /// Forgets a turn's draft and gives the blocks back that the sequence has beyond `rows` more tokens.
    pub(super) fn drop_draft(&mut self, key: SequenceKey, rows: usize) {
        let Some(sequence) = sequence(&mut self.running, key) else { return };
        sequence.draft.tokens.clear();
        if let Some(table) = &mut sequence.blocks {
            self.kv.trim(table, sequence.computed + rows);
        }
    }
}

fn sequence(running: &mut BTreeMap<u64, super::Request>, key: SequenceKey) -> Option<&mut Sequence> {
    running.get_mut(&key.request)?.sequences.get_mut(key.choice as usize)
}
