//! Types with one scale for 32 elements.

use super::ahead::Ahead;
use super::{PanelBlock, add_group, dots, halves, integers, mask};
use crate::panel::PanelType;
use crate::quantized_rows::Group;
use crate::simd::Simd;

pub(super) struct Q40;
pub(super) struct Q50;
pub(super) struct Q80;

impl PanelBlock for Q40 {
    const TYPE: PanelType = PanelType::Q4_0;
    const GROUPS: usize = 1;
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
        ahead.prefetch(simd, tile, Self::TYPE.tile(), 0, 1);
        // SAFETY: places of the fields of a whole tile.
        let (scales, bytes) = unsafe { (halves(simd, tile, 0, first), integers::<S, 4>(simd, tile, 2, first)) };
        let weights = nibbles(simd, bytes);
        // The integers are 8 less than their bits say.
        let dots = dots::<S, Self, M, 4>(simd, rows, 0, &weights, |group| simd.splat_integer(group.less_8));
        for ((sum, dot), row) in sums.iter_mut().zip(&dots).zip(rows) {
            add_group(simd, sum, scales, *dot, &row[0]);
        }
    }
}

impl PanelBlock for Q50 {
    const TYPE: PanelType = PanelType::Q5_0;
    const GROUPS: usize = 1;
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
        ahead.prefetch(simd, tile, Self::TYPE.tile(), 0, 1);
        // SAFETY: places of the fields of a whole tile.
        let (scales, [bits], bytes) = unsafe {
            (
                halves(simd, tile, 0, first),
                integers::<S, 1>(simd, tile, 2, first),
                integers::<S, 4>(simd, tile, 6, first),
            )
        };
        let weights = with_fifth_bits(simd, nibbles(simd, bytes), bits);
        // The integers are 16 less than their bits say.
        let dots = dots::<S, Self, M, 5>(simd, rows, 0, &weights, |group| {
            let less_8 = simd.splat_integer(group.less_8);
            simd.add_integers(less_8, less_8)
        });
        for ((sum, dot), row) in sums.iter_mut().zip(&dots).zip(rows) {
            add_group(simd, sum, scales, *dot, &row[0]);
        }
    }
}

impl PanelBlock for Q80 {
    const TYPE: PanelType = PanelType::Q8_0;
    const GROUPS: usize = 1;
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
        ahead.prefetch(simd, tile, Self::TYPE.tile(), 0, 1);
        // SAFETY: places of the fields of a whole tile.
        let (scales, weights) = unsafe { (halves(simd, tile, 0, first), integers::<S, 8>(simd, tile, 2, first)) };
        for (sum, row) in sums.iter_mut().zip(rows) {
            let group = &row[0];
            add_group(simd, sum, scales, simd.dot_i8(&weights, &group.values, group.sums), group);
        }
    }
}

/// Nibbles with a fifth bit: bit `i` of every byte is for register `i`.
#[inline(always)]
pub(super) fn with_fifth_bits<S: Simd>(simd: S, mut nibbles: [S::Integers; 8], bits: S::Integers) -> [S::Integers; 8] {
    let fifth = mask(simd, 16);
    let shifted = [
        simd.shift_left::<4>(bits),
        simd.shift_left::<3>(bits),
        simd.shift_left::<2>(bits),
        simd.shift_left::<1>(bits),
        bits,
        simd.shift_right::<1>(bits),
        simd.shift_right::<2>(bits),
        simd.shift_right::<3>(bits),
    ];
    for (nibbles, bits) in nibbles.iter_mut().zip(&shifted) {
        *nibbles = simd.or(*nibbles, simd.and(*bits, fifth));
    }
    nibbles
}

/// Low nibbles of 16 bytes, then the high ones.
#[inline(always)]
pub(super) fn nibbles<S: Simd>(simd: S, bytes: [S::Integers; 4]) -> [S::Integers; 8] {
    let low_bits = mask(simd, 15);
    let mut nibbles = [low_bits; 8];
    for (index, bytes) in bytes.iter().enumerate() {
        nibbles[index] = simd.and(*bytes, low_bits);
        nibbles[index + 4] = simd.and(simd.shift_right::<4>(*bytes), low_bits);
    }
    nibbles
}
