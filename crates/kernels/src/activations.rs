//! What goes into a product.

use crate::error::{Result, check};
use crate::pool::ThreadPool;
use crate::rms_norm::{inverse_rms, normalise, rms_norm};
use crate::silu_mul::{gated, silu_mul};

/// Rows `(rows, width)` that are computed when they are needed: those that are quantised are nowhere else.
#[derive(Debug)]
pub enum Activations<'a> {
    /// As they are.
    Plain {
        /// `(rows, width)`.
        values: &'a [f32],
        /// Elements of a row.
        width: usize,
    },
    /// The root-mean-square norms of rows, see [`rms_norm`].
    Normed {
        /// `(rows, width)`.
        values: &'a [f32],
        /// `(width,)`.
        weight: &'a [f32],
        /// Keeps the norm of zeros finite.
        epsilon: f32,
        /// `(rows, width)`, for weights that take no integers.
        output: &'a mut [f32],
    },
    /// `silu(gate) * up`, see [`silu_mul`].
    Gated {
        /// `(rows, width)`; written for weights that take no integers.
        gate: &'a mut [f32],
        /// `(rows, width)`.
        up: &'a [f32],
        /// Elements of a row.
        width: usize,
    },
}

impl<'a> Activations<'a> {
    /// Elements of a row.
    pub fn width(&self) -> usize {
        match self {
            Self::Plain { width, .. } | Self::Gated { width, .. } => *width,
            Self::Normed { weight, .. } => weight.len(),
        }
    }

    /// How many rows.
    ///
    /// # Errors
    /// `Shape` when they are not whole, or the slices do not fit each other.
    pub fn rows(&self) -> Result<usize> {
        let len = match self {
            Self::Plain { values, .. } => values.len(),
            Self::Normed { values, output, .. } => {
                check(values.len() == output.len(), "output of a norm differs from its input")?;
                values.len()
            }
            Self::Gated { gate, up, .. } => {
                check(gate.len() == up.len(), "gate and up differ")?;
                gate.len()
            }
        };
        let width = self.width();
        check(width > 0 && len.is_multiple_of(width), "activations are not whole rows")?;
        Ok(len / width)
    }

    /// What a row is computed with: for [`Self::read`].
    #[inline(always)]
    pub(crate) fn factor(&self, row: usize) -> f32 {
        match self {
            Self::Normed { values, weight, epsilon, .. } => {
                inverse_rms(&values[row * weight.len()..(row + 1) * weight.len()], *epsilon)
            }
            Self::Plain { .. } | Self::Gated { .. } => 1.0,
        }
    }

    /// Computes as many elements of a row as `output` has, from `column`.
    #[inline(always)]
    pub(crate) fn read(&self, row: usize, factor: f32, column: usize, output: &mut [f32]) {
        let (start, len) = (row * self.width() + column, output.len());
        match self {
            Self::Plain { values, .. } => output.copy_from_slice(&values[start..start + len]),
            Self::Normed { values, weight, .. } => {
                normalise(&values[start..start + len], factor, &weight[column..column + len], output);
            }
            Self::Gated { gate, up, .. } => {
                let inputs = gate[start..start + len].iter().zip(&up[start..start + len]);
                for (output, (gate, up)) in output.iter_mut().zip(inputs) {
                    *output = gated(*gate, *up);
                }
            }
        }
    }

    /// The rows as floats, computed here.
    ///
    /// # Errors
    /// As [`Self::rows`]; `TaskPanicked`.
    pub fn into_values(self, pool: &ThreadPool) -> Result<&'a [f32]> {
        self.rows()?;
        match self {
            Self::Plain { values, .. } => Ok(values),
            Self::Normed { values, weight, epsilon, output } => {
                rms_norm(pool, values, weight, epsilon, output)?;
                Ok(output)
            }
            Self::Gated { gate, up, .. } => {
                silu_mul(pool, gate, up)?;
                Ok(gate)
            }
        }
    }
}
