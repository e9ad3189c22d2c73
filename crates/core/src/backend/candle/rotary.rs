//! Rotary tables, grown by position.

use candle_core::{Device, Tensor};
use candle_nn::rotary_emb::{rope, rope_i};

use crate::{
    backend::{RotaryFrequencies, RotaryStyle},
    error::Result,
};

/// Which of the backend's rotary tables a layer uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CandleRotary(pub(super) usize);

/// Cosines and sines of all positions seen so far, computed in f64.
pub(super) struct RotaryTable {
    frequencies: RotaryFrequencies,
    /// `(positions, dim / 2)`.
    cosines: Vec<f32>,
    sines: Vec<f32>,
}

impl RotaryTable {
    pub(super) fn new(frequencies: RotaryFrequencies) -> Self {
        Self { frequencies, cosines: Vec::new(), sines: Vec::new() }
    }

    /// Rotates `(heads, rows, head_dim)`; row `i` is at `positions[i]`.
    pub(super) fn rotate(&mut self, heads: &Tensor, positions: &[u32], device: &Device) -> Result<Tensor> {
        let (cosines, sines) = self.rows(positions, device)?;
        let dim = self.frequencies.dim;
        let head_dim = heads.dim(2)?;
        let rotated = heads.narrow(2, 0, dim)?.contiguous()?.unsqueeze(0)?;
        let rotated = match self.frequencies.style {
            RotaryStyle::Halves => rope(&rotated, &cosines, &sines)?,
            RotaryStyle::Pairs => rope_i(&rotated, &cosines, &sines)?,
        }
        .squeeze(0)?;
        if dim == head_dim {
            return Ok(rotated);
        }
        Ok(Tensor::cat(&[rotated, heads.narrow(2, dim, head_dim - dim)?], 2)?)
    }

    /// `(rows, dim / 2)` cosines and sines.
    fn rows(&mut self, positions: &[u32], device: &Device) -> Result<(Tensor, Tensor)> {
        let half = self.frequencies.inverse_frequencies.len();
        self.grow(positions.iter().max().map_or(0, |&last| last as usize + 1));
        let mut cosines = Vec::with_capacity(positions.len() * half);
        let mut sines = Vec::with_capacity(positions.len() * half);
        for &position in positions {
            let row = position as usize * half..(position as usize + 1) * half;
            cosines.extend_from_slice(&self.cosines[row.clone()]);
            sines.extend_from_slice(&self.sines[row]);
        }
        let shape = (positions.len(), half);
        Ok((Tensor::from_vec(cosines, shape, device)?, Tensor::from_vec(sines, shape, device)?))
    }

    fn grow(&mut self, positions: usize) {
        let RotaryFrequencies { inverse_frequencies, attention_factor, dim: _, style: _ } = &self.frequencies;
        let known = self.cosines.len() / inverse_frequencies.len().max(1);
        for position in known..positions {
            for frequency in inverse_frequencies {
                let (sine, cosine) = libm::sincos(position as f64 * frequency);
                self.cosines.push((cosine * attention_factor) as f32);
                self.sines.push((sine * attention_factor) as f32);
            }
        }
    }
}
