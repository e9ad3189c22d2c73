//! Causal attention of one sequence, written as the definition.

use candle_core::{Device, Tensor};
use candle_nn::ops::softmax_last_dim;

use super::kv_storage::KvStorage;
use crate::error::Result;

/// Rows attended at once: bounds the scores to `heads * 128 * positions`.
const ROWS: usize = 128;

/// One sequence's part of a step.
pub(super) struct SequenceRows<'a> {
    /// `(rows, heads * head_dim)`, f32.
    pub(super) queries: Tensor,
    /// Position of the first row; the others follow.
    pub(super) position: usize,
    /// The sequence's block table.
    pub(super) blocks: &'a [u32],
}

/// Sizes and rules of a layer's attention.
pub(super) struct AttentionShape {
    pub(super) heads: usize,
    pub(super) kv_heads: usize,
    pub(super) head_dim: usize,
    pub(super) block_size: usize,
    pub(super) scale: f32,
    pub(super) window: Option<u32>,
}

impl AttentionShape {
    /// `(rows, heads * head_dim)`.
    pub(super) fn attend(&self, sequence: &SequenceRows<'_>, kv: &KvStorage, layer: usize) -> Result<Tensor> {
        let rows = sequence.queries.dim(0)?;
        let parts = (0..rows)
            .step_by(ROWS)
            .map(|start| self.attend_rows(sequence, start, ROWS.min(rows - start), kv, layer))
            .collect::<Result<Vec<_>>>()?;
        Ok(Tensor::cat(&parts, 0)?)
    }

    fn attend_rows(
        &self,
        sequence: &SequenceRows<'_>,
        start: usize,
        rows: usize,
        kv: &KvStorage,
        layer: usize,
    ) -> Result<Tensor> {
        let Self { heads, kv_heads, head_dim, block_size, scale, window: _ } = *self;
        let group = heads / kv_heads;
        let first = sequence.position + start;
        let end = first + rows; // positions seen by the last row
        let first_block = self.first_visible(first) / block_size;
        let seen_from = first_block * block_size;
        let seen = end - seen_from;

        let (keys, values) = kv.gather(layer, &sequence.blocks[first_block..end.div_ceil(block_size)])?;
        let by_head = |stored: Tensor| -> Result<Tensor> {
            Ok(stored.narrow(0, 0, seen)?.reshape((seen, kv_heads, head_dim))?.transpose(0, 1)?.contiguous()?)
        };
        let (keys, values) = (by_head(keys)?, by_head(values)?);
        let queries = sequence
            .queries
            .narrow(0, start, rows)?
            .reshape((rows, heads, head_dim))?
            .transpose(0, 1)?
            .contiguous()?
            .reshape((kv_heads, group * rows, head_dim))?;

        let scores = (queries.matmul(&keys.t()?)? * f64::from(scale))?;
        let scores = scores.reshape((kv_heads, group, rows, seen))?;
        let scores = scores.broadcast_add(&self.mask(first, rows, seen_from, seen, scores.device())?)?;
        let weights = softmax_last_dim(&scores)?.reshape((kv_heads, group * rows, seen))?;
        let mixed = weights.matmul(&values)?.reshape((heads, rows, head_dim))?;
        Ok(mixed.transpose(0, 1)?.reshape((rows, heads * head_dim))?)
    }

    /// The first position that the row at `position` sees.
    fn first_visible(&self, position: usize) -> usize {
        self.window.map_or(0, |window| (position + 1).saturating_sub(window as usize))
    }

    /// `(rows, seen)`: 0 where row `first + i` sees position `seen_from + j`, otherwise minus infinity.
    fn mask(&self, first: usize, rows: usize, seen_from: usize, seen: usize, device: &Device) -> Result<Tensor> {
        let mask: Vec<f32> = (first..first + rows)
            .flat_map(|row| {
                let visible = self.first_visible(row)..=row;
                (seen_from..seen_from + seen)
                    .map(move |position| if visible.contains(&position) { 0.0 } else { f32::NEG_INFINITY })
            })
            .collect();
        Ok(Tensor::from_vec(mask, (rows, seen), device)?)
    }
}
