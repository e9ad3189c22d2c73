//! Raw logits of given tokens, for programs that sample themselves.

use std::time::Duration;

use super::kv_cache::{BlockTable, KvCache};
use super::{Engine, caught, is_fatal};
use crate::allocation::try_with_capacity;
use crate::error::{Error, ErrorCode, Result};

/// Rows that a step for raw logits leaves, for which the model needs room.
pub const LOGITS_ROWS_PER_STEP: usize = 16;

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

/// A job under way. It has all its blocks from the beginning, so that it never has to make room.
pub(super) struct LogitsRun {
    job: LogitsJob,
    first_row: usize,
    computed: usize,
    table: Option<BlockTable>,
    /// Generation of the KV cache that had no blocks for it.
    refused: Option<u64>,
    logits: Vec<f32>,
}

/// What a call comes to in a step.
pub(super) enum Turn {
    /// It has no blocks yet.
    Waits,
    GoesOn,
    Through,
}

impl LogitsRun {
    pub(super) fn new(job: LogitsJob) -> Self {
        let first_row = job.tokens.len() - job.last.clamp(1, job.tokens.len());
        Self { job, first_row, computed: 0, table: None, refused: None, logits: Vec::new() }
    }

    pub(super) fn has_begun(&self) -> bool {
        self.table.is_some()
    }

    /// Whether nobody waits any more.
    pub(super) fn is_cancelled(&self) -> bool {
        (self.job.cancelled)()
    }

    fn finish(mut self, kv: &mut KvCache) {
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

impl Engine {
    /// One step for raw logits; false where none wait or the first has to wait for blocks. An error is the engine's own
    /// end.
    pub(super) fn serve_logits(&mut self, clock: &dyn Fn() -> Duration) -> Result<bool> {
        let Some(mut run) = self.logits.pop_front() else { return Ok(false) };
        // The run is in no list while it steps, and its caller waits for an answer.
        match caught(|| self.begin_or_step_logits(&mut run, clock)) {
            Ok(Turn::Waits) => {
                self.logits.push_front(run);
                return Ok(false);
            }
            Ok(Turn::GoesOn) => self.logits.push_back(run),
            Ok(Turn::Through) => run.finish(&mut self.kv),
            Err(error) if is_fatal(&error) => {
                run.fail(error.clone(), &mut self.kv);
                return Err(error);
            }
            Err(error) => run.fail(error, &mut self.kv),
        }
        Ok(true)
    }

    fn begin_or_step_logits(&mut self, run: &mut LogitsRun, clock: &dyn Fn() -> Duration) -> Result<Turn> {
        if !run.has_begun() && !self.begin_logits(run)? {
            return Ok(Turn::Waits);
        }
        Ok(if self.step_logits(run, clock)? { Turn::Through } else { Turn::GoesOn })
    }

    fn begin_logits(&mut self, run: &mut LogitsRun) -> Result<bool> {
        let tokens = &run.job.tokens;
        if !self.make_room_for(&tokens[..=run.first_row], tokens.len(), &mut run.refused) {
            return Ok(false);
        }
        // A long prompt of a large vocabulary has gigabytes of them.
        let logits = (tokens.len() - run.first_row).saturating_mul(self.model.vocabulary_size());
        self.account.require(logits.saturating_mul(size_of::<f32>()) as u64)?;
        run.logits = try_with_capacity(logits)?;
        let (mut table, computed) = self.kv.begin(&tokens[..=run.first_row]);
        let grown = self.kv.grow(&mut table, computed, tokens.len(), &mut *self.model, &self.account);
        if !matches!(grown, Ok(true)) {
            self.kv.release(&mut table);
            return grown;
        }
        run.computed = computed;
        run.table = Some(table);
        Ok(true)
    }

    /// True when all rows are there.
    fn step_logits(&mut self, run: &mut LogitsRun, clock: &dyn Fn() -> Duration) -> Result<bool> {
        let others = self.wanted_slots() > 0;
        let tokens = &run.job.tokens;
        let wanted = run.computed >= run.first_row;
        let end = if wanted {
            tokens.len().min(run.computed + LOGITS_ROWS_PER_STEP)
        } else {
            run.first_row.min(run.computed + self.scheduler.chunk(others))
        };
        let Some(table) = &mut run.table else { return Ok(false) };
        self.plan.clear();
        let blocks = &table.blocks()[..self.kv.blocks_for(end)];
        self.plan.push_sequence(&tokens[run.computed..end], run.computed as u32, blocks, false);
        if wanted {
            self.plan.sampled_rows.extend(0..(end - run.computed) as u32);
        }
        self.run_model(1, others, end - run.computed, clock)?;
        if wanted {
            let logits = self.model.logits();
            refuse_not_numbers(logits)?;
            run.logits.extend_from_slice(logits);
        }
        run.computed = end;
        self.kv.record(table, tokens, end);
        Ok(end == tokens.len())
    }
}

/// # Errors
/// `numeric_error` where a logit is NaN.
fn refuse_not_numbers(logits: &[f32]) -> Result<()> {
    if logits.iter().any(|logit| logit.is_nan()) {
        let message =
            "the model computed a logit that is not a number: its weights are damaged or overflow in this type";
        return Err(Error::new(ErrorCode::NumericError, message).detail("reason", "nan"));
    }
    Ok(())
}
