//! Products with quantised weights.
//!
//! One output is `sum over groups of 32, ascending: scale_x * (scale_w * dot + minimum_w * sum_x)`, `dot` and `sum_x` exact
//! integers, each float operation rounded once, in this order.

use std::ops::Range;

use super::{Job, ROW_TILE};
use crate::blocks::{MAX_GROUPS, Minimum, OpenBlocks, QuantizedBlock};
use crate::quantized_rows::{Group, QuantizedRows};
use crate::simd::Simd;

/// `tile` rows of some columns. Each weight block is opened once for all rows of the tile.
#[inline(always)]
pub(super) fn quantized_tile<B: QuantizedBlock>(
    simd: impl Simd,
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
                sum = add_blocks::<B>(simd, sum, &open, &row[groups]);
            }
            job.write(tile.start, column, sum);
        }
        return;
    }
    let rows: [&[Group]; ROW_TILE] = std::array::from_fn(|index| input.row((tile.start + index).min(tile.end - 1)));
    let rows = &rows[..tile.len()];
    for column in columns {
        let mut sums = [0.0_f32; ROW_TILE];
        for (index, blocks) in job.weight.row(column).chunks(B::STEP).enumerate() {
            B::open(blocks, &mut open);
            let groups = index * MAX_GROUPS..index * MAX_GROUPS + blocks.len() / B::BYTES * B::GROUPS;
            for (sum, row) in sums.iter_mut().zip(rows) {
                *sum = add_blocks::<B>(simd, *sum, &open, &row[groups.clone()]);
            }
        }
        for (sum, row) in sums.iter().zip(tile.clone()) {
            job.write(row, column, *sum);
        }
    }
}

/// `sum` plus the products of open blocks with as many groups of a row.
#[inline(always)]
fn add_blocks<B: QuantizedBlock>(simd: impl Simd, mut sum: f32, open: &OpenBlocks, groups: &[Group]) -> f32 {
    if let Some(groups) = groups.first_chunk::<MAX_GROUPS>() {
        return add_groups::<B, MAX_GROUPS>(simd, sum, open, groups);
    }
    // The end of a row that is no multiple of 256.
    for (index, group) in groups.iter().enumerate() {
        // Below 2^24 for every type, so that the conversion to f32 is exact too.
        sum += term::<B>(open, index, simd.dot_open(&open.values[index], &group.values), group);
    }
    sum
}

/// As long as a full set of open blocks, so that LLVM works on all groups at once; the sum itself ascends.
#[inline(always)]
fn add_groups<B: QuantizedBlock, const N: usize>(
    simd: impl Simd,
    mut sum: f32,
    open: &OpenBlocks,
    groups: &[Group; N],
) -> f32 {
    let mut dots = [0; N];
    for (index, product) in dots.iter_mut().enumerate() {
        *product = simd.dot_open(&open.values[index], &groups[index].values);
    }
    let mut terms = [0.0; N];
    for (index, value) in terms.iter_mut().enumerate() {
        *value = term::<B>(open, index, dots[index], &groups[index]);
    }
    for term in terms {
        sum += term;
    }
    sum
}

/// What one group adds.
#[inline(always)]
fn term<B: QuantizedBlock>(open: &OpenBlocks, index: usize, dot: i32, group: &Group) -> f32 {
    let product = open.scales[index] * dot as f32;
    let [low, high] = group.sums.map(i32::from);
    group.scale
        * match B::MINIMUM {
            Minimum::None => product,
            Minimum::Group => product + open.minima[index] * (low + high) as f32,
            Minimum::Half => {
                let [low_minimum, high_minimum] = open.half_minima[index];
                product + open.minima[index] * (low_minimum * low + high_minimum * high) as f32
            }
        }
}
