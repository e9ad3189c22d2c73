//! Products with F32, F16 and BF16 weights, in f32.
//!
//! One output is the sum of [`crate::lanes`]: 16 virtual lanes, then a fixed tree.

use std::ops::Range;

use super::Job;
use crate::block_type::BlockType;
use crate::half_float::{bf16_to_f32, f16_to_f32};
use crate::lanes::{LANES, reduce};
use crate::simd::Simd;

/// How weights are stored.
trait Element {
    /// Bytes of one.
    const BYTES: usize;

    /// Reads a register of them.
    ///
    /// # Safety
    /// As many as there are lanes can be read.
    unsafe fn load<S: Simd>(simd: S, from: *const u8) -> S::Floats;

    /// One of them.
    fn to_f32(bytes: &[u8]) -> f32;
}

struct F32;
struct F16;
struct Bf16;

impl Element for F32 {
    const BYTES: usize = 4;

    #[inline(always)]
    unsafe fn load<S: Simd>(simd: S, from: *const u8) -> S::Floats {
        // SAFETY: the caller's promise; registers are read from anywhere.
        unsafe { simd.load(from.cast()) }
    }

    #[inline(always)]
    fn to_f32(bytes: &[u8]) -> f32 {
        bytes.first_chunk().map_or(0.0, |bytes| f32::from_le_bytes(*bytes))
    }
}

impl Element for F16 {
    const BYTES: usize = 2;

    #[inline(always)]
    unsafe fn load<S: Simd>(simd: S, from: *const u8) -> S::Floats {
        // SAFETY: as above.
        unsafe { simd.load_f16(from.cast()) }
    }

    #[inline(always)]
    fn to_f32(bytes: &[u8]) -> f32 {
        bytes.first_chunk().map_or(0.0, |bytes| f16_to_f32(u16::from_le_bytes(*bytes)))
    }
}

impl Element for Bf16 {
    const BYTES: usize = 2;

    #[inline(always)]
    unsafe fn load<S: Simd>(simd: S, from: *const u8) -> S::Floats {
        // SAFETY: as above.
        unsafe { simd.load_bf16(from.cast()) }
    }

    #[inline(always)]
    fn to_f32(bytes: &[u8]) -> f32 {
        bytes.first_chunk().map_or(0.0, |bytes| bf16_to_f32(u16::from_le_bytes(*bytes)))
    }
}

/// `tile` rows of some columns.
#[inline(always)]
pub(super) fn float_tile<S: Simd>(simd: S, input: &[f32], job: &Job<'_>, tile: Range<usize>, columns: Range<usize>) {
    match job.weight.block_type() {
        BlockType::F32 => run::<S, F32>(simd, input, job, tile, columns),
        BlockType::F16 => run::<S, F16>(simd, input, job, tile, columns),
        BlockType::BF16 => run::<S, Bf16>(simd, input, job, tile, columns),
        BlockType::Q4_0
        | BlockType::Q4_1
        | BlockType::Q5_0
        | BlockType::Q5_1
        | BlockType::Q8_0
        | BlockType::Q2_K
        | BlockType::Q3_K
        | BlockType::Q4_K
        | BlockType::Q5_K
        | BlockType::Q6_K => {}
    }
}

#[inline(always)]
fn run<S: Simd, E: Element>(simd: S, input: &[f32], job: &Job<'_>, tile: Range<usize>, columns: Range<usize>) {
    let together = S::REGISTERS / 8;
    let mut column = columns.start;
    while column < columns.end {
        column += match together.min(columns.end - column) {
            4.. => run_columns::<S, E, 4>(simd, input, job, tile.clone(), column),
            2.. => run_columns::<S, E, 2>(simd, input, job, tile.clone(), column),
            _ => run_columns::<S, E, 1>(simd, input, job, tile.clone(), column),
        };
    }
}

/// Answers with the number of columns.
#[inline(always)]
fn run_columns<S: Simd, E: Element, const N: usize>(
    simd: S,
    input: &[f32],
    job: &Job<'_>,
    tile: Range<usize>,
    column: usize,
) -> usize {
    let width = job.weight.columns();
    let mut weights = [&[][..]; N];
    for (index, weights) in weights.iter_mut().enumerate() {
        *weights = job.weight.row(column + index);
    }
    let mut row = tile.start;
    while row < tile.end {
        let rows = &input[row * width..tile.end * width];
        row += match tile.end - row {
            4.. => write::<4, N>(job, row, column, &products::<S, E, 4, N>(simd, rows, weights, row == tile.start)),
            2.. => write::<2, N>(job, row, column, &products::<S, E, 2, N>(simd, rows, weights, row == tile.start)),
            _ => write::<1, N>(job, row, column, &products::<S, E, 1, N>(simd, rows, weights, row == tile.start)),
        };
    }
    N
}

/// Answers with the number of rows.
#[inline(always)]
fn write<const M: usize, const N: usize>(
    job: &Job<'_>,
    row: usize,
    column: usize,
    sums: &[[[f32; LANES]; N]; M],
) -> usize {
    for (index, sums) in sums.iter().enumerate() {
        for (output, lanes) in sums.iter().enumerate() {
            job.write(row + index, column + output, reduce(lanes));
        }
    }
    M
}

/// The virtual lanes of `M` rows times `N` columns: as many at a time as a register has.
#[inline(always)]
fn products<S: Simd, E: Element, const M: usize, const N: usize>(
    simd: S,
    rows: &[f32],
    weights: [&[u8]; N],
    is_first: bool,
) -> [[[f32; LANES]; N]; M] {
    let width = weights[0].len() / E::BYTES;
    let whole = width / LANES * LANES;
    assert!(rows.len() >= M * width && weights.iter().all(|weights| weights.len() == width * E::BYTES));
    let mut lanes = [[[0.0; LANES]; N]; M];
    for first in (0..LANES).step_by(S::LANES) {
        let mut sums = [[simd.splat(0.0); N]; M];
        let mut at = first;
        while at < whole {
            let mut columns = [simd.splat(0.0); N];
            for (column, weights) in columns.iter_mut().zip(&weights) {
                let from = weights.as_ptr().wrapping_add(at * E::BYTES);
                // SAFETY: a register ends where its 16 lanes do at the latest, which is inside the row.
                *column = unsafe { E::load(simd, from) };
                // The hardware does not foresee what is read in several places at once.
                if is_first && first == 0 {
                    simd.prefetch(from.wrapping_add(N * width * E::BYTES));
                }
            }
            for (row, sums) in sums.iter_mut().enumerate() {
                // SAFETY: as above; there are `M` rows.
                let values = unsafe { simd.load(rows.as_ptr().wrapping_add(row * width + at)) };
                for (sum, column) in sums.iter_mut().zip(&columns) {
                    *sum = simd.add(*sum, simd.mul(*column, values));
                }
            }
            at += LANES;
        }
        for (lanes, sums) in lanes.iter_mut().zip(&sums) {
            for (lanes, sum) in lanes.iter_mut().zip(sums) {
                simd.write(*sum, &mut lanes[first..]);
            }
        }
    }
    // The end of rows that are no multiple of the lanes.
    for (row, lanes) in lanes.iter_mut().enumerate() {
        for (lanes, weights) in lanes.iter_mut().zip(&weights) {
            let values = &rows[row * width + whole..(row + 1) * width];
            let weights = weights[whole * E::BYTES..].chunks_exact(E::BYTES);
            for ((lane, weight), value) in lanes.iter_mut().zip(weights).zip(values) {
                *lane += E::to_f32(weight) * value;
            }
        }
    }
    lanes
}
