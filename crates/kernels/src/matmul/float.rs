//! Products with F32 and F16 weights, in f32, and of bfloat16 with bfloat16.
//!
//! One output is the sum of [`crate::lanes`]: 16 virtual lanes, then a fixed tree. Of bfloat16 a lane takes two neighbours at a time,
//! the second first, as x86's instruction for them does. Where it is used numbers below 2^-126 count as zero.

use std::ops::Range;

use super::{Input, Job, ROW_TILE};
use crate::block_type::BlockType;
use crate::half_float::{bf16_to_f32, f16_to_f32};
use crate::lanes::{LANES, reduce};
use crate::simd::{Kernel, Simd};

/// How weights are stored, and multiplied.
trait Element {
    /// Bytes of one.
    const BYTES: usize;
    /// Elements that a lane takes at a time.
    const OF_LANE: usize;
    /// What it is multiplied with.
    type Value: Copy;
    /// A register of either.
    type Register<S: Simd>: Copy;

    /// Reads a register of weights.
    ///
    /// # Safety
    /// As many as there are lanes, times [`Self::OF_LANE`], can be read.
    unsafe fn load<S: Simd>(simd: S, from: *const u8) -> Self::Register<S>;

    /// Reads a register of activations.
    ///
    /// # Safety
    /// As above.
    unsafe fn load_values<S: Simd>(simd: S, from: *const Self::Value) -> Self::Register<S>;

    /// `sum` plus what each lane multiplies.
    fn add<S: Simd>(simd: S, sum: S::Floats, weights: Self::Register<S>, values: Self::Register<S>) -> S::Floats;

    /// `sum` plus what one lane multiplies: as many weights as values, up to [`Self::OF_LANE`].
    fn add_lane(sum: f32, weights: &[u8], values: &[Self::Value]) -> f32;
}

struct F32;
struct F16;
struct Bf16;

impl Element for F32 {
    const BYTES: usize = 4;
    const OF_LANE: usize = 1;
    type Value = f32;
    type Register<S: Simd> = S::Floats;

    #[inline(always)]
    unsafe fn load<S: Simd>(simd: S, from: *const u8) -> S::Floats {
        // SAFETY: the caller's promise; registers are read from anywhere.
        unsafe { simd.load(from.cast()) }
    }

    #[inline(always)]
    unsafe fn load_values<S: Simd>(simd: S, from: *const f32) -> S::Floats {
        // SAFETY: as above.
        unsafe { simd.load(from) }
    }

    #[inline(always)]
    fn add<S: Simd>(simd: S, sum: S::Floats, weights: S::Floats, values: S::Floats) -> S::Floats {
        simd.add(sum, simd.mul(weights, values))
    }

    #[inline(always)]
    fn add_lane(sum: f32, weights: &[u8], values: &[f32]) -> f32 {
        sum + weights.first_chunk().map_or(0.0, |bytes| f32::from_le_bytes(*bytes)) * values[0]
    }
}

impl Element for F16 {
    const BYTES: usize = 2;
    const OF_LANE: usize = 1;
    type Value = f32;
    type Register<S: Simd> = S::Floats;

    #[inline(always)]
    unsafe fn load<S: Simd>(simd: S, from: *const u8) -> S::Floats {
        // SAFETY: as above.
        unsafe { simd.load_f16(from.cast()) }
    }

    #[inline(always)]
    unsafe fn load_values<S: Simd>(simd: S, from: *const f32) -> S::Floats {
        // SAFETY: as above.
        unsafe { simd.load(from) }
    }

    #[inline(always)]
    fn add<S: Simd>(simd: S, sum: S::Floats, weights: S::Floats, values: S::Floats) -> S::Floats {
        simd.add(sum, simd.mul(weights, values))
    }

    #[inline(always)]
    fn add_lane(sum: f32, weights: &[u8], values: &[f32]) -> f32 {
        sum + weights.first_chunk().map_or(0.0, |bytes| f16_to_f32(u16::from_le_bytes(*bytes))) * values[0]
    }
}

impl Element for Bf16 {
    const BYTES: usize = 2;
    const OF_LANE: usize = 2;
    type Value = u16;
    type Register<S: Simd> = S::Integers;

    #[inline(always)]
    unsafe fn load<S: Simd>(simd: S, from: *const u8) -> S::Integers {
        // SAFETY: as above.
        unsafe { simd.load_integers(from) }
    }

    #[inline(always)]
    unsafe fn load_values<S: Simd>(simd: S, from: *const u16) -> S::Integers {
        // SAFETY: as above.
        unsafe { simd.load_integers(from.cast()) }
    }

    #[inline(always)]
    fn add<S: Simd>(simd: S, sum: S::Floats, weights: S::Integers, values: S::Integers) -> S::Floats {
        simd.add_bf16(sum, weights, values)
    }

    #[inline(always)]
    fn add_lane(mut sum: f32, weights: &[u8], values: &[u16]) -> f32 {
        for (weight, value) in weights.as_chunks::<2>().0.iter().zip(values).rev() {
            sum += bf16_to_f32(u16::from_le_bytes(*weight)) * bf16_to_f32(*value);
        }
        sum
    }
}

/// `tile` rows of some columns, of F32 or F16.
#[inline(always)]
pub(super) fn float_tile<S: Simd>(simd: S, input: &[f32], job: &Job<'_>, tile: Range<usize>, columns: Range<usize>) {
    match job.weight.block_type() {
        BlockType::F32 => run::<S, F32>(simd, input, job, tile, columns),
        BlockType::F16 => run::<S, F16>(simd, input, job, tile, columns),
        BlockType::BF16
        | BlockType::Q4_0
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

/// All rows of some columns of bfloat16. A kernel of its own: instructions that nothing else has a use for.
pub(super) struct Bf16Columns<'a> {
    pub(super) input: Input<'a>,
    pub(super) job: &'a Job<'a>,
    pub(super) columns: Range<usize>,
}

impl Kernel for Bf16Columns<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { input, job, columns } = self;
        for first in (0..input.rows).step_by(ROW_TILE) {
            let tile = first..(first + ROW_TILE).min(input.rows);
            run::<S, Bf16>(simd, input.rounded.values(), job, tile, columns.clone());
        }
    }
}

#[inline(always)]
fn run<S: Simd, E: Element>(simd: S, input: &[E::Value], job: &Job<'_>, tile: Range<usize>, columns: Range<usize>) {
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
    input: &[E::Value],
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
    rows: &[E::Value],
    weights: [&[u8]; N],
    is_first: bool,
) -> [[[f32; LANES]; N]; M] {
    let width = weights[0].len() / E::BYTES;
    let step = LANES * E::OF_LANE;
    let whole = width / step * step;
    assert!(rows.len() >= M * width && weights.iter().all(|weights| weights.len() == width * E::BYTES));
    let mut lanes = [[[0.0; LANES]; N]; M];
    for first in (0..LANES).step_by(S::LANES) {
        let mut sums = [[simd.splat(0.0); N]; M];
        let mut at = first * E::OF_LANE;
        while at < whole {
            // SAFETY: a register ends where its 16 lanes do at the latest, which is inside the row.
            let mut columns = [unsafe { E::load(simd, weights[0].as_ptr().wrapping_add(at * E::BYTES)) }; N];
            for (column, weights) in columns.iter_mut().zip(&weights) {
                let from = weights.as_ptr().wrapping_add(at * E::BYTES);
                // SAFETY: as above.
                *column = unsafe { E::load(simd, from) };
                // The hardware does not foresee what is read in several places at once.
                if is_first && first == 0 {
                    simd.prefetch(from.wrapping_add(N * width * E::BYTES));
                }
            }
            for (row, sums) in sums.iter_mut().enumerate() {
                // SAFETY: as above; there are `M` rows.
                let values = unsafe { E::load_values(simd, rows.as_ptr().wrapping_add(row * width + at)) };
                for (sum, column) in sums.iter_mut().zip(&columns) {
                    *sum = E::add(simd, *sum, *column, values);
                }
            }
            at += step;
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
            let values = rows[row * width + whole..(row + 1) * width].chunks(E::OF_LANE);
            let weights = weights[whole * E::BYTES..].chunks(E::OF_LANE * E::BYTES);
            for ((lane, weights), values) in lanes.iter_mut().zip(weights).zip(values) {
                *lane = E::add_lane(*lane, weights, values);
            }
        }
    }
    lanes
}
