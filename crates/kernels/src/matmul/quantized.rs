//! Products with quantised weights.
//!
//! One output is `sum over groups of 32, ascending: scale_x * (scale_w * dot + minimum_w * sum_x)`, `dot` and `sum_x` exact
//! integers, each float operation rounded once, in this order.

use std::ops::Range;

use super::{Job, ROW_TILE};
use crate::blocks::{GROUP, Minimum, OpenBlock, QuantizedBlock};
use crate::quantized_rows::{QuantizedRow, QuantizedRows};

/// `tile` rows of some columns. Each weight block is opened once for all rows of the tile.
pub(super) fn quantized_tile<B: QuantizedBlock>(
    input: &QuantizedRows,
    job: &Job<'_>,
    tile: Range<usize>,
    columns: Range<usize>,
) {
    let mut open = OpenBlock::new();
    for column in columns {
        let mut sums = [0.0_f32; ROW_TILE];
        for (index, block) in job.weight.row(column).chunks_exact(B::BYTES).enumerate() {
            B::open(block, &mut open);
            for (sum, row) in sums.iter_mut().zip(tile.clone()) {
                *sum = add_block::<B>(*sum, &open, input.row(row), index * B::GROUPS);
            }
        }
        for (sum, row) in sums.iter().zip(tile.clone()) {
            job.write(row, column, *sum);
        }
    }
}

/// `sum` plus the products of one block with the row's groups from `first` on.
#[inline(always)]
fn add_block<B: QuantizedBlock>(mut sum: f32, open: &OpenBlock, row: QuantizedRow<'_>, first: usize) -> f32 {
    let values = &row.values[first..first + B::GROUPS];
    let scales = &row.scales[first..first + B::GROUPS];
    let halves = &row.sums[first..first + B::GROUPS];
    for group in 0..B::GROUPS {
        let product = open.scales[group] * dot(&open.values[group], &values[group]) as f32;
        let [low, high] = halves[group].map(i32::from);
        let term = match B::MINIMUM {
            Minimum::None => product,
            Minimum::Group => product + open.minima[group] * (low + high) as f32,
            Minimum::Half => {
                let [low_minimum, high_minimum] = open.half_minima[group];
                product + open.minima[group] * (low_minimum * low + high_minimum * high) as f32
            }
        };
        sum += scales[group] * term;
    }
    sum
}

/// Exact: below 2^24 for every type, so that the conversion to f32 is exact too.
#[inline(always)]
fn dot(a: &[i16; GROUP], b: &[i16; GROUP]) -> i32 {
    let mut sum = 0;
    for (a, b) in a.iter().zip(b) {
        sum += i32::from(*a) * i32::from(*b);
    }
    sum
}
