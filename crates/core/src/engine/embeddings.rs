//! Vectors of texts: the states after the final norm, pooled.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use super::kv_cache::{BlockTable, KvCache};
use super::logits::Turn;
use super::{Engine, caught, is_fatal};
use crate::allocation::try_with_capacity;
use crate::backend::Wanted;
use crate::error::{Error, ErrorCode, Result};
use crate::pooling::Pooling;

/// A text to embed.
pub struct EmbeddingInput {
    /// Names it in errors: `inputs[3]`.
    pub path: String,
    /// Ids to feed; at least one.
    pub tokens: Vec<u32>,
}

/// A call for embeddings.
pub struct EmbeddingsJob {
    /// In the order of the vectors.
    pub inputs: Vec<EmbeddingInput>,
    /// Which states make a vector.
    pub pooling: Pooling,
    /// Whether vectors get length 1.
    pub normalize: bool,
    /// Gets `(inputs, hidden)`, row-major.
    pub done: Box<dyn FnOnce(Result<Vec<f32>>) + Send>,
    /// Whether nobody waits any more.
    pub cancelled: Box<dyn Fn() -> bool + Send>,
}

/// A job under way. An input has all its blocks from its beginning, so that it never has to make room.
pub(super) struct EmbeddingsRun {
    job: EmbeddingsJob,
    /// Inputs whose vectors are there.
    through: usize,
    /// The inputs after them that have begun; between steps at most one.
    begun: VecDeque<Begun>,
    /// Sum of the states of the input under way. In f64 and in the order of tokens: no chunking changes it.
    sum: Vec<f64>,
    vectors: Vec<f32>,
    /// Whether it has to wait for blocks.
    waits: bool,
    /// Generation of the KV cache that had no blocks for the next input.
    refused: Option<u64>,
}

struct Begun {
    table: BlockTable,
    computed: usize,
}

impl EmbeddingsRun {
    pub(super) fn new(job: EmbeddingsJob) -> Self {
        Self {
            job,
            through: 0,
            begun: VecDeque::new(),
            sum: Vec::new(),
            vectors: Vec::new(),
            waits: false,
            refused: None,
        }
    }

    /// Whether nobody waits any more.
    pub(super) fn is_cancelled(&self) -> bool {
        (self.job.cancelled)()
    }

    /// Whether it waits for blocks that others would take.
    pub(super) fn waits(&self) -> bool {
        self.waits
    }

    pub(super) fn fail(mut self, error: Error, kv: &mut KvCache) {
        for mut begun in self.begun.drain(..) {
            kv.release(&mut begun.table);
        }
        (self.job.done)(Err(error));
    }

    /// Tokens of an input that are computed. The first of a causal model has seen nothing of the others.
    fn tokens(&self, index: usize) -> &[u32] {
        let tokens = &self.job.inputs[index].tokens;
        match self.job.pooling {
            Pooling::Last | Pooling::Mean => tokens,
            Pooling::First => &tokens[..1],
        }
    }

    /// The first token of an input whose state is wanted.
    fn first_wanted(&self, index: usize) -> usize {
        match self.job.pooling {
            Pooling::Mean => 0,
            Pooling::Last | Pooling::First => self.tokens(index).len() - 1,
        }
    }

    fn add(&mut self, state: &[f32]) {
        self.sum.resize(state.len(), 0.0);
        for (sum, value) in self.sum.iter_mut().zip(state) {
            *sum += f64::from(*value);
        }
    }

    /// The vector of the input under way, which had `states`.
    fn finish_vector(&mut self, states: usize) {
        let mean = |sum: &f64| sum / states as f64;
        let length = libm::sqrt(self.sum.iter().map(mean).map(|value| value * value).sum());
        let length = if self.job.normalize && length > 0.0 { length } else { 1.0 };
        self.vectors.extend(self.sum.iter().map(|sum| (mean(sum) / length) as f32));
        self.sum.clear();
    }
}

impl Engine {
    /// One step for embeddings; false where none wait or the first has to wait for blocks. An error is the engine's own
    /// end.
    pub(super) fn serve_embeddings(&mut self, clock: &dyn Fn() -> Duration) -> Result<bool> {
        let Some(mut run) = self.embeddings.pop_front() else { return Ok(false) };
        // The run is in no list while it steps, and its caller waits for an answer.
        match caught(|| self.step_embeddings(&mut run, clock)) {
            Ok(Turn::Waits) => {
                run.waits = true;
                self.embeddings.push_front(run);
                return Ok(false);
            }
            Ok(Turn::GoesOn) => {
                run.waits = false;
                self.embeddings.push_back(run);
            }
            Ok(Turn::Through) => (run.job.done)(Ok(run.vectors)),
            Err(error) if is_fatal(&error) => {
                run.fail(error.clone(), &mut self.kv);
                return Err(error);
            }
            Err(error) => run.fail(error, &mut self.kv),
        }
        Ok(true)
    }

    /// One chunk of tokens: the rest of the input under way, then the inputs after it.
    fn step_embeddings(&mut self, run: &mut EmbeddingsRun, clock: &dyn Fn() -> Duration) -> Result<Turn> {
        let others = self.wanted_slots() > 0;
        let rows = self.scheduler.chunk(others);
        self.plan.clear();
        self.plan.wanted = Wanted::Hidden;
        let mut chunks: Vec<Range<usize>> = Vec::new();
        while self.plan.rows() < rows && run.through + chunks.len() < run.job.inputs.len() {
            let index = run.through + chunks.len();
            if run.begun.len() == chunks.len() && !self.begin_embedding(run, index)? {
                break;
            }
            let (tokens, Begun { table, computed }) = (run.tokens(index), &run.begun[chunks.len()]);
            let end = tokens.len().min(computed + rows - self.plan.rows());
            let wanted = run.first_wanted(index).max(*computed)..end;
            let first_row = self.plan.rows();
            let blocks = &table.blocks()[..self.kv.blocks_for(end)];
            self.plan.push_sequence(&tokens[*computed..end], *computed as u32, blocks, false);
            self.plan.sampled_rows.extend(wanted.map(|token| (first_row + token - computed) as u32));
            chunks.push(*computed..end);
        }
        if chunks.is_empty() {
            return Ok(Turn::Waits);
        }
        self.run_model(chunks.len(), others, self.plan.rows(), clock)?;
        self.take_states(run, &chunks)?;
        Ok(if run.through == run.job.inputs.len() { Turn::Through } else { Turn::GoesOn })
    }

    /// Gives an input all its blocks; false where there are none.
    fn begin_embedding(&mut self, run: &mut EmbeddingsRun, index: usize) -> Result<bool> {
        if run.vectors.capacity() == 0 {
            let elements = run.job.inputs.len().saturating_mul(self.model.hidden_size());
            self.account.require(elements.saturating_mul(size_of::<f32>()) as u64)?;
            run.vectors = try_with_capacity(elements)?;
        }
        let mut refused = run.refused.take();
        let tokens = run.tokens(index);
        let known = &tokens[..=run.first_wanted(index)];
        if !self.make_room_for(known, tokens.len(), &mut refused) {
            run.refused = refused;
            return Ok(false);
        }
        let (mut table, computed) = self.kv.begin(known);
        let grown = self.kv.grow(&mut table, computed, tokens.len(), &mut *self.model, &self.account);
        if !matches!(grown, Ok(true)) {
            self.kv.release(&mut table);
            return grown;
        }
        run.begun.push_back(Begun { table, computed });
        Ok(true)
    }

    /// Pools the states that a step left, and frees the inputs that are through.
    fn take_states(&mut self, run: &mut EmbeddingsRun, chunks: &[Range<usize>]) -> Result<()> {
        let width = self.model.hidden_size();
        let states = self.model.hidden();
        refuse_not_finite(states)?;
        let mut states = states.chunks_exact(width.max(1));
        for chunk in chunks {
            let index = run.through;
            let (first_wanted, len) = (run.first_wanted(index), run.tokens(index).len());
            for state in states.by_ref().take(chunk.end.saturating_sub(chunk.start.max(first_wanted))) {
                run.add(state);
            }
            let Some(mut begun) = run.begun.pop_front() else { break };
            self.kv.record(&mut begun.table, run.tokens(index), chunk.end);
            if chunk.end < len {
                begun.computed = chunk.end;
                run.begun.push_front(begun);
                break;
            }
            self.kv.release(&mut begun.table);
            run.finish_vector(len - first_wanted);
            run.through += 1;
        }
        Ok(())
    }
}

/// # Errors
/// `numeric_error` where a state is no finite number.
fn refuse_not_finite(states: &[f32]) -> Result<()> {
    if states.iter().all(|value| value.is_finite()) {
        return Ok(());
    }
    let message = "the model computed a state that is not a number: its weights are damaged or overflow in this type";
    Err(Error::new(ErrorCode::NumericError, message).detail("reason", "nan"))
}
