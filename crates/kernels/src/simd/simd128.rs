//! WebAssembly: 4 lanes.

#[cfg(not(target_feature = "relaxed-simd"))]
use std::arch::wasm32::u16x8_extend_high_u8x16;
use std::arch::wasm32::{
    f32x4_add, f32x4_convert_i32x4, f32x4_mul, f32x4_splat, i16x8_extend_high_i8x16, i16x8_extend_low_i8x16, i16x8_shl,
    i32x4_add, i32x4_dot_i16x8, i32x4_extend_low_i16x8, i32x4_mul, i32x4_shl, i32x4_shuffle, i32x4_splat,
    u16x8_extend_low_u8x16, u16x8_shr, u32x4_extend_low_u16x8, v128, v128_and, v128_load, v128_load32_zero,
    v128_load64_zero, v128_or, v128_store,
};
#[cfg(target_feature = "relaxed-simd")]
use std::arch::wasm32::{i16x8_add, i16x8_relaxed_dot_i8x16_i7x16, i32x4_extadd_pairwise_i16x8};

use super::{Kernel, Simd};
use crate::half_float::f16_to_f32;

/// What the module was compiled for; a host that lacks it does not compile the module.
#[derive(Clone, Copy)]
pub(crate) struct Simd128;

impl Simd for Simd128 {
    const LANES: usize = 4;
    const REGISTERS: usize = 16;
    type Floats = v128;
    type Integers = v128;
    const UNSIGNED: bool = false;

    #[inline(always)]
    fn vectorize<K: Kernel>(self, kernel: K) -> K::Output {
        kernel.run(self)
    }

    #[inline(always)]
    fn splat(self, value: f32) -> v128 {
        f32x4_splat(value)
    }

    #[inline(always)]
    fn add(self, a: v128, b: v128) -> v128 {
        f32x4_add(a, b)
    }

    #[inline(always)]
    fn mul(self, a: v128, b: v128) -> v128 {
        f32x4_mul(a, b)
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> v128 {
        // SAFETY: the caller's promise.
        unsafe { v128_load(from.cast()) }
    }

    #[inline(always)]
    unsafe fn load_f16(self, from: *const u16) -> v128 {
        // SAFETY: the caller's promise.
        let halves = unsafe { from.cast::<[u16; 4]>().read_unaligned() }.map(f16_to_f32);
        // SAFETY: four floats.
        unsafe { v128_load(halves.as_ptr().cast()) }
    }

    #[inline(always)]
    unsafe fn load_bf16(self, from: *const u16) -> v128 {
        // SAFETY: the caller's promise.
        let halves = unsafe { v128_load64_zero(from.cast()) };
        i32x4_shl(u32x4_extend_low_u16x8(halves), 16)
    }

    #[inline(always)]
    unsafe fn load_i8(self, from: *const i8) -> v128 {
        // SAFETY: the caller's promise.
        let bytes = unsafe { v128_load32_zero(from.cast()) };
        f32x4_convert_i32x4(i32x4_extend_low_i16x8(i16x8_extend_low_i8x16(bytes)))
    }

    #[inline(always)]
    unsafe fn store(self, floats: v128, to: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { v128_store(to.cast(), floats) }
    }

    #[inline(always)]
    unsafe fn load_integers(self, from: *const u8) -> v128 {
        // SAFETY: the caller's promise.
        unsafe { v128_load(from.cast()) }
    }

    #[inline(always)]
    unsafe fn load_u8(self, from: *const u8) -> v128 {
        // SAFETY: the caller's promise.
        let bytes = unsafe { v128_load32_zero(from.cast()) };
        u32x4_extend_low_u16x8(u16x8_extend_low_u8x16(bytes))
    }

    #[inline(always)]
    unsafe fn load_signed(self, from: *const i8) -> v128 {
        // SAFETY: the caller's promise.
        let bytes = unsafe { v128_load32_zero(from.cast()) };
        i32x4_extend_low_i16x8(i16x8_extend_low_i8x16(bytes))
    }

    #[inline(always)]
    fn splat_integer(self, value: i32) -> v128 {
        i32x4_splat(value)
    }

    #[inline(always)]
    fn and(self, a: v128, b: v128) -> v128 {
        v128_and(a, b)
    }

    #[inline(always)]
    fn or(self, a: v128, b: v128) -> v128 {
        v128_or(a, b)
    }

    #[inline(always)]
    fn shift_left<const BITS: u32>(self, a: v128) -> v128 {
        i16x8_shl(a, BITS)
    }

    #[inline(always)]
    fn shift_right<const BITS: u32>(self, a: v128) -> v128 {
        u16x8_shr(a, BITS)
    }

    #[inline(always)]
    fn add_integers(self, a: v128, b: v128) -> v128 {
        i32x4_add(a, b)
    }

    #[inline(always)]
    fn mul_integers(self, a: v128, b: v128) -> v128 {
        i32x4_mul(a, b)
    }

    #[inline(always)]
    fn to_floats(self, a: v128) -> v128 {
        f32x4_convert_i32x4(a)
    }

    #[inline(always)]
    fn sum_of_pair(self, pair: [i16; 2], factors: [i16; 2]) -> v128 {
        i32x4_splat(i32::from(pair[0]) * i32::from(factors[0]) + i32::from(pair[1]) * i32::from(factors[1]))
    }

    #[cfg(not(target_feature = "relaxed-simd"))]
    #[inline(always)]
    fn dot<const N: usize, const BITS: u32>(self, start: v128, weights: &[v128; N], values: &[[i8; 4]; N]) -> v128 {
        let mut sums = [i32x4_splat(0); 2];
        for (weights, values) in weights.iter().zip(values) {
            let values = i16x8_extend_low_i8x16(i32x4_splat(super::four(*values)));
            sums[0] = i32x4_add(sums[0], i32x4_dot_i16x8(u16x8_extend_low_u8x16(*weights), values));
            sums[1] = i32x4_add(sums[1], i32x4_dot_i16x8(u16x8_extend_high_u8x16(*weights), values));
        }
        i32x4_add(start, pairs(sums))
    }

    #[cfg(target_feature = "relaxed-simd")]
    #[inline(always)]
    fn dot<const N: usize, const BITS: u32>(self, start: v128, weights: &[v128; N], values: &[[i8; 4]; N]) -> v128 {
        // Sums of pairs of products that stay within 16 bits. The weights have the seven bits for which the result is the same on
        // every host.
        let together = const { i16::MAX as usize / (2 * ((1 << BITS) - 1) * 127) };
        let mut sum = start;
        for (weights, values) in weights.chunks(together).zip(values.chunks(together)) {
            let mut pairs = i32x4_splat(0);
            for (weights, values) in weights.iter().zip(values) {
                let values = i32x4_splat(super::four(*values));
                pairs = i16x8_add(pairs, i16x8_relaxed_dot_i8x16_i7x16(values, *weights));
            }
            sum = i32x4_add(sum, i32x4_extadd_pairwise_i16x8(pairs));
        }
        sum
    }

    #[inline(always)]
    fn dot_i8(self, weights: &[v128; 8], values: &[[i8; 4]; 8], _: [i16; 2]) -> v128 {
        let mut sums = [i32x4_splat(0); 2];
        for (weights, values) in weights.iter().zip(values) {
            let values = i16x8_extend_low_i8x16(i32x4_splat(super::four(*values)));
            sums[0] = i32x4_add(sums[0], i32x4_dot_i16x8(i16x8_extend_low_i8x16(*weights), values));
            sums[1] = i32x4_add(sums[1], i32x4_dot_i16x8(i16x8_extend_high_i8x16(*weights), values));
        }
        pairs(sums)
    }
}

/// Sums of neighbours: of two lanes for each of four outputs.
#[inline(always)]
fn pairs([low, high]: [v128; 2]) -> v128 {
    i32x4_add(i32x4_shuffle::<0, 2, 4, 6>(low, high), i32x4_shuffle::<1, 3, 5, 7>(low, high))
}
