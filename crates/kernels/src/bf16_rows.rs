//! Activations rounded to bfloat16 for products with weights of that type.

use crate::activations::Activations;
use crate::aligned::Aligned;
use crate::disjoint::Disjoint;
use crate::error::{Result, check};
use crate::half_float::{bf16_to_f32, f32_to_bf16};
use crate::pool::ThreadPool;
use crate::simd::{Kernel, Simd};

/// Rows a task rounds.
const ROWS_PER_TASK: usize = 8;
/// Elements computed at a time.
const TOGETHER: usize = 32;

/// Rows of bfloat16, each the nearest, ties to even: two beside each other where an instruction multiplies two, else one as a float.
#[derive(Debug)]
pub struct Bf16Rows {
    units: Aligned<f32>,
    pairs: bool,
    rows: usize,
    width: usize,
}

impl Bf16Rows {
    /// Room for `elements` values.
    ///
    /// # Errors
    /// `Allocation`.
    pub fn with_capacity(elements: usize) -> Result<Self> {
        Ok(Self { units: Aligned::zeroed(elements)?, pairs: false, rows: 0, width: 0 })
    }

    /// Bytes that [`Self::with_capacity`] takes.
    pub fn bytes_for(elements: usize) -> usize {
        elements.saturating_mul(size_of::<f32>())
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
        size_of_val(&*self.units)
    }

    /// Whether there are two in a unit.
    pub(crate) fn are_pairs(&self) -> bool {
        self.pairs
    }

    /// How many a row has.
    pub(crate) fn units_of_row(&self) -> usize {
        self.width.div_ceil(1 + usize::from(self.pairs))
    }

    /// `(rows, units_of_row)`.
    pub(crate) fn units(&self) -> &[f32] {
        &self.units[..self.rows * self.units_of_row()]
    }

    /// Replaces the contents by `input`.
    ///
    /// # Errors
    /// As [`Activations::rows`]; `Shape` when the capacity is exceeded; `TaskPanicked`.
    pub fn round(&mut self, pool: &ThreadPool, input: &Activations<'_>) -> Result<()> {
        let (rows, width) = (input.rows()?, input.width());
        check(rows * width <= self.units.len(), "more activations than the arena holds")?;
        (self.rows, self.width, self.pairs) = (rows, width, pool.tier().multiplies_bf16());
        let (pairs, units) = (self.pairs, self.units_of_row());
        let places = Disjoint::new(&mut self.units);
        pool.run(rows.div_ceil(ROWS_PER_TASK), &|task| {
            let first = task * ROWS_PER_TASK;
            // SAFETY: tasks own different rows.
            let output = unsafe { places.slice(first * units..rows.min(first + ROWS_PER_TASK) * units) };
            pool.tier().run(Round { input, first, units, pairs, output });
        })
    }
}

/// Some rows.
struct Round<'a> {
    input: &'a Activations<'a>,
    first: usize,
    units: usize,
    pairs: bool,
    output: &'a mut [f32],
}

impl Kernel for Round<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Self { input, first, units, pairs, output } = self;
        let mut computed = [0.0; TOGETHER];
        let mut rounded = [0; TOGETHER];
        for (row, output) in output.chunks_exact_mut(units).enumerate() {
            let row = first + row;
            let factor = input.factor(row);
            for (index, units) in output.chunks_mut(if pairs { TOGETHER / 2 } else { TOGETHER }).enumerate() {
                let column = index * TOGETHER;
                let len = TOGETHER.min(input.width() - column);
                if len < TOGETHER {
                    // What a last pair lacks is zero.
                    computed = [0.0; TOGETHER];
                    input.read(row, factor, column, &mut computed[..len]);
                } else {
                    input.read(row, factor, column, &mut computed);
                }
                for (rounded, value) in rounded.iter_mut().zip(&computed) {
                    *rounded = f32_to_bf16(*value);
                }
                if pairs {
                    for (unit, [low, high]) in units.iter_mut().zip(rounded.as_chunks().0) {
                        *unit = f32::from_bits(u32::from(*high) << 16 | u32::from(*low));
                    }
                } else {
                    for (unit, rounded) in units.iter_mut().zip(&rounded) {
                        *unit = bf16_to_f32(*rounded);
                    }
                }
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
            let unit = |[low, high]: [u16; 2]| u32::from(high) << 16 | u32::from(low);
            for (units, expected) in rows.units().chunks(rows.units_of_row()).zip(expected.chunks(width)) {
                let expected: Vec<u32> = if rows.are_pairs() {
                    expected.chunks(2).map(|pair| unit([pair[0], *pair.get(1).unwrap_or(&0)])).collect()
                } else {
                    expected.iter().map(|value| unit([0, *value])).collect()
                };
                let units: Vec<u32> = units.iter().map(|unit| unit.to_bits()).collect();
                assert_eq!(units, expected, "{tier:?}");
            }
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
