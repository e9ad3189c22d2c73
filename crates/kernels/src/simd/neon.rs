//! aarch64: 8 lanes in two registers, so that what all outputs share is read once for both.

mod dot;

use std::arch::aarch64::{
    float32x4_t, int32x4_t, vaddq_f32, vaddq_s32, vandq_s32, vcvt_f32_f16, vcvtq_f32_s32, vdupq_n_f32, vdupq_n_s16,
    vdupq_n_s32, vfmaq_f32, vget_high_s16, vget_high_u16, vget_low_s16, vget_low_u16, vld1_s8, vld1_u8, vld1_u16,
    vld1q_f32, vld1q_s32, vmovl_s8, vmovl_s16, vmovl_u8, vmovl_u16, vmulq_f32, vorrq_s32, vreinterpret_f16_u16,
    vreinterpretq_f32_s32, vreinterpretq_s32_u16, vreinterpretq_s32_u32, vreinterpretq_u16_s32, vshlq_n_s32, vshlq_u16,
    vst1q_f32,
};
use std::arch::asm;

use super::{Kernel, Simd};
use dot::Dot;
pub(crate) use dot::{Multiply, Sdot};

/// NEON, which every CPU of the architecture has, with a way to multiply bytes.
#[derive(Clone, Copy)]
pub(crate) struct Neon<D>(D);

impl Neon<Multiply> {
    /// What every CPU has.
    pub(crate) fn new() -> Self {
        Self(Multiply)
    }
}

impl Neon<Sdot> {
    /// # Safety
    /// The CPU has `dotprod`.
    pub(crate) unsafe fn with_dotprod() -> Self {
        // SAFETY: the caller's promise.
        Self(unsafe { Sdot::new() })
    }
}

/// Runs a kernel as a function that keeps the registers to itself: inlined into each other, all kernels of a tier are one, which takes
/// minutes to compile. Rust 1.95 ignores `inline(never)` where target features are enabled.
#[inline(never)]
fn alone<D: Dot, K: Kernel>(simd: Neon<D>, kernel: K) -> K::Output {
    simd.0.run(simd, kernel)
}

/// The same of both registers of each operand.
macro_rules! both {
    ($of:path; $($operand:expr),+) => {
        // SAFETY: every CPU of the architecture has NEON.
        unsafe { [$of($($operand[0]),+), $of($($operand[1]),+)] }
    };
}

// SAFETY of every block below: every CPU of the architecture has NEON.
impl<D: Dot> Simd for Neon<D> {
    const LANES: usize = 8;
    const REGISTERS: usize = 16;
    type Floats = [float32x4_t; 2];
    type Integers = [int32x4_t; 2];
    const UNSIGNED: bool = false;

    #[inline(always)]
    fn vectorize<K: Kernel>(self, kernel: K) -> K::Output {
        alone(self, kernel)
    }

    #[inline(always)]
    fn splat(self, value: f32) -> [float32x4_t; 2] {
        // SAFETY: as above.
        [unsafe { vdupq_n_f32(value) }; 2]
    }

    #[inline(always)]
    fn add(self, a: [float32x4_t; 2], b: [float32x4_t; 2]) -> [float32x4_t; 2] {
        both!(vaddq_f32; a, b)
    }

    #[inline(always)]
    fn mul(self, a: [float32x4_t; 2], b: [float32x4_t; 2]) -> [float32x4_t; 2] {
        both!(vmulq_f32; a, b)
    }

    #[inline(always)]
    fn add_exact(self, sum: [float32x4_t; 2], a: [float32x4_t; 2], b: [float32x4_t; 2]) -> [float32x4_t; 2] {
        both!(vfmaq_f32; sum, a, b)
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> [float32x4_t; 2] {
        // SAFETY: as above, and the caller's promise.
        unsafe { [vld1q_f32(from), vld1q_f32(from.wrapping_add(4))] }
    }

    #[inline(always)]
    unsafe fn load_f16(self, from: *const u16) -> [float32x4_t; 2] {
        // SAFETY: as above, and the caller's promise.
        unsafe {
            [
                vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(from))),
                vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(from.wrapping_add(4)))),
            ]
        }
    }

    #[inline(always)]
    unsafe fn store(self, floats: [float32x4_t; 2], to: *mut f32) {
        // SAFETY: as above, and the caller's promise.
        unsafe {
            vst1q_f32(to, floats[0]);
            vst1q_f32(to.wrapping_add(4), floats[1]);
        }
    }

    #[inline(always)]
    unsafe fn load_integers(self, from: *const u8) -> [int32x4_t; 2] {
        // SAFETY: as above, and the caller's promise; registers are read from anywhere.
        unsafe { [vld1q_s32(from.cast()), vld1q_s32(from.wrapping_add(16).cast())] }
    }

    #[inline(always)]
    unsafe fn load_u8(self, from: *const u8) -> [int32x4_t; 2] {
        // SAFETY: as above, and the caller's promise.
        unsafe {
            let halves = vmovl_u8(vld1_u8(from));
            [
                vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(halves))),
                vreinterpretq_s32_u32(vmovl_u16(vget_high_u16(halves))),
            ]
        }
    }

    #[inline(always)]
    unsafe fn load_signed(self, from: *const i8) -> [int32x4_t; 2] {
        // SAFETY: as above, and the caller's promise.
        unsafe {
            let halves = vmovl_s8(vld1_s8(from));
            [vmovl_s16(vget_low_s16(halves)), vmovl_s16(vget_high_s16(halves))]
        }
    }

    #[inline(always)]
    fn splat_integer(self, value: i32) -> [int32x4_t; 2] {
        // SAFETY: as above.
        [unsafe { vdupq_n_s32(value) }; 2]
    }

    #[inline(always)]
    fn and(self, a: [int32x4_t; 2], b: [int32x4_t; 2]) -> [int32x4_t; 2] {
        both!(vandq_s32; a, b)
    }

    #[inline(always)]
    fn or(self, a: [int32x4_t; 2], b: [int32x4_t; 2]) -> [int32x4_t; 2] {
        both!(vorrq_s32; a, b)
    }

    #[inline(always)]
    fn shift_left<const BITS: u32>(self, a: [int32x4_t; 2]) -> [int32x4_t; 2] {
        both!(shift_left::<BITS>; a)
    }

    #[inline(always)]
    fn shift_right<const BITS: u32>(self, a: [int32x4_t; 2]) -> [int32x4_t; 2] {
        both!(shift_right::<BITS>; a)
    }

    #[inline(always)]
    fn add_integers(self, a: [int32x4_t; 2], b: [int32x4_t; 2]) -> [int32x4_t; 2] {
        both!(vaddq_s32; a, b)
    }

    #[inline(always)]
    fn to_floats(self, a: [int32x4_t; 2]) -> [float32x4_t; 2] {
        both!(vcvtq_f32_s32; a)
    }

    #[inline(always)]
    fn dot<const N: usize, const BITS: u32>(
        self,
        start: [int32x4_t; 2],
        weights: &[[int32x4_t; 2]; N],
        values: &[[i8; 4]; N],
    ) -> [int32x4_t; 2] {
        self.0.dot::<N, BITS>(start, weights, values)
    }

    #[inline(always)]
    fn dot_i8(self, weights: &[[int32x4_t; 2]; 8], values: &[[i8; 4]; 8], _: [i16; 2]) -> [int32x4_t; 2] {
        self.0.dot::<8, 8>(self.splat_integer(0), weights, values)
    }

    #[inline(always)]
    fn bf16_pairs(self, pairs: [int32x4_t; 2]) -> [[float32x4_t; 2]; 2] {
        [both!(first_bf16; pairs), both!(second_bf16; pairs)]
    }

    #[inline(always)]
    fn prefetch<T>(self, address: *const T) {
        // SAFETY: it reads nothing, whatever the address.
        unsafe {
            asm!("prfm pldl2keep, [{address}]", address = in(reg) address.addr(), options(nomem, nostack, preserves_flags));
        }
    }
}

/// The lower half of each lane.
#[inline(always)]
unsafe fn first_bf16(pairs: int32x4_t) -> float32x4_t {
    // SAFETY: every CPU of the architecture has NEON.
    unsafe { vreinterpretq_f32_s32(vshlq_n_s32::<16>(pairs)) }
}

/// The upper half of each lane.
#[inline(always)]
unsafe fn second_bf16(pairs: int32x4_t) -> float32x4_t {
    // SAFETY: as above.
    unsafe { vreinterpretq_f32_s32(vandq_s32(pairs, vdupq_n_s32(-0x1_0000))) }
}

/// In halves of 16 bits.
#[inline(always)]
unsafe fn shift_left<const BITS: u32>(a: int32x4_t) -> int32x4_t {
    // SAFETY: every CPU of the architecture has NEON.
    unsafe { vreinterpretq_s32_u16(vshlq_u16(vreinterpretq_u16_s32(a), vdupq_n_s16(BITS as i16))) }
}

/// In halves of 16 bits.
#[inline(always)]
unsafe fn shift_right<const BITS: u32>(a: int32x4_t) -> int32x4_t {
    // SAFETY: every CPU of the architecture has NEON.
    unsafe { vreinterpretq_s32_u16(vshlq_u16(vreinterpretq_u16_s32(a), vdupq_n_s16(-(BITS as i16)))) }
}
