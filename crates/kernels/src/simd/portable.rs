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
    unsafe fn load_i8(self, from: *const i8) -> [f32; LANES] {
        // SAFETY: the caller's promise.
        unsafe { from.cast::<[i8; LANES]>().read_unaligned() }.map(f32::from)
    }

    #[inline(always)]
    unsafe fn store(self, floats: [f32; LANES], to: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { to.cast::<[f32; LANES]>().write_unaligned(floats) }
    }
}
