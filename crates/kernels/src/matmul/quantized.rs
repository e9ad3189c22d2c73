//! Products with quantised weights.
//!
//! One output is `sum over groups of 32, ascending: scale_x * (scale_w * dot + minimum_w * sum_x)`, `dot` and `sum_x` exact
//! integers, each float operation rounded once, in this order.

use std::ops::Range;

use super::{Job, ROW_TILE};
use crate::blocks::{GROUP, MAX_GROUPS, Minimum, OpenBlocks, QuantizedBlock};
use crate::quantized_rows::{QuantizedRow, QuantizedRows};

/// `tile` rows of some columns. Each weight block is opened once for all rows of the tile.
#[inline(always)]
pub(super) fn quantized_tile<B: QuantizedBlock>(
    input: &QuantizedRows,
    job: &Job<'_>,
    tile: Range<usize>,
    columns: Range<usize>,
) {
    let mut open = OpenBlocks::new();
    if tile.len() == 1 {
        // The common case of decode: everything stays in registers.
        let row = input.row(tile.start);
        for column in columns {
            let mut sum = 0.0;
            for (index, blocks) in job.weight.row(column).chunks(B::STEP).enumerate() {
                B::open(blocks, &mut open);
                let groups = index * MAX_GROUPS..index * MAX_GROUPS + blocks.len() / B::BYTES * B::GROUPS;
                sum = add_blocks::<B>(sum, &open, row, groups.clone());
            }
            job.write(tile.start, column, sum);
        }
        return;
    }
    let rows: [QuantizedRow<'_>; ROW_TILE] =
        std::array::from_fn(|index| input.row((tile.start + index).min(tile.end - 1)));
    let rows = &rows[..tile.len()];
    for column in columns {
        let mut sums = [0.0_f32; ROW_TILE];
        for (index, blocks) in job.weight.row(column).chunks(B::STEP).enumerate() {
            B::open(blocks, &mut open);
            let groups = index * MAX_GROUPS..index * MAX_GROUPS + blocks.len() / B::BYTES * B::GROUPS;
            for (sum, row) in sums.iter_mut().zip(rows) {
                *sum = add_blocks::<B>(*sum, &open, *row, groups.clone());
            }
        }
        for (sum, row) in sums.iter().zip(tile.clone()) {
            job.write(row, column, *sum);
        }
    }
}

/// `sum` plus the products of open blocks with `groups` of a row.
#[inline(always)]
fn add_blocks<B: QuantizedBlock>(sum: f32, open: &OpenBlocks, row: QuantizedRow<'_>, groups: Range<usize>) -> f32 {
    let (values, scales, halves) = (&row.values[groups.clone()], &row.scales[groups.clone()], &row.sums[groups]);
    let whole = (values.first_chunk::<MAX_GROUPS>(), scales.first_chunk(), halves.first_chunk());
    if let (Some(values), Some(scales), Some(halves)) = whole {
        return add_groups::<B, MAX_GROUPS>(sum, open, values, scales, halves);
    }
    // The end of a row that is no multiple of 256.
    let mut sum = sum;
    for (group, ((values, scale), halves)) in values.iter().zip(scales).zip(halves).enumerate() {
        sum += term::<B>(open, group, dot(&open.values[group], values), *scale, *halves);
    }
    sum
}

/// As long as a full set of open blocks, so that LLVM works on all groups at once; the sum itself ascends.
#[inline(always)]
fn add_groups<B: QuantizedBlock, const N: usize>(
    mut sum: f32,
    open: &OpenBlocks,
    values: &[[i16; GROUP]; N],
    scales: &[f32; N],
    halves: &[[i16; 2]; N],
) -> f32 {
    let mut dots = [0; N];
    for (group, product) in dots.iter_mut().enumerate() {
        *product = dot(&open.values[group], &values[group]);
    }
    let mut terms = [0.0; N];
    for (group, value) in terms.iter_mut().enumerate() {
        *value = term::<B>(open, group, dots[group], scales[group], halves[group]);
    }
    for term in terms {
        sum += term;
    }
    sum
}

/// What one group adds.
#[inline(always)]
fn term<B: QuantizedBlock>(open: &OpenBlocks, group: usize, dot: i32, scale: f32, halves: [i16; 2]) -> f32 {
    let product = open.scales[group] * dot as f32;
    let [low, high] = halves.map(i32::from);
    scale
        * match B::MINIMUM {
            Minimum::None => product,
            Minimum::Group => product + open.minima[group] * (low + high) as f32,
            Minimum::Half => {
                let [low_minimum, high_minimum] = open.half_minima[group];
                product + open.minima[group] * (low_minimum * low + high_minimum * high) as f32
            }
        }
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
