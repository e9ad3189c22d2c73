//! Panels opened into signed bytes, for products with blocks of rows.

use super::k_quants::{Q4K, Q5K, each_group, q4_weights, q5_weights, scales_and_minima};
use super::q6_k::{Q6K, q6_scales, q6_weights};
use super::simple::{Q40, Q50, Q80, nibbles, with_fifth_bits};
use super::{PanelBlock, halves, integers};
use crate::panel::ROWS;
use crate::simd::Simd;
use crate::simd::amx::Right;

/// A group of 16 outputs.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct OpenGroup {
    pub(super) integers: Right,
    /// As [`Form`] says.
    pub(super) factors: [[f32; ROWS]; 3],
}

impl OpenGroup {
    pub(super) const ZERO: Self = Self { integers: [[0; 64]; 8], factors: [[0.0; ROWS]; 3] };
}

/// What becomes of a group's dot products.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// `f0 * dot`
    Scale,
    /// `f0 * dot + f1 * sum of the row's integers`
    Minimum,
    /// `f0 * (f1 * first half's dot + f2 * second half's)`; what is in the brackets is an integer below 2^24.
    Halves,
}

/// A block type that opens.
pub(super) trait OpenPanel: PanelBlock {
    const FORM: Form;

    /// Opens a tile's groups, for `LANES` outputs from output `first`.
    ///
    /// # Safety
    /// `tile` points to a whole tile, and there are as many groups.
    unsafe fn open<S: Simd>(simd: S, tile: *const u8, first: usize, groups: &mut [OpenGroup]);
}

/// Puts `LANES` outputs of a group into their place: integers, which are `more` than they should be, and factors.
#[inline(always)]
fn put<S: Simd, const F: usize>(
    simd: S,
    group: &mut OpenGroup,
    first: usize,
    (integers, more): ([S::Integers; 8], u8),
    factors: [S::Floats; F],
) {
    for (integers, place) in integers.iter().zip(&mut group.integers) {
        let place = &mut place[4 * first..4 * (first + S::LANES)];
        // SAFETY: four bytes for each lane.
        unsafe { simd.store_less(*integers, more, place.as_mut_ptr()) };
    }
    for (factors, place) in factors.iter().zip(&mut group.factors) {
        simd.write(*factors, &mut place[first..]);
    }
}

impl OpenPanel for Q40 {
    const FORM: Form = Form::Scale;

    #[inline(always)]
    unsafe fn open<S: Simd>(simd: S, tile: *const u8, first: usize, groups: &mut [OpenGroup]) {
        // SAFETY: places of the fields of a whole tile.
        let (scales, bytes) = unsafe { (halves(simd, tile, 0, first), integers::<S, 4>(simd, tile, 2, first)) };
        put(simd, &mut groups[0], first, (nibbles(simd, bytes), 8), [scales]);
    }
}

impl OpenPanel for Q50 {
    const FORM: Form = Form::Scale;

    #[inline(always)]
    unsafe fn open<S: Simd>(simd: S, tile: *const u8, first: usize, groups: &mut [OpenGroup]) {
        // SAFETY: places of the fields of a whole tile.
        let (scales, [bits], bytes) = unsafe {
            (
                halves(simd, tile, 0, first),
                integers::<S, 1>(simd, tile, 2, first),
                integers::<S, 4>(simd, tile, 6, first),
            )
        };
        let weights = with_fifth_bits(simd, nibbles(simd, bytes), bits);
        put(simd, &mut groups[0], first, (weights, 16), [scales]);
    }
}

impl OpenPanel for Q80 {
    const FORM: Form = Form::Scale;

    #[inline(always)]
    unsafe fn open<S: Simd>(simd: S, tile: *const u8, first: usize, groups: &mut [OpenGroup]) {
        // SAFETY: places of the fields of a whole tile.
        let (scales, bytes) = unsafe { (halves(simd, tile, 0, first), integers::<S, 8>(simd, tile, 2, first)) };
        // Tiers that take blocks have them unsigned in panels.
        put(simd, &mut groups[0], first, (bytes, 128), [scales]);
    }
}

impl OpenPanel for Q4K {
    const FORM: Form = Form::Minimum;

    #[inline(always)]
    unsafe fn open<S: Simd>(simd: S, tile: *const u8, first: usize, groups: &mut [OpenGroup]) {
        each_group!(GROUP => {
            // SAFETY: the caller's promise.
            let (weights, (scales, minima)) = unsafe {
                (q4_weights::<S, GROUP>(simd, tile, first), scales_and_minima(simd, tile, GROUP, first))
            };
            put(simd, &mut groups[GROUP], first, (weights, 0), [scales, minima]);
        });
    }
}

impl OpenPanel for Q5K {
    const FORM: Form = Form::Minimum;

    #[inline(always)]
    unsafe fn open<S: Simd>(simd: S, tile: *const u8, first: usize, groups: &mut [OpenGroup]) {
        each_group!(GROUP => {
            // SAFETY: the caller's promise.
            let (weights, (scales, minima)) = unsafe {
                (q5_weights::<S, GROUP>(simd, tile, first), scales_and_minima(simd, tile, GROUP, first))
            };
            put(simd, &mut groups[GROUP], first, (weights, 0), [scales, minima]);
        });
    }
}

impl OpenPanel for Q6K {
    const FORM: Form = Form::Halves;

    #[inline(always)]
    unsafe fn open<S: Simd>(simd: S, tile: *const u8, first: usize, groups: &mut [OpenGroup]) {
        // SAFETY: a place of a field of a whole tile.
        let d = unsafe { halves(simd, tile, 208, first) };
        each_group!(GROUP => {
            // SAFETY: the caller's promise.
            let ([w0, w1, w2, w3], [w4, w5, w6, w7], [low, high]) = unsafe {
                (
                    q6_weights::<S, GROUP>(simd, tile, 0, first),
                    q6_weights::<S, GROUP>(simd, tile, 1, first),
                    q6_scales(simd, tile, GROUP, first),
                )
            };
            let weights = [w0, w1, w2, w3, w4, w5, w6, w7];
            put(simd, &mut groups[GROUP], first, (weights, 32), [d, low, high]);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block_type::BlockType;
    use crate::embedding::embedding;
    use crate::panel::PanelType;
    use crate::pool::ThreadPool;
    use crate::simd::Baseline;
    use crate::synthetic::{weight_bytes, weight_for};
    use crate::tier::Tier;

    /// Integers and factors are the weights, whatever CPU this is.
    fn opens<B: OpenPanel>(block_type: BlockType) {
        let columns = 32 * B::GROUPS;
        let file = weight_bytes(block_type, ROWS, columns, 9, 1.0);
        let mut panel = vec![0; file.len()];
        let panels = PanelType::of(block_type, columns, Tier::Amx).unwrap();
        panels.arrange(Tier::Amx, &file, &mut panel);
        let mut groups = [OpenGroup::ZERO; 8];
        for first in (0..ROWS).step_by(Baseline::LANES) {
            // SAFETY: the panel is one tile.
            unsafe { B::open(Baseline, panel.as_ptr(), first, &mut groups[..B::GROUPS]) };
        }
        let weight = weight_for(Tier::Portable, block_type, (ROWS, columns), 9, 1.0).unwrap();
        let mut expected = vec![0.0; ROWS * columns];
        let tokens: Vec<u32> = (0..ROWS as u32).collect();
        embedding(&ThreadPool::new(1).unwrap(), &weight, &tokens, &mut expected).unwrap();
        for (row, expected) in expected.chunks(columns).enumerate() {
            for (column, expected) in expected.iter().enumerate() {
                let OpenGroup { integers, factors: [f0, f1, f2] } = &groups[column / 32];
                let integer = f64::from(integers[column % 32 / 4][4 * row + column % 4]);
                let [f0, f1, f2] = [f0, f1, f2].map(|factors| f64::from(factors[row]));
                let value = match B::FORM {
                    Form::Scale => f0 * integer,
                    Form::Minimum => f0 * integer + f1,
                    Form::Halves => f0 * integer * if column % 32 < 16 { f1 } else { f2 },
                };
                assert!(
                    (value - f64::from(*expected)).abs() < 1e-5,
                    "{block_type:?}, {row}, {column}: {value}, {expected}"
                );
            }
        }
    }

    #[test]
    fn opens_into_integers_and_factors() {
        opens::<Q40>(BlockType::Q4_0);
        opens::<Q50>(BlockType::Q5_0);
        opens::<Q80>(BlockType::Q8_0);
        opens::<Q4K>(BlockType::Q4_K);
        opens::<Q5K>(BlockType::Q5_K);
        opens::<Q6K>(BlockType::Q6_K);
    }
}
