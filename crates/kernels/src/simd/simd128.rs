//! WebAssembly: 4 lanes.

use std::arch::wasm32::{
    f32x4_add, f32x4_convert_i32x4, f32x4_mul, f32x4_splat, i16x8_extend_low_i8x16, i32x4_extend_low_i16x8, v128,
    v128_load, v128_load32_zero, v128_store,
};

use super::{Kernel, Simd};
use crate::half_float::f16_to_f32;

/// What the module was compiled for; a host that lacks it does not compile the module.
#[derive(Clone, Copy)]
pub(crate) struct Simd128;

impl Simd for Simd128 {
    const LANES: usize = 4;
    const REGISTERS: usize = 16;
    type Floats = v128;

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
}
