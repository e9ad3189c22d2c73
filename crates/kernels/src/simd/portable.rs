//! Plain Rust: the twin that every other is compared with, and what runs where there is no other.

use super::{Kernel, Simd};
use crate::half_float::f16_to_f32;

/// Nothing but what every CPU of the architecture has.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

const LANES: usize = 4;

impl Simd for Portable {
    const LANES: usize = LANES;
    const REGISTERS: usize = 16;
    type Floats = [f32; LANES];
    type Integers = [i32; LANES];
    const UNSIGNED: bool = false;
    const PANELS: bool = false;

    #[inline(always)]
    fn vectorize<K: Kernel>(self, kernel: K) -> K::Output {
        kernel.run(self)
    }

    #[inline(always)]
    fn splat(self, value: f32) -> [f32; LANES] {
        [value; LANES]
    }

    #[inline(always)]
    fn add(self, a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        std::array::from_fn(|lane| a[lane] + b[lane])
    }

    #[inline(always)]
    fn mul(self, a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        std::array::from_fn(|lane| a[lane] * b[lane])
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> [f32; LANES] {
        // SAFETY: the caller's promise.
        unsafe { from.cast::<[f32; LANES]>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn load_f16(self, from: *const u16) -> [f32; LANES] {
        // SAFETY: the caller's promise.
        unsafe { from.cast::<[u16; LANES]>().read_unaligned() }.map(f16_to_f32)
    }

    #[inline(always)]
    unsafe fn store(self, floats: [f32; LANES], to: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { to.cast::<[f32; LANES]>().write_unaligned(floats) }
    }

    #[inline(always)]
    unsafe fn load_integers(self, from: *const u8) -> [i32; LANES] {
        // SAFETY: the caller's promise.
        unsafe { from.cast::<[[u8; 4]; LANES]>().read_unaligned() }.map(i32::from_le_bytes)
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    unsafe fn store_less(self, integers: [i32; LANES], by: u8, to: *mut i8) {
        let bytes = integers.map(|lane| lane.to_le_bytes().map(|byte| byte.wrapping_sub(by) as i8));
        // SAFETY: the caller's promise.
        unsafe { to.cast::<[[i8; 4]; LANES]>().write_unaligned(bytes) }
    }

    #[inline(always)]
    unsafe fn load_u8(self, from: *const u8) -> [i32; LANES] {
        // SAFETY: the caller's promise.
        unsafe { from.cast::<[u8; LANES]>().read_unaligned() }.map(i32::from)
    }

    #[inline(always)]
    unsafe fn load_signed(self, from: *const i8) -> [i32; LANES] {
        // SAFETY: the caller's promise.
        unsafe { from.cast::<[i8; LANES]>().read_unaligned() }.map(i32::from)
    }

    #[inline(always)]
    fn splat_integer(self, value: i32) -> [i32; LANES] {
        [value; LANES]
    }

    #[inline(always)]
    fn and(self, a: [i32; LANES], b: [i32; LANES]) -> [i32; LANES] {
        std::array::from_fn(|lane| a[lane] & b[lane])
    }

    #[inline(always)]
    fn or(self, a: [i32; LANES], b: [i32; LANES]) -> [i32; LANES] {
        std::array::from_fn(|lane| a[lane] | b[lane])
    }

    #[inline(always)]
    fn shift_left<const BITS: u32>(self, a: [i32; LANES]) -> [i32; LANES] {
        a.map(|lane| halves(lane, |half| half << BITS))
    }

    #[inline(always)]
    fn shift_right<const BITS: u32>(self, a: [i32; LANES]) -> [i32; LANES] {
        a.map(|lane| halves(lane, |half| half >> BITS))
    }

    #[inline(always)]
    fn add_integers(self, a: [i32; LANES], b: [i32; LANES]) -> [i32; LANES] {
        std::array::from_fn(|lane| a[lane] + b[lane])
    }

    #[inline(always)]
    fn to_floats(self, a: [i32; LANES]) -> [f32; LANES] {
        a.map(|lane| lane as f32)
    }

    #[inline(always)]
    fn bf16_pairs(self, pairs: [i32; LANES]) -> [[f32; LANES]; 2] {
        [
            std::array::from_fn(|lane| f32::from_bits((pairs[lane] as u32) << 16)),
            std::array::from_fn(|lane| f32::from_bits(pairs[lane] as u32 & 0xffff_0000)),
        ]
    }

    #[inline(always)]
    fn dot<const N: usize, const BITS: u32>(
        self,
        start: [i32; LANES],
        weights: &[[i32; LANES]; N],
        values: &[[i8; 4]; N],
    ) -> [i32; LANES] {
        let mut sums = start;
        for (weights, values) in weights.iter().zip(values) {
            for (sum, weights) in sums.iter_mut().zip(weights) {
                for (weight, value) in weights.to_le_bytes().into_iter().zip(values) {
                    *sum += i32::from(weight) * i32::from(*value);
                }
            }
        }
        sums
    }

    #[inline(always)]
    fn dot_i8(self, weights: &[[i32; LANES]; 8], values: &[[i8; 4]; 8], _: [i16; 2]) -> [i32; LANES] {
        let mut sums = [0; LANES];
        for (weights, values) in weights.iter().zip(values) {
            for (sum, weights) in sums.iter_mut().zip(weights) {
                for (weight, value) in weights.to_le_bytes().into_iter().zip(values) {
                    *sum += i32::from(weight as i8) * i32::from(*value);
                }
            }
        }
        sums
    }
}

/// Both halves of a lane.
#[inline(always)]
fn halves(lane: i32, of: impl Fn(u16) -> u16) -> i32 {
    let (low, high) = (of(lane as u16), of((lane >> 16) as u16));
    i32::from(low) | (i32::from(high) << 16)
}
