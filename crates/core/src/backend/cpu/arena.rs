//! All memory of a step.

use wick_kernels::attention::TileResults;
use wick_kernels::{Aligned, Bf16Rows, QuantizedRows};

use crate::backend::ModelShape;
use crate::error::{Error, ErrorCode, Result};

/// Buffers for `max_rows` rows, taken once; a step only writes into them. Only the logits grow, with the most rows sampled.
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
    /// What tiles of attention give.
    pub(super) tiles: TileResults,
    /// The input of the product under way.
    pub(super) quantized: QuantizedRows,
    /// The same for weights of bfloat16.
    pub(super) rounded: Bf16Rows,
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

/// Elements of each buffer.
struct Lengths {
    hidden: usize,
    attention: usize,
    key_value: usize,
    intermediate: usize,
    /// Width of the widest input of a product.
    input: usize,
    logits: usize,
    /// Of the cosines, and of the sines, of each rotary.
    angles: Vec<usize>,
}

impl Lengths {
    fn new(shape: &ModelShape, rotary_widths: &[usize]) -> Result<Self> {
        let rows = |width: usize| product(shape.max_rows, width);
        let attention = product(shape.heads, shape.head_dim)?;
        Ok(Self {
            hidden: rows(shape.hidden)?,
            attention: rows(attention)?,
            key_value: rows(product(shape.kv_heads, shape.head_dim)?)?,
            intermediate: rows(shape.intermediate)?,
            input: shape.hidden.max(attention).max(shape.intermediate),
            logits: product(shape.max_sampled_rows, shape.vocabulary)?,
            angles: rotary_widths.iter().map(|&width| rows(width)).collect::<Result<_>>()?,
        })
    }
}

/// Bytes of the arena for `shape` when it has grown, of which nothing is allocated; `rotary_widths` are half the rotated width of each rotary.
///
/// # Errors
/// `model_invalid` where they overflow.
pub(crate) fn arena_bytes(shape: &ModelShape, rotary_widths: &[usize]) -> Result<u64> {
    let Lengths { hidden, attention, key_value, intermediate, input, logits, angles } =
        Lengths::new(shape, rotary_widths)?;
    let floats = [hidden, attention, key_value, intermediate].iter().map(|len| 2 * *len as u64).sum::<u64>();
    let angles = angles.iter().map(|len| 2 * *len as u64).sum::<u64>();
    Ok((floats + logits as u64 + angles) * size_of::<f32>() as u64
        + TileResults::bytes_for(shape.heads, shape.head_dim) as u64
        + QuantizedRows::bytes_for(shape.max_rows, input) as u64
        + Bf16Rows::bytes_for(product(shape.max_rows, input)?) as u64)
}

impl Arena {
    pub(super) fn new(shape: &ModelShape, rotary_widths: &[usize]) -> Result<Self> {
        let lengths = Lengths::new(shape, rotary_widths)?;
        let floats = |len: usize| Aligned::zeroed(len).map_err(Error::from);
        let angles = |len: &usize| Ok(StepAngles { cosines: floats(*len)?, sines: floats(*len)?, step: 0 });
        Ok(Self {
            hidden: floats(lengths.hidden)?,
            normed: floats(lengths.hidden)?,
            queries: floats(lengths.attention)?,
            keys: floats(lengths.key_value)?,
            values: floats(lengths.key_value)?,
            heads: floats(lengths.attention)?,
            gate: floats(lengths.intermediate)?,
            up: floats(lengths.intermediate)?,
            tiles: TileResults::new(shape.heads, shape.head_dim)?,
            quantized: QuantizedRows::with_capacity(shape.max_rows, lengths.input)?,
            rounded: Bf16Rows::with_capacity(product(shape.max_rows, lengths.input)?)?,
            logits: floats(0)?,
            angles: lengths.angles.iter().map(angles).collect::<Result<_>>()?,
            sampled_rows: 0,
            hidden_rows: 0,
            step: 0,
        })
    }

    /// Makes room for so many rows of logits.
    pub(super) fn reserve_logits(&mut self, rows: usize, vocabulary: usize) -> Result<()> {
        let len = product(rows, vocabulary)?;
        if self.logits.len() < len {
            self.sampled_rows = 0;
            // Not both at once.
            self.logits = Aligned::zeroed(0)?;
            self.logits = Aligned::zeroed(len)?;
        }
        Ok(())
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
        floats.iter().map(|buffer| size_of_val(&***buffer)).sum::<usize>()
            + angles
            + self.tiles.size()
            + self.quantized.size()
            + self.rounded.size()
    }
}

fn product(a: usize, b: usize) -> Result<usize> {
    a.checked_mul(b).ok_or_else(|| Error::new(ErrorCode::ModelInvalid, "the model's sizes overflow"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::KvDType;

    #[test]
    fn takes_the_bytes_that_are_counted_before() {
        let mut shape = ModelShape {
            hidden: 96,
            intermediate: 160,
            layers: 2,
            heads: 3,
            kv_heads: 1,
            head_dim: 40,
            vocabulary: 1001,
            max_rows: 7,
            max_sampled_rows: 3,
            block_size: 32,
            kv_dtype: KvDType::F16,
            attention_scale: 1.0,
        };
        for rotary_widths in [&[][..], &[20], &[20, 8]] {
            let mut arena = Arena::new(&shape, rotary_widths).unwrap();
            for rows in [1, 3, 2] {
                arena.reserve_logits(rows, shape.vocabulary).unwrap();
            }
            assert_eq!(arena_bytes(&shape, rotary_widths).unwrap(), arena.size() as u64);
        }
        shape.vocabulary = usize::MAX / 2;
        assert_eq!(arena_bytes(&shape, &[]).unwrap_err().code(), ErrorCode::ModelInvalid);
    }
}
