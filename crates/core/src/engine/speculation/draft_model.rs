//! A small model that drafts for a large one.

use std::collections::BTreeMap;

use super::super::kv_cache::{BlockTable, KvCache};
use super::super::memory::Account;
use super::super::request::Request;
use super::super::scheduler::SequenceKey;
use super::super::sequence::Sequence;
use crate::backend::StepPlan;
use crate::error::{Error, ErrorCode, Result};
use crate::language_model::LanguageModel;
use crate::sampler::{History, Scratch};

/// A model of the same vocabulary, with keys and values of its own. Nothing that becomes of it is any matter for an answer.
pub(in super::super) struct DraftModel {
    model: Box<dyn LanguageModel>,
    kv: KvCache,
    plan: StepPlan,
    sequences: BTreeMap<SequenceKey, Drafting>,
}

/// What it knows of a sequence.
#[derive(Default)]
struct Drafting {
    table: BlockTable,
    /// The sequence's as it was when it last drafted, then what it drafted.
    tokens: Vec<u32>,
    /// How many of them are the sequence's.
    agreed: usize,
    /// How many of them have keys and values in `table`.
    computed: usize,
}

/// A sequence that drafts in this step.
struct Turn {
    key: SequenceKey,
    /// Tokens it drafts at most.
    length: usize,
    rows: usize,
    /// Whether a token comes out.
    is_sampled: bool,
}

/// What drafting needs of the engine.
pub(super) struct Surroundings<'a> {
    pub(super) running: &'a BTreeMap<u64, Request>,
    pub(super) account: &'a Account,
    pub(super) end_tokens: &'a [u32],
    /// Tokens that can be drawn; the rest of a row is padding.
    pub(super) vocabulary: usize,
    /// Rows of prompts that a step may compute.
    pub(super) chunk: usize,
}

impl Surroundings<'_> {
    fn sequence(&self, key: SequenceKey) -> Option<(&Request, &Sequence)> {
        let request = self.running.get(&key.request)?;
        let sequence = request.sequences.get(key.choice as usize)?;
        (!sequence.is_finished()).then_some((request, sequence))
    }
}

impl DraftModel {
    /// `sequences` at once, each up to the model's context.
    pub(in super::super) fn new(model: Box<dyn LanguageModel>, sequences: usize) -> Self {
        let layout = model.kv_layout();
        let blocks = sequences * model.context_length().div_ceil(layout.block_size.max(1));
        let plan = StepPlan::new(layout.block_size as u32);
        Self { model, kv: KvCache::new(layout, blocks), plan, sequences: BTreeMap::new() }
    }

    /// Bytes of keys and values that sequences have.
    pub(in super::super) fn kv_bytes_used(&self) -> u64 {
        self.kv.used() as u64 * self.kv.layout().block_bytes as u64
    }

    /// Bytes of keys and values there are.
    pub(in super::super) fn kv_bytes(&self) -> u64 {
        self.kv.blocks() as u64 * self.kv.layout().block_bytes as u64
    }

    /// Takes back what sequences had that are gone.
    pub(in super::super) fn tidy(&mut self, is_live: impl Fn(SequenceKey) -> bool) {
        let kv = &mut self.kv;
        self.sequences.retain(|key, drafting| {
            let stays = is_live(*key);
            if !stays {
                kv.release(&mut drafting.table);
            }
            stays
        });
    }

    /// What it drafted last for a sequence.
    pub(super) fn drafted(&self, key: SequenceKey) -> &[u32] {
        self.sequences.get(&key).map_or(&[], |drafting| &drafting.tokens[drafting.agreed..])
    }

    /// Drafts for the sequences of `lengths`, each at most so many tokens. Those whose prompts it does not know yet draft once it
    /// has computed them, a chunk a step.
    ///
    /// # Errors
    /// Those of the model; it is of no more use then.
    pub(super) fn draft(
        &mut self,
        lengths: &[(SequenceKey, usize)],
        scratch: &mut Scratch,
        around: &Surroundings<'_>,
    ) -> Result<()> {
        let mut turns = self.catch_up(lengths, around);
        while !turns.is_empty() {
            self.plan.clear();
            for Turn { key, rows, is_sampled, .. } in &turns {
                let Some(drafting) = self.sequences.get(key) else { continue };
                let rows = drafting.computed..drafting.computed + rows;
                let blocks = &drafting.table.blocks()[..self.kv.blocks_for(rows.end)];
                self.plan.push_sequence(&drafting.tokens[rows.clone()], rows.start as u32, blocks, *is_sampled);
            }
            self.model.forward(&self.plan)?;
            let mut row = 0;
            let mut further = Vec::with_capacity(turns.len());
            for turn in turns {
                if let Some(drafting) = self.sequences.get_mut(&turn.key) {
                    drafting.computed += turn.rows;
                }
                if turn.is_sampled {
                    row += 1;
                    if self.sample(&turn, row - 1, scratch, around)? && self.has_room(turn.key, 1, around.account) {
                        further.push(Turn { rows: 1, ..turn });
                    }
                }
            }
            turns = further;
        }
        Ok(())
    }

    /// Who drafts, or goes on computing what it has not computed yet.
    fn catch_up(&mut self, lengths: &[(SequenceKey, usize)], around: &Surroundings<'_>) -> Vec<Turn> {
        let mut left = around.chunk.max(lengths.len());
        let mut turns = Vec::with_capacity(lengths.len());
        for &(key, length) in lengths {
            let Some((_, sequence)) = around.sequence(key) else { continue };
            if sequence.tokens().len() + length > self.model.context_length() {
                continue;
            }
            let drafting = self.sequences.entry(key).or_insert_with(|| {
                let (table, computed) = self.kv.begin(sequence.tokens());
                Drafting { table, tokens: sequence.tokens().to_vec(), agreed: computed, computed }
            });
            drafting.follow(sequence.tokens(), &mut self.kv);
            let behind = drafting.tokens.len() - drafting.computed;
            let rows = behind.min(left);
            if rows > 0 && self.has_room(key, rows, around.account) {
                left -= rows;
                turns.push(Turn { key, length, rows, is_sampled: rows == behind });
            }
        }
        turns
    }

    /// Gives a sequence blocks for so many more tokens; false where there are none.
    fn has_room(&mut self, key: SequenceKey, rows: usize, account: &Account) -> bool {
        let Some(drafting) = self.sequences.get_mut(&key) else { return false };
        let Drafting { table, computed, .. } = drafting;
        // Without memory it does not draft, and all else goes on.
        matches!(self.kv.grow(table, *computed, *computed + rows, &mut *self.model, account), Ok(true))
    }

    /// Draws the next token of a draft as the sequence itself would from this row: most often it is what that draws from its
    /// own. True where another may follow.
    fn sample(&mut self, turn: &Turn, row: usize, scratch: &mut Scratch, around: &Surroundings<'_>) -> Result<bool> {
        let Some((request, sequence)) = around.sequence(turn.key) else { return Ok(false) };
        let Some(drafting) = self.sequences.get_mut(&turn.key) else { return Ok(false) };
        let stride = self.model.vocabulary_size();
        let width = stride.min(around.vocabulary);
        let logits = self.model.logits().get_mut(row * stride..row * stride + width).ok_or_else(no_row)?;
        let ends = request.job.ends(around.end_tokens);
        let sampled = drafting.tokens.len() - sequence.prompt_length();
        let history = History {
            tokens: &drafting.tokens,
            prompt_length: sequence.prompt_length(),
            mask: None,
            banned: request.job.banned(ends, sampled as u64),
        };
        let token = sequence.sampler.sample(scratch, logits, &history)?.token;
        drafting.tokens.push(token);
        Ok(drafting.tokens.len() - drafting.agreed < turn.length && !ends.contains(&token))
    }
}

impl Drafting {
    /// Goes on from what the sequence said in place of what was drafted.
    fn follow(&mut self, said: &[u32], kv: &mut KvCache) {
        let drafted = self.tokens[self.agreed..].iter();
        let common = self.agreed + drafted.zip(&said[self.agreed..]).take_while(|(draft, said)| draft == said).count();
        self.tokens.truncate(common);
        self.tokens.extend_from_slice(&said[common..]);
        self.agreed = said.len();
        // The last token is always computed: its row is what the draft begins with.
        self.computed = self.computed.min(common).min(said.len() - 1);
        kv.trim(&mut self.table, self.computed);
        kv.record(&mut self.table, &self.tokens, self.computed);
    }
}

fn no_row() -> Error {
    Error::new(ErrorCode::Internal, "A draft left fewer logits than rows; please report this.")
}
