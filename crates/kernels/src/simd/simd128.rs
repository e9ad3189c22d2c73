//! WebAssembly: 4 lanes.

use std::arch::wasm32::{
    f32x4_add, f32x4_convert_i32x4, f32x4_mul, f32x4_splat, i16x8_extend_low_i8x16, i16x8_shl, i32x4_add,
    i32x4_dot_i16x8, i32x4_extend_low_i16x8, i32x4_extract_lane, i32x4_gt, i32x4_shl, i32x4_splat,
    u16x8_extend_low_u8x16, u16x8_shr, u32x4_extend_low_u16x8, v128, v128_and, v128_bitselect, v128_load,
    v128_load32_zero, v128_load64_zero, v128_or, v128_store,
};
#[cfg(target_feature = "relaxed-simd")]
use std::arch::wasm32::{
    f32x4_relaxed_madd, i8x16_splat, i16x8_add, i16x8_load_extend_i8x8, i16x8_relaxed_dot_i8x16_i7x16,
    i32x4_extadd_pairwise_i16x8, i32x4_relaxed_dot_i8x16_i7x16_add, i32x4_sub,
};
#[cfg(not(target_feature = "relaxed-simd"))]
use std::arch::wasm32::{i16x8_shr, i16x8_splat, i32x4_shr};

use super::{Kernel, Simd};
use crate::blocks::GROUP;
use crate::quantized_rows::Value;

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

    /// Whether the host fuses makes no difference to the bits.
    #[cfg(target_feature = "relaxed-simd")]
    #[inline(always)]
    fn add_exact(self, sum: v128, a: v128, b: v128) -> v128 {
        f32x4_relaxed_madd(a, b, sum)
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> v128 {
        // SAFETY: the caller's promise.
        unsafe { v128_load(from.cast()) }
    }

    #[inline(always)]
    unsafe fn load_f16(self, from: *const u16) -> v128 {
        // SAFETY: the caller's promise.
        let bits = u32x4_extend_low_u16x8(unsafe { v128_load64_zero(from.cast()) });
        let magnitude = v128_and(bits, i32x4_splat(0x7fff));
        let sign = i32x4_shl(v128_and(bits, i32x4_splat(0x8000)), 16);
        // Exponent and mantissa in place, the exponent of another bias; of infinity and NaN it stays all ones.
        let normal = i32x4_add(i32x4_shl(magnitude, 13), i32x4_splat(112 << 23));
        let special = v128_and(i32x4_gt(magnitude, i32x4_splat(0x7bff)), i32x4_splat(0x7f80_0000));
        // Subnormal halves are multiples of 2^-24. No subnormal float comes into it: some CPUs take a hundred cycles for one.
        let subnormal = f32x4_mul(f32x4_convert_i32x4(magnitude), f32x4_splat(f32::from_bits((127 - 24) << 23)));
        let is_subnormal = i32x4_gt(i32x4_splat(0x400), magnitude);
        v128_or(v128_bitselect(subnormal, v128_or(normal, special), is_subnormal), sign)
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
    fn to_floats(self, a: v128) -> v128 {
        f32x4_convert_i32x4(a)
    }

    #[cfg(not(target_feature = "relaxed-simd"))]
    #[inline(always)]
    fn dot<const N: usize, const BITS: u32>(self, start: v128, weights: &[v128; N], values: &[[i16; 4]; N]) -> v128 {
        let (mut low, mut high) = (start, i32x4_splat(0));
        for (weights, [a, b, c, d]) in weights.iter().zip(values) {
            let first = v128_and(*weights, i16x8_splat(0xff));
            low = i32x4_add(low, i32x4_dot_i16x8(first, i32x4_splat(super::both([*a, *b]))));
            high = i32x4_add(high, i32x4_dot_i16x8(u16x8_shr(*weights, 8), i32x4_splat(super::both([*c, *d]))));
        }
        i32x4_add(low, high)
    }

    #[inline(always)]
    fn bf16_pairs(self, pairs: v128) -> [v128; 2] {
        [i32x4_shl(pairs, 16), v128_and(pairs, i32x4_splat(-0x1_0000))]
    }

    #[cfg(target_feature = "relaxed-simd")]
    #[inline(always)]
    fn dot<const N: usize, const BITS: u32>(self, start: v128, weights: &[v128; N], values: &[[i8; 4]; N]) -> v128 {
        // The weights have the seven bits for which the result is the same on every host. With AVX-VNNI V8 makes one instruction of it
        // (`I32x4DotI8x16I7x16AddS`); elsewhere three, and there sums of 16 bits, as `dot_i8` has them, would be a sixth faster.
        let mut sum = start;
        for (weights, values) in weights.iter().zip(values) {
            sum = i32x4_relaxed_dot_i8x16_i7x16_add(i32x4_splat(super::four(*values)), *weights, sum);
        }
        sum
    }

    #[cfg(not(target_feature = "relaxed-simd"))]
    #[inline(always)]
    fn dot_i8(self, weights: &[v128; 8], values: &[[i16; 4]; 8], _: [i16; 2]) -> v128 {
        // The low bytes are multiplied in the high ones' place, by 256 each: all fits 32 bits.
        let (mut low, mut high) = (i32x4_splat(0), i32x4_splat(0));
        for (weights, [a, b, c, d]) in weights.iter().zip(values) {
            let first = i16x8_shl(*weights, 8);
            low = i32x4_add(low, i32x4_dot_i16x8(first, i32x4_splat(super::both([*a, *b]))));
            high = i32x4_add(high, i32x4_dot_i16x8(i16x8_shr(*weights, 8), i32x4_splat(super::both([*c, *d]))));
        }
        i32x4_add(i32x4_shr(low, 8), high)
    }

    #[cfg(target_feature = "relaxed-simd")]
    #[inline(always)]
    fn dot_i8(self, weights: &[v128; 8], values: &[[i8; 4]; 8], _: [i16; 2]) -> v128 {
        // Seven bits and the sign, which counts -128.
        let (mut sum, mut signs) = (i32x4_splat(0), i32x4_splat(0));
        for (weights, values) in weights.iter().zip(values) {
            let values = i32x4_splat(super::four(*values));
            sum = i32x4_relaxed_dot_i8x16_i7x16_add(values, v128_and(*weights, i8x16_splat(127)), sum);
            let sign = v128_and(u16x8_shr(*weights, 7), i8x16_splat(1));
            signs = i16x8_add(signs, i16x8_relaxed_dot_i8x16_i7x16(values, sign));
        }
        i32x4_sub(sum, i32x4_shl(i32x4_extadd_pairwise_i16x8(signs), 7))
    }

    /// Plain loops over bytes were half as fast in the relaxed module.
    #[inline(always)]
    fn dot_open(self, open: &[i16; GROUP], values: &[[Value; 4]; GROUP / 4]) -> i32 {
        let mut sum = i32x4_splat(0);
        let (open, _) = open.as_chunks::<8>();
        let (values, _) = values.as_flattened().as_chunks::<8>();
        for (open, values) in open.iter().zip(values) {
            // SAFETY: eight of two bytes.
            let open = unsafe { v128_load(open.as_ptr().cast()) };
            sum = i32x4_add(sum, i32x4_dot_i16x8(open, load_values(values)));
        }
        let [a, b, c, d] = [
            i32x4_extract_lane::<0>(sum),
            i32x4_extract_lane::<1>(sum),
            i32x4_extract_lane::<2>(sum),
            i32x4_extract_lane::<3>(sum),
        ];
        a + b + c + d
    }
}

#[cfg(not(target_feature = "relaxed-simd"))]
#[inline(always)]
fn load_values(values: &[i16; 8]) -> v128 {
    // SAFETY: eight of two bytes.
    unsafe { v128_load(values.as_ptr().cast()) }
}

#[cfg(target_feature = "relaxed-simd")]
#[inline(always)]
fn load_values(values: &[i8; 8]) -> v128 {
    // SAFETY: eight bytes.
    unsafe { i16x8_load_extend_i8x8(values.as_ptr()) }
}
