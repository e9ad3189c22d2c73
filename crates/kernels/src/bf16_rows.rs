//! Activations rounded to bfloat16 for products with weights of that type.

use crate::activations::Activations;
use crate::aligned::Aligned;
use crate::disjoint::Disjoint;
use crate::error::{Result, check};
use crate::half_float::f32_to_bf16;
use crate::pool::ThreadPool;
use crate::simd::{Kernel, Simd};

/// Rows a task rounds.
const ROWS_PER_TASK: usize = 8;
/// Elements computed at a time.
const TOGETHER: usize = 32;

/// Rows of bfloat16, each the nearest, ties to even.
#[derive(Debug)]
pub struct Bf16Rows {
    values: Aligned<u16>,
    rows: usize,
    width: usize,
}

impl Bf16Rows {
    /// Room for `elements` values.
    ///
    /// # Errors
    /// `Allocation`.
    pub fn with_capacity(elements: usize) -> Result<Self> {
        Ok(Self { values: Aligned::zeroed(elements)?, rows: 0, width: 0 })
    }

    /// Bytes that [`Self::with_capacity`] takes.
    pub fn bytes_for(elements: usize) -> usize {
        elements.saturating_mul(size_of::<u16>())
    }

    /// Rows of the last [`Self::round`].
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Elements of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Bytes held.
    pub fn size(&self) -> usize {
        size_of_val(&*self.values)
    }

    /// `(rows, width)`.
    pub(crate) fn values(&self) -> &[u16] {
        &self.values[..self.rows * self.width]
    }

    /// Replaces the contents by `input`.
    ///
    /// # Errors
    /// As [`Activations::rows`]; `Shape` when the capacity is exceeded; `TaskPanicked`.
    pub fn round(&mut self, pool: &ThreadPool, input: &Activations<'_>) -> Result<()> {
        let (rows, width) = (input.rows()?, input.width());
        check(rows * width <= self.values.len(), "more activations than the arena holds")?;
        (self.rows, self.width) = (rows, width);
        let values = Disjoint::new(&mut self.values);
        pool.run(rows.div_ceil(ROWS_PER_TASK), &|task| {
            let first = task * ROWS_PER_TASK;
            // SAFETY: tasks own different rows.
            let output = unsafe { values.slice(first * width..rows.min(first + ROWS_PER_TASK) * width) };
            pool.tier().run(Round { input, first, output });
        })
    }
}

/// Some rows.
struct Round<'a> {
    input: &'a Activations<'a>,
    first: usize,
    output: &'a mut [u16],
}

impl Kernel for Round<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Self { input, first, output } = self;
        let mut computed = [0.0; TOGETHER];
        for (row, output) in output.chunks_exact_mut(input.width()).enumerate() {
            let row = first + row;
            let factor = input.factor(row);
            let (groups, rest) = output.as_chunks_mut::<TOGETHER>();
            for (index, group) in groups.iter_mut().enumerate() {
                input.read(row, factor, index * TOGETHER, &mut computed);
                for (rounded, value) in group.iter_mut().zip(&computed) {
                    *rounded = f32_to_bf16(*value);
                }
            }
            let computed = &mut computed[..rest.len()];
            input.read(row, factor, groups.len() * TOGETHER, computed);
            for (rounded, value) in rest.iter_mut().zip(computed) {
                *rounded = f32_to_bf16(*value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::values;
    use crate::tier::Tier;

    #[test]
    fn are_the_nearest_of_every_value() {
        let input = [values(2 * 45, 1, 3.0), vec![f32::NAN, f32::INFINITY, -0.0, 1e-45, f32::MAX]].concat();
        let expected: Vec<u16> = input.iter().map(|value| half::bf16::from_f32(*value).to_bits()).collect();
        for (tier, width) in Tier::available().flat_map(|tier| [5, 19, 95].map(|width| (tier, width))) {
            let pool = ThreadPool::for_tier(2, tier).unwrap();
            let mut rows = Bf16Rows::with_capacity(input.len()).unwrap();
            rows.round(&pool, &Activations::Plain { values: &input, width }).unwrap();
            assert_eq!((rows.rows(), rows.width(), rows.values()), (95 / width, width, &*expected), "{tier:?}");
        }
    }

    #[test]
    fn refuses_what_does_not_fit() {
        let pool = ThreadPool::new(1).unwrap();
        let mut rows = Bf16Rows::with_capacity(64).unwrap();
        let mut fits = |values: &[f32], width| rows.round(&pool, &Activations::Plain { values, width }).is_ok();
        assert!(fits(&[0.0; 64], 8));
        assert!(!fits(&[0.0; 65], 5));
        assert!(!fits(&[0.0; 63], 8));
        assert!(!fits(&[], 0));
    }
}
