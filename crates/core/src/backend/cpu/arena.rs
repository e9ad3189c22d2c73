//! All memory of a step.

use wick_kernels::{Aligned, QuantizedRows};

use super::kernel_error;
use crate::backend::ModelShape;
use crate::error::{Error, ErrorCode, Result};

/// Buffers for `max_rows` rows, taken once; a step only writes into them.
pub(super) struct Arena {
    /// `(rows, hidden)`.
    pub(super) hidden: Aligned<f32>,
    /// `(rows, hidden)`.
    pub(super) normed: Aligned<f32>,
    /// `(rows, heads * head_dim)`.
    pub(super) queries: Aligned<f32>,
    /// `(rows, kv_heads * head_dim)`.
    pub(super) keys: Aligned<f32>,
    /// `(rows, kv_heads * head_dim)`.
    pub(super) values: Aligned<f32>,
    /// `(rows, heads * head_dim)`.
    pub(super) heads: Aligned<f32>,
    /// `(rows, intermediate)`.
    pub(super) gate: Aligned<f32>,
    /// `(rows, intermediate)`.
    pub(super) up: Aligned<f32>,
    /// The input of the product under way.
    pub(super) quantized: QuantizedRows,
    /// `(sampled_rows, vocabulary)`.
    pub(super) logits: Aligned<f32>,
    /// Angles of each rotary.
    pub(super) angles: Vec<StepAngles>,
    /// Rows sampled in the last step.
    pub(super) sampled_rows: usize,
    /// Rows whose states the last step left in `normed`.
    pub(super) hidden_rows: usize,
    /// Counts steps, so that nothing of one is taken for another's.
    pub(super) step: u64,
}

/// Cosines and sines of a step's positions, computed by the first layer that rotates.
pub(super) struct StepAngles {
    /// `(rows, dim / 2)`.
    pub(super) cosines: Aligned<f32>,
    /// `(rows, dim / 2)`.
    pub(super) sines: Aligned<f32>,
    /// The step they belong to.
    pub(super) step: u64,
}

impl Arena {
    pub(super) fn new(shape: &ModelShape, rotary_widths: &[usize]) -> Result<Self> {
        let attention = product(shape.heads, shape.head_dim)?;
        let widest = shape.hidden.max(attention).max(shape.intermediate);
        let rows = |width: usize| Aligned::zeroed(product(shape.max_rows, width)?).map_err(kernel_error);
        let mut angles = Vec::with_capacity(rotary_widths.len());
        for &width in rotary_widths {
            angles.push(StepAngles { cosines: rows(width)?, sines: rows(width)?, step: 0 });
        }
        let kv_width = product(shape.kv_heads, shape.head_dim)?;
        let logits = product(shape.max_sampled_rows, shape.vocabulary)?;
        Ok(Self {
            hidden: rows(shape.hidden)?,
            normed: rows(shape.hidden)?,
            queries: rows(attention)?,
            keys: rows(kv_width)?,
            values: rows(kv_width)?,
            heads: rows(attention)?,
            gate: rows(shape.intermediate)?,
            up: rows(shape.intermediate)?,
            quantized: QuantizedRows::with_capacity(product(shape.max_rows, widest)?).map_err(kernel_error)?,
            logits: Aligned::zeroed(logits).map_err(kernel_error)?,
            angles,
            sampled_rows: 0,
            hidden_rows: 0,
            step: 0,
        })
    }

    pub(super) fn logits_of_step(&mut self, vocabulary: usize) -> &mut [f32] {
        let len = self.sampled_rows * vocabulary;
        &mut self.logits[..len]
    }

    /// Bytes held. Pages that no step wrote yet are not resident.
    pub(super) fn size(&self) -> usize {
        let floats = [
            &self.hidden,
            &self.normed,
            &self.queries,
            &self.keys,
            &self.values,
            &self.heads,
            &self.gate,
            &self.up,
            &self.logits,
        ];
        let angles: usize = self.angles.iter().map(|angles| 2 * size_of_val(&*angles.cosines)).sum();
        floats.iter().map(|buffer| size_of_val(&***buffer)).sum::<usize>() + angles + self.quantized.size()
    }
}

fn product(a: usize, b: usize) -> Result<usize> {
    a.checked_mul(b).ok_or_else(|| Error::new(ErrorCode::ModelInvalid, "the model's sizes overflow"))
}
