//! Raw logits of given tokens, for programs that sample themselves.

use super::kv_cache::{BlockTable, KvCache};
use super::memory::Account;
use crate::backend::StepPlan;
use crate::error::{Error, ErrorCode, Result};
use crate::language_model::LanguageModel;

/// Rows of logits a step may leave: the model's buffer has no more.
const ROWS_PER_STEP: usize = 16;

/// A call for raw logits.
pub struct LogitsJob {
    /// Ids to feed; at least one.
    pub tokens: Vec<u32>,
    /// Rows wanted, counted from the end; at least 1.
    pub last: usize,
    /// Gets `(last, vocabulary)`, row-major.
    pub done: Box<dyn FnOnce(Result<Vec<f32>>) + Send>,
    /// Whether nobody waits any more.
    pub cancelled: Box<dyn Fn() -> bool + Send>,
}

pub(super) struct LogitsRun {
    job: LogitsJob,
    first_row: usize,
    computed: usize,
    table: Option<BlockTable>,
    logits: Vec<f32>,
}

impl LogitsRun {
    pub(super) fn new(job: LogitsJob) -> Self {
        let first_row = job.tokens.len() - job.last.clamp(1, job.tokens.len());
        Self { job, first_row, computed: 0, table: None, logits: Vec::new() }
    }

    /// True when all rows are there.
    pub(super) fn step(
        &mut self,
        chunk: usize,
        model: &mut dyn LanguageModel,
        kv: &mut KvCache,
        account: &Account,
        plan: &mut StepPlan,
    ) -> Result<bool> {
        if (self.job.cancelled)() {
            return Err(Error::new(ErrorCode::Cancelled, "The call was cancelled."));
        }
        let tokens = &self.job.tokens;
        let blocks = kv.blocks_for(tokens.len());
        if self.table.is_none() && !kv.can_promise(blocks) {
            return Ok(false); // sequences that run come to their ends first
        }
        let table = self.table.get_or_insert_with(|| kv.promise(blocks));
        let wanted = self.computed >= self.first_row;
        let end = if wanted {
            tokens.len().min(self.computed + ROWS_PER_STEP)
        } else {
            self.first_row.min(self.computed + chunk)
        };
        kv.grow(table, end, model, account)?;
        plan.clear();
        let blocks = &table.blocks()[..kv.blocks_for(end)];
        plan.push_sequence(&tokens[self.computed..end], self.computed as u32, blocks, false);
        if wanted {
            plan.sampled_rows.extend(0..(end - self.computed) as u32);
        }
        model.forward(plan)?;
        if wanted {
            self.logits.extend_from_slice(model.logits());
        }
        self.computed = end;
        Ok(end == tokens.len())
    }

    pub(super) fn finish(mut self, kv: &mut KvCache) {
        self.release(kv);
        (self.job.done)(Ok(self.logits));
    }

    pub(super) fn fail(mut self, error: Error, kv: &mut KvCache) {
        self.release(kv);
        (self.job.done)(Err(error));
    }

    fn release(&mut self, kv: &mut KvCache) {
        if let Some(mut table) = self.table.take() {
            kv.release(&mut table);
        }
    }
}
