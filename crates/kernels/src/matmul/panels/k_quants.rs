//! Types with blocks of 256 elements, whose groups have scales and minima of their own.

use super::ahead::Ahead;
use super::{PanelBlock, dots, halves, integers, mask};
use crate::panel::{PanelType, ROWS};
use crate::quantized_rows::Group;
use crate::simd::Simd;

/// Runs an expression for each group of a block: where the group is a constant no choice is left to be made in the loop over tiles.
macro_rules! each_group {
    ($group:ident => $run:expr) => {
        each_group!($group => $run; 0 1 2 3 4 5 6 7)
    };
    ($group:ident => $run:expr; $($index:literal)+) => {
        $({
            const $group: usize = $index;
            $run
        })+
    };
}
pub(super) use each_group;

pub(super) struct Q4K;
pub(super) struct Q5K;

impl PanelBlock for Q4K {
    const TYPE: PanelType = PanelType::Q4_K;
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
        // SAFETY: the caller's promise.
        each_group!(GROUP => unsafe { add_q4_group::<S, M, GROUP>(simd, tile, first, ahead, rows, sums) });
    }
}

/// Group `GROUP` of a tile of `Q4_K`.
///
/// # Safety
/// `tile` points to a whole tile.
#[inline(always)]
unsafe fn add_q4_group<S: Simd, const M: usize, const GROUP: usize>(
    simd: S,
    tile: *const u8,
    first: usize,
    ahead: Ahead,
    rows: &[&[Group]; M],
    sums: &mut [S::Floats; M],
) {
    ahead.prefetch(simd, tile, Q4K::TYPE.tile(), GROUP, 8);
    // SAFETY: the caller's promise.
    unsafe {
        let weights = q4_weights::<S, GROUP>(simd, tile, first);
        add_with_minimum::<S, Q4K, M, 4>(simd, tile, first, GROUP, &weights, rows, sums);
    }
}

/// The integers of group `GROUP` of a tile of `Q4_K`.
///
/// # Safety
/// `tile` points to a whole tile.
#[inline(always)]
pub(super) unsafe fn q4_weights<S: Simd, const GROUP: usize>(
    simd: S,
    tile: *const u8,
    first: usize,
) -> [S::Integers; 8] {
    let low_bits = mask(simd, 15);
    // SAFETY: places of the fields of a whole tile.
    let mut weights = unsafe { integers::<S, 8>(simd, tile, 16 + 32 * (GROUP / 2), first) };
    for weights in &mut weights {
        *weights = simd.and(nibble::<S, GROUP>(simd, *weights), low_bits);
    }
    weights
}

impl PanelBlock for Q5K {
    const TYPE: PanelType = PanelType::Q5_K;
    const GROUPS: usize = 8;
    const IN_ORDER: bool = false;

    #[inline(always)]
    unsafe fn add<S: Simd, const M: usize>(
        simd: S,
        tile: *const u8,
        first: usize,
        ahead: Ahead,
        rows: &[&[Group]; M],
        sums: &mut [S::Floats; M],
    ) {
        // SAFETY: the caller's promise.
        each_group!(GROUP => unsafe { add_q5_group::<S, M, GROUP>(simd, tile, first, ahead, rows, sums) });
    }
}

/// Group `GROUP` of a tile of `Q5_K`.
///
/// # Safety
/// `tile` points to a whole tile.
#[inline(always)]
unsafe fn add_q5_group<S: Simd, const M: usize, const GROUP: usize>(
    simd: S,
    tile: *const u8,
    first: usize,
    ahead: Ahead,
    rows: &[&[Group]; M],
    sums: &mut [S::Floats; M],
) {
    ahead.prefetch(simd, tile, Q5K::TYPE.tile(), GROUP, 8);
    // SAFETY: the caller's promise.
    unsafe {
        let weights = q5_weights::<S, GROUP>(simd, tile, first);
        add_with_minimum::<S, Q5K, M, 5>(simd, tile, first, GROUP, &weights, rows, sums);
    }
}

/// The integers of group `GROUP` of a tile of `Q5_K`.
///
/// # Safety
/// `tile` points to a whole tile.
#[inline(always)]
pub(super) unsafe fn q5_weights<S: Simd, const GROUP: usize>(
    simd: S,
    tile: *const u8,
    first: usize,
) -> [S::Integers; 8] {
    let (low_bits, fifth) = (mask(simd, 15), mask(simd, 16));
    // SAFETY: places of the fields of a whole tile.
    let (mut weights, bits) = unsafe {
        let weights = integers::<S, 8>(simd, tile, 48 + 32 * (GROUP / 2), first);
        (weights, integers::<S, 8>(simd, tile, 16, first))
    };
    for (weights, bits) in weights.iter_mut().zip(&bits) {
        // Bit `GROUP` of every byte.
        let high = match GROUP {
            0 => simd.shift_left::<4>(*bits),
            1 => simd.shift_left::<3>(*bits),
            2 => simd.shift_left::<2>(*bits),
            3 => simd.shift_left::<1>(*bits),
            4 => *bits,
            5 => simd.shift_right::<1>(*bits),
            6 => simd.shift_right::<2>(*bits),
            _ => simd.shift_right::<3>(*bits),
        };
        let low = nibble::<S, GROUP>(simd, *weights);
        *weights = simd.or(simd.and(low, low_bits), simd.and(high, fifth));
    }
    weights
}

/// Two groups lie in the same bytes: the low nibbles are the even one's.
#[inline(always)]
fn nibble<S: Simd, const GROUP: usize>(simd: S, bytes: S::Integers) -> S::Integers {
    if GROUP.is_multiple_of(2) { bytes } else { simd.shift_right::<4>(bytes) }
}

/// A group of `Q4_K` or `Q5_K` blocks: `scale * (d * s * dot + minimum * m * sum)`.
///
/// # Safety
/// `tile` points to a whole tile of them.
#[inline(always)]
unsafe fn add_with_minimum<S: Simd, B: PanelBlock, const M: usize, const BITS: u32>(
    simd: S,
    tile: *const u8,
    first: usize,
    index: usize,
    weights: &[S::Integers; 8],
    rows: &[&[Group]; M],
    sums: &mut [S::Floats; M],
) {
    // SAFETY: the caller's promise.
    let (scales, minima) = unsafe { scales_and_minima(simd, tile, index, first) };
    let dots = dots::<S, B, M, BITS>(simd, rows, index, weights, |_| simd.splat_integer(0));
    for ((sum, dot), row) in sums.iter_mut().zip(&dots).zip(rows) {
        let group = &row[index];
        let product = simd.mul(scales, simd.to_floats(*dot));
        let offset = simd.mul(minima, simd.splat(group.sum));
        *sum = simd.add(*sum, simd.mul(simd.splat(group.scale), simd.add(product, offset)));
    }
}

/// What integers of group `index` of `Q4_K` and `Q5_K` blocks are multiplied with, and what is added to each.
///
/// # Safety
/// `tile` points to a whole tile of them.
#[inline(always)]
pub(super) unsafe fn scales_and_minima<S: Simd>(
    simd: S,
    tile: *const u8,
    index: usize,
    first: usize,
) -> (S::Floats, S::Floats) {
    // SAFETY: places of the fields of a whole tile.
    let (d, minimum, (scale, m)) = unsafe {
        (halves(simd, tile, 0, first), halves(simd, tile, 2, first), scale_and_minimum(simd, tile, index, first))
    };
    (simd.mul(d, scale), simd.mul(simd.mul(simd.splat(-1.0), minimum), m))
}

/// Scale and minimum of group `index` of `Q4_K` and `Q5_K` blocks, 6 bits each, packed in 12 bytes from byte 4.
///
/// # Safety
/// `tile` points to a whole tile of them.
#[inline(always)]
unsafe fn scale_and_minimum<S: Simd>(simd: S, tile: *const u8, index: usize, first: usize) -> (S::Floats, S::Floats) {
    let [six, four, two] = [63, 15, 0x30].map(|bits| simd.splat_integer(bits));
    // SAFETY: a byte of each block, which the twelve have.
    let packed = |index: usize| unsafe { simd.load_u8(tile.wrapping_add(ROWS * (4 + index) + first)) };
    let (scale, minimum) = if index < 4 {
        (simd.and(packed(index), six), simd.and(packed(index + 4), six))
    } else {
        let low = packed(index + 4);
        let (scale, minimum) = (simd.shift_right::<2>(packed(index - 4)), simd.shift_right::<2>(packed(index)));
        (
            simd.or(simd.and(low, four), simd.and(scale, two)),
            simd.or(simd.shift_right::<4>(low), simd.and(minimum, two)),
        )
    };
    (simd.to_floats(scale), simd.to_floats(minimum))
}
