//! What the engine needs of a loaded model, whichever backend and architecture are inside.

use crate::backend::StepPlan;
use crate::error::Result;

/// A loaded model: weights, KV storage and the forward pass.
///
/// The engine owns policy (which rows, which blocks); the model owns the maths and the storage.
pub trait LanguageModel: Send {
    /// Runs one step over `plan`'s rows and leaves what `plan.wanted` of `plan.sampled_rows` in [`Self::logits`] or
    /// [`Self::hidden`].
    ///
    /// # Errors
    /// `out_of_memory`; `device_lost`; `engine_failed`. What the rows come to is for who reads them.
    fn forward(&mut self, plan: &StepPlan) -> Result<()>;

    /// Logits of the last step, `(sampled_rows, vocabulary)`, row-major.
    fn logits(&mut self) -> &mut [f32];

    /// States of the last step's sampled rows after the final norm, `(sampled_rows, hidden_size)`, row-major.
    fn hidden(&mut self) -> &[f32];

    /// Width of a row of states.
    fn hidden_size(&self) -> usize;

    /// Width of a row of logits. Can exceed the tokenizer's vocabulary: rows beyond it are padding and are never sampled.
    fn vocabulary_size(&self) -> usize;

    /// Positions a sequence can have, prompt and answer together.
    fn context_length(&self) -> usize;

    /// How KV is stored.
    fn kv_layout(&self) -> KvLayout;

    /// Makes room for `blocks` KV blocks in all (never fewer than before); block ids are `0..blocks`.
    ///
    /// # Errors
    /// `out_of_memory{needed, limit}` before anything is allocated.
    fn reserve_kv_blocks(&mut self, blocks: usize) -> Result<()>;

    /// Copies all keys and values of block `from` to block `to`.
    fn copy_kv_block(&mut self, from: u32, to: u32) -> Result<()>;
}

/// Shape of the block KV cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KvLayout {
    /// Positions in a block.
    pub block_size: usize,
    /// Bytes of one block over all layers, keys and values.
    pub block_bytes: usize,
}
