//! The type with blocks of 256 elements whose groups have two scales each.

use super::ahead::Ahead;
use super::k_quants::each_group;
use super::{PanelBlock, add_scaled, halves, integers, mask};
use crate::panel::{PanelType, ROWS, q6_order};
use crate::quantized_rows::Group;
use crate::simd::Simd;

pub(super) struct Q6K;

impl PanelBlock for Q6K {
    const TYPE: PanelType = PanelType::Q6_K;
    const GROUPS: usize = 8;
    const IN_ORDER: bool = true;

    #[inline(always)]
    unsafe fn add<S: Simd, const M: usize>(
        simd: S,
        tile: *const u8,
        first: usize,
        ahead: Ahead,
        rows: &[&[Group]; M],
        sums: &mut [S::Floats; M],
    ) {
        let mut blocks = [const { &[Group::ZERO; 8] }; M];
        for (block, row) in blocks.iter_mut().zip(rows) {
            if let Some(groups) = row.first_chunk() {
                *block = groups;
            }
        }
        if M <= 2 || M <= 4 && S::REGISTERS >= 32 {
            // SAFETY: the caller's promise.
            unsafe {
                add_half_once::<S, M, 0>(simd, tile, first, ahead, &blocks, sums);
                add_half_once::<S, M, 1>(simd, tile, first, ahead, &blocks, sums);
            }
        } else {
            // SAFETY: the caller's promise.
            each_group!(GROUP => unsafe { add_quarter::<S, M, GROUP>(simd, tile, first, ahead, &blocks, sums) });
        }
    }
}

/// Group `GROUP` of a tile of `Q6_K`: a quarter of half a block. 64 bytes of low bits are four groups: 0 and 1 have their low nibbles, 2
/// and 3 the high ones; 32 bytes of high bits have two of each.
///
/// # Safety
/// `tile` points to a whole tile.
#[inline(always)]
unsafe fn add_quarter<S: Simd, const M: usize, const GROUP: usize>(
    simd: S,
    tile: *const u8,
    first: usize,
    ahead: Ahead,
    rows: &[&[Group; 8]; M],
    sums: &mut [S::Floats; M],
) {
    ahead.prefetch(simd, tile, Q6K::TYPE.tile(), GROUP, 8);
    // SAFETY: the caller's promise.
    let (d, scales) = unsafe { (halves(simd, tile, 208, first), q6_scales::<S>(simd, tile, GROUP, first)) };
    let mut products = [simd.splat(0.0); M];
    for half in 0..2 {
        // SAFETY: the caller's promise.
        let weights = unsafe { q6_weights::<S, GROUP>(simd, tile, half, first) };
        let (mut dots, mut values) = ([simd.splat_integer(0); M], [&[[0; 4]; 4]; M]);
        for ((dot, values), row) in dots.iter_mut().zip(&mut values).zip(rows) {
            *dot = simd.splat_integer(row[GROUP].halves_less_32[half]);
            *values = &row[GROUP].values.as_chunks::<4>().0[half];
        }
        simd.dots::<M, 4, 6>(&mut dots, &weights, &values);
        for (product, dot) in products.iter_mut().zip(&dots) {
            let dot = simd.to_floats(*dot);
            *product = if half == 0 { simd.mul(scales[0], dot) } else { simd.add_exact(*product, scales[1], dot) };
        }
    }
    for ((sum, product), row) in sums.iter_mut().zip(&products).zip(rows) {
        add_scaled(simd, sum, d, *product, &row[GROUP]);
    }
}

/// The integers of half of group `GROUP` of a tile of `Q6_K`, plus 32.
///
/// # Safety
/// `tile` points to a whole tile.
#[inline(always)]
pub(super) unsafe fn q6_weights<S: Simd, const GROUP: usize>(
    simd: S,
    tile: *const u8,
    half: usize,
    first: usize,
) -> [S::Integers; 4] {
    let (low_bits, high_bits) = (mask(simd, 15), mask(simd, 0x30));
    let (part, quarter) = const { (GROUP / 4, GROUP % 4) };
    let mut weights = [simd.splat_integer(0); 4];
    for (step, weights) in weights.iter_mut().enumerate() {
        let step = 4 * half + step;
        // SAFETY: places of the fields of a whole tile.
        let ([low], [bits]) = unsafe {
            (
                integers::<S, 1>(simd, tile, 4 * q6_order(part, quarter % 2, step), first),
                integers::<S, 1>(simd, tile, 4 * q6_order(part, 2, step), first),
            )
        };
        let (low, high) = match quarter {
            0 => (low, simd.shift_left::<4>(bits)),
            1 => (low, simd.shift_left::<2>(bits)),
            2 => (simd.shift_right::<4>(low), bits),
            _ => (simd.shift_right::<4>(low), simd.shift_right::<2>(bits)),
        };
        *weights = simd.or(simd.and(low, low_bits), simd.and(high, high_bits));
    }
    weights
}

/// The scales of both halves of group `index` of `Q6_K` blocks. Their products with sums of 16 products, and the sums of two of those, are
/// integers below 2^24: as floats they are exact.
///
/// # Safety
/// `tile` points to a whole tile.
#[inline(always)]
pub(super) unsafe fn q6_scales<S: Simd>(simd: S, tile: *const u8, index: usize, first: usize) -> [S::Floats; 2] {
    // SAFETY: places of the fields of a whole tile.
    [0, 1].map(|half| unsafe { simd.load_i8(tile.wrapping_add(ROWS * (192 + 2 * index + half) + first).cast()) })
}

/// Half a tile for few rows: all that a byte of the weight has is used when it is read.
///
/// # Safety
/// `tile` points to a whole tile.
#[inline(always)]
unsafe fn add_half_once<S: Simd, const M: usize, const PART: usize>(
    simd: S,
    tile: *const u8,
    first: usize,
    ahead: Ahead,
    rows: &[&[Group; 8]; M],
    sums: &mut [S::Floats; M],
) {
    let (low_bits, high_bits) = (mask(simd, 15), mask(simd, 0x30));
    let mut dots = [[simd.splat(0.0); 4]; M];
    for half in 0..2 {
        let mut products = [[simd.splat_integer(0); 4]; M];
        for (products, row) in products.iter_mut().zip(rows) {
            for (quarter, product) in products.iter_mut().enumerate() {
                *product = simd.splat_integer(row[4 * PART + quarter].halves_less_32[half]);
            }
        }
        for step in 4 * half..4 * half + 4 {
            ahead.prefetch(simd, tile, Q6K::TYPE.tile(), 8 * PART + step, 16);
            // SAFETY: places of the fields of a whole tile.
            let [low, next, high] = unsafe { integers::<S, 3>(simd, tile, 4 * q6_order(PART, 0, step), first) };
            let parts = [
                (low, simd.shift_left::<4>(high)),
                (next, simd.shift_left::<2>(high)),
                (simd.shift_right::<4>(low), high),
                (simd.shift_right::<4>(next), simd.shift_right::<2>(high)),
            ];
            for (quarter, (low, high)) in parts.iter().enumerate() {
                let weights = [simd.or(simd.and(*low, low_bits), simd.and(*high, high_bits))];
                for (products, row) in products.iter_mut().zip(rows) {
                    let values = [row[4 * PART + quarter].values[step]];
                    products[quarter] = simd.dot::<1, 6>(products[quarter], &weights, &values);
                }
            }
        }
        for quarter in 0..4 {
            let at = 192 + 8 * PART + 2 * quarter + half;
            // SAFETY: a place of a field of a whole tile.
            let scale = unsafe { simd.load_i8(tile.wrapping_add(ROWS * at + first).cast()) };
            for (dots, products) in dots.iter_mut().zip(&products) {
                // Exact, see `q6_scales`.
                dots[quarter] = simd.add_exact(dots[quarter], scale, simd.to_floats(products[quarter]));
            }
        }
    }
    // SAFETY: a place of a field of a whole tile.
    let d = unsafe { halves(simd, tile, 208, first) };
    for ((sum, dots), row) in sums.iter_mut().zip(&dots).zip(rows) {
        for (quarter, dot) in dots.iter().enumerate() {
            add_scaled(simd, sum, d, *dot, &row[4 * PART + quarter]);
        }
    }
}
