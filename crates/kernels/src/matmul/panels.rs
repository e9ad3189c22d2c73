//! Products with weights in panels: a lane is an output, the sum that [`super::quantized`] documents.

mod ahead;
#[cfg(target_arch = "x86_64")]
mod blocks;
mod k_quants;
#[cfg(target_arch = "x86_64")]
mod open;
mod q6_k;
mod simple;

use std::ops::Range;

#[cfg(target_arch = "x86_64")]
pub(super) use blocks::Blocks;

use super::Job;
use crate::panel::{PanelType, ROWS};
use crate::quantized_rows::{Group, QuantizedRows};
use crate::simd::{Kernel, Simd};
use ahead::{Ahead, prefetch_pages};
use k_quants::{Q4K, Q5K};
use q6_k::Q6K;
use simple::{Q40, Q50, Q80};

/// A block type in panels.
trait PanelBlock {
    /// Which.
    const TYPE: PanelType;
    /// Groups of activations that a tile is multiplied with.
    const GROUPS: usize;
    /// Whether its tiles are read from front to back.
    const IN_ORDER: bool;

    /// Adds what a tile gives to the sums of `LANES` outputs, from output `first` of the panel, for each of `M` rows.
    ///
    /// # Safety
    /// `tile` points to a whole tile.
    unsafe fn add<S: Simd, const M: usize>(
        simd: S,
        tile: *const u8,
        first: usize,
        ahead: Ahead,
        rows: &[&[Group]; M],
        sums: &mut [S::Floats; M],
    );
}

/// The rows of the input from row `first` on with some whole panels.
#[inline(always)]
pub(super) fn run<S: Simd>(simd: S, input: &QuantizedRows, first: usize, job: &Job<'_>, columns: Range<usize>) {
    match job.weight.panels() {
        Some(PanelType::Q4_0) => run_type::<S, Q40>(simd, input, first, job, columns),
        Some(PanelType::Q5_0) => run_type::<S, Q50>(simd, input, first, job, columns),
        Some(PanelType::Q8_0) => run_type::<S, Q80>(simd, input, first, job, columns),
        Some(PanelType::Q4_K) => run_type::<S, Q4K>(simd, input, first, job, columns),
        Some(PanelType::Q5_K) => run_type::<S, Q5K>(simd, input, first, job, columns),
        Some(PanelType::Q6_K) => run_type::<S, Q6K>(simd, input, first, job, columns),
        Some(PanelType::F32 | PanelType::F16 | PanelType::BF16) | None => {}
    }
}

#[inline(always)]
fn run_type<S: Simd, B: PanelBlock>(
    simd: S,
    input: &QuantizedRows,
    first: usize,
    job: &Job<'_>,
    columns: Range<usize>,
) {
    for column in columns.step_by(ROWS) {
        let mut row = first;
        while row < input.rows() {
            row += match input.rows() - row {
                8.. if S::REGISTERS >= 32 => panel::<S, B, 8>(simd, input, row, job, column),
                4.. => panel::<S, B, 4>(simd, input, row, job, column),
                2.. => panel::<S, B, 2>(simd, input, row, job, column),
                _ => panel::<S, B, 1>(simd, input, row, job, column),
            };
        }
    }
}

/// Answers with the number of rows.
#[inline(always)]
fn panel<S: Simd, B: PanelBlock, const M: usize>(
    simd: S,
    input: &QuantizedRows,
    row: usize,
    job: &Job<'_>,
    column: usize,
) -> usize {
    let mut rows = [&[][..]; M];
    for (index, groups) in rows.iter_mut().enumerate() {
        *groups = input.row(row + index);
    }
    let bytes = job.weight.panel(column / ROWS);
    let sums = simd.vectorize(Panel::<B, M> { bytes, rows, of_block: std::marker::PhantomData });
    for (index, sums) in sums.iter().enumerate() {
        job.write_panel(row + index, column, sums);
    }
    M
}

/// The outputs of a panel for `M` rows. A kernel of its own, so that the registers are all its own too.
struct Panel<'a, B: PanelBlock, const M: usize> {
    bytes: &'a [u8],
    rows: [&'a [Group]; M],
    of_block: std::marker::PhantomData<B>,
}

impl<B: PanelBlock, const M: usize> Kernel for Panel<'_, B, M> {
    type Output = [[f32; ROWS]; M];

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> [[f32; ROWS]; M] {
        let mut outputs = [[0.0; ROWS]; M];
        // Of more rows than one each tile takes longer than its lines.
        let by_pages = M == 1 && B::IN_ORDER && simd.reads_pages_on();
        if by_pages {
            prefetch_pages(simd, self.bytes);
        }
        for first in (0..ROWS).step_by(S::LANES) {
            // The first pass over the panel's lanes asks for all of it.
            let ahead = if by_pages || first > 0 { Ahead::Nothing } else { Ahead::Tile };
            let mut sums = [simd.splat(0.0); M];
            let mut rows = self.rows;
            for tile in self.bytes.chunks_exact(B::TYPE.tile()) {
                let mut groups = [&[][..]; M];
                for (groups, row) in groups.iter_mut().zip(&mut rows) {
                    (*groups, *row) = row.split_at(B::GROUPS);
                }
                // SAFETY: the chunk is a tile.
                unsafe { B::add(simd, tile.as_ptr(), first, ahead, &groups, &mut sums) };
            }
            for (outputs, sum) in outputs.iter_mut().zip(&sums) {
                simd.write(*sum, &mut outputs[first..]);
            }
        }
        outputs
    }
}

/// The dot products of group `index` of each row with weights, from a start of their own each.
#[inline(always)]
fn dots<S: Simd, B: PanelBlock, const M: usize, const BITS: u32>(
    simd: S,
    rows: &[&[Group]; M],
    index: usize,
    weights: &[S::Integers; 8],
    start: impl Fn(&Group) -> S::Integers,
) -> [S::Integers; M] {
    let mut dots = [simd.splat_integer(0); M];
    let mut values = [&Group::ZERO.values; M];
    for ((dot, values), row) in dots.iter_mut().zip(&mut values).zip(rows) {
        let group = &row[index];
        *dot = start(group);
        *values = &group.values;
    }
    // Few rows wait for weights: where no CPU guesses which come next all are asked for at once, and not as rows have use for them.
    if M <= 4 && !B::IN_ORDER {
        for (dot, values) in dots.iter_mut().zip(values) {
            *dot = simd.dot::<8, BITS>(*dot, weights, values);
        }
    } else {
        simd.dots::<M, 8, BITS>(&mut dots, weights, &values);
    }
    dots
}

/// What one group adds: `scale * (scales * dot)`.
#[inline(always)]
fn add_group<S: Simd>(simd: S, sum: &mut S::Floats, scales: S::Floats, dot: S::Integers, group: &Group) {
    add_scaled(simd, sum, scales, simd.to_floats(dot), group);
}

/// The same of integers as floats.
#[inline(always)]
fn add_scaled<S: Simd>(simd: S, sum: &mut S::Floats, scales: S::Floats, dot: S::Floats, group: &Group) {
    *sum = simd.add(*sum, simd.mul(simd.splat(group.scale), simd.mul(scales, dot)));
}

/// The half floats at byte `at` of a tile's blocks, from block `first`.
///
/// # Safety
/// They are inside the tile.
#[inline(always)]
unsafe fn halves<S: Simd>(simd: S, tile: *const u8, at: usize, first: usize) -> S::Floats {
    // SAFETY: the caller's promise.
    unsafe { simd.load_f16(tile.wrapping_add(ROWS * at + 2 * first).cast()) }
}

/// `N` times four integers of a tile's blocks, from block `first`: those that begin at byte `at`.
///
/// # Safety
/// They are inside the tile.
#[inline(always)]
unsafe fn integers<S: Simd, const N: usize>(simd: S, tile: *const u8, at: usize, first: usize) -> [S::Integers; N] {
    let mut integers = [simd.splat_integer(0); N];
    for (index, integers) in integers.iter_mut().enumerate() {
        // SAFETY: the caller's promise.
        *integers = unsafe { simd.load_integers(tile.wrapping_add(ROWS * (at + 4 * index) + 4 * first)) };
    }
    integers
}

/// The same bits of every byte.
#[inline(always)]
fn mask<S: Simd>(simd: S, bits: u8) -> S::Integers {
    simd.splat_integer(i32::from_le_bytes([bits; 4]))
}
