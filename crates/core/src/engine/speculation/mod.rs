//! Decoding beyond one token per pass: tokens are drafted ahead of the model, which computes them as rows of one step.
//!
//! A drafted token is kept iff it is the token that the sequence draws there anyway, from logits of the same bits: draws
//! are keyed by seed, choice and position. So drafts change how fast an answer comes and never what it says. They take
//! rows, places in the mailbox and KV blocks that are spare in a step, and nothing from anyone.

mod draft;
mod draft_length;
mod draft_model;
mod options;
mod prompt_lookup;

pub(super) use draft::Draft;
pub(super) use draft_model::DraftModel;
pub use options::{PromptLookup, Speculation};

use std::collections::BTreeMap;

use self::draft_model::Surroundings;
use super::memory::MemoryUse;
use super::scheduler::{SequenceKey, Turn};
use super::sequence::Sequence;
use super::{Engine, caught};
use crate::language_model::LanguageModel;

impl Engine {
    /// Drafts by a model, which the engine's account has been told of.
    #[must_use]
    pub fn with_draft_model(self, model: Box<dyn LanguageModel>) -> Self {
        let draft_model = Some(DraftModel::new(model, self.options.max_sequences));
        Self { draft_model, ..self }
    }

    /// Drafts for the turns of sequences that decode. `rooms` are the tokens that each request may still run ahead of its
    /// reader when all turns have had theirs.
    pub(super) fn draft(&mut self, turns: &mut [Turn], mut rooms: BTreeMap<u64, u32>) {
        let lengths = self.draft_lengths(turns, &mut rooms);
        if lengths.is_empty() {
            return;
        }
        match self.options.speculation {
            Speculation::Off => return,
            Speculation::PromptLookup(lookup) => {
                for (key, length) in &lengths {
                    if let Some(sequence) = sequence(&mut self.running, *key) {
                        lookup.draft(&sequence.tokens, *length, &mut sequence.draft.tokens);
                    }
                }
            }
            Speculation::DraftModel { max_tokens: _ } => self.ask_draft_model(&lengths),
        }
        for turn in turns.iter_mut().filter(|turn| lengths.iter().any(|(key, _)| *key == turn.key)) {
            turn.drafted = self.reserve_draft(turn.key);
        }
    }

    /// Who drafts, and how many tokens at most.
    fn draft_lengths(&mut self, turns: &[Turn], rooms: &mut BTreeMap<u64, u32>) -> Vec<(SequenceKey, usize)> {
        let mut spare = match self.options.speculation {
            Speculation::Off => return Vec::new(),
            Speculation::PromptLookup(_) | Speculation::DraftModel { .. } => self.options.spare_rows(turns),
        };
        let longest = turns.iter().map(|turn| (turn.key, self.longest_draft(turn, rooms)));
        let mut lengths: Vec<(SequenceKey, usize)> = longest.filter(|(_, length)| *length > 0).collect();
        let mut left = lengths.len();
        lengths.retain_mut(|(key, length)| {
            let Some(room) = rooms.get_mut(&key.request) else { return false };
            *length = (*length).min(spare.div_ceil(left)).min(*room as usize);
            left -= 1;
            spare -= *length;
            *room -= *length as u32;
            *length > 0
        });
        lengths
    }

    /// Leaves what the draft model drafts in the sequences. Its failures are its own: from then on nobody drafts.
    fn ask_draft_model(&mut self, lengths: &[(SequenceKey, usize)]) {
        let Some(mut draft_model) = self.draft_model.take() else { return };
        let chunk = self.scheduler.chunk(lengths.len() > 1);
        let around = Surroundings {
            running: &self.running,
            account: &self.account,
            end_tokens: &self.end_tokens,
            vocabulary: self.tokenizer.vocabulary_size(),
            chunk,
        };
        if let Err(error) = caught(|| draft_model.draft(lengths, &mut self.scratch, &around)) {
            self.account.refund(MemoryUse::Kv, draft_model.kv_bytes());
            self.log_draft_failed(&error);
            return;
        }
        for (key, _) in lengths {
            if let Some(sequence) = sequence(&mut self.running, *key) {
                sequence.draft.tokens.extend_from_slice(draft_model.drafted(*key));
            }
        }
        self.draft_model = Some(draft_model);
    }

    /// Takes back what the draft model knows of sequences that are gone.
    pub(super) fn tidy_drafts(&mut self) {
        if let Some(draft_model) = &mut self.draft_model {
            let running = &self.running;
            draft_model.tidy(|key| {
                let sequence = running.get(&key.request).and_then(|request| request.sequences.get(key.choice as usize));
                sequence.is_some_and(|sequence| !sequence.is_finished())
            });
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

    /// Cuts a draft at what would end the answer and at the blocks that there are for it; tokens that are left.
    fn reserve_draft(&mut self, key: SequenceKey) -> usize {
        let Some(request) = self.running.get_mut(&key.request) else { return 0 };
        let Some(sequence) = request.sequences.get_mut(key.choice as usize) else { return 0 };
        sequence.draft.end_at(request.job.ends(&self.end_tokens));
        if let Some(constraint) = &mut sequence.constraint {
            let allowed = constraint.allowed(&sequence.draft.tokens);
            sequence.draft.tokens.truncate(allowed);
        }
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

fn sequence(running: &mut BTreeMap<u64, super::request::Request>, key: SequenceKey) -> Option<&mut Sequence> {
    running.get_mut(&key.request)?.sequences.get_mut(key.choice as usize)
}
