//! Products of bytes, four for each lane.

use std::arch::aarch64::{
    int32x4_t, vaddq_s32, vdupq_n_s16, vget_low_s8, vld1q_dup_s32, vld1q_s32, vmlal_high_s8, vmlal_s8, vpaddlq_s16,
    vpaddq_s32, vreinterpretq_s8_s32,
};
use std::arch::asm;

use crate::simd::{Kernel, Simd};

/// How signed bytes of weights are multiplied with values.
pub(crate) trait Dot: Copy {
    /// Runs `kernel` on `simd`, compiled for these instructions.
    fn run<S: Simd, K: Kernel>(self, simd: S, kernel: K) -> K::Output;

    /// `start` plus the products of weights from `-2^(BITS - 1)`, or from 0, if `BITS` is below 8, to what so many bits hold.
    fn dot<const N: usize, const BITS: u32>(
        self,
        start: [int32x4_t; 2],
        weights: &[[int32x4_t; 2]; N],
        values: &[[i8; 4]; N],
    ) -> [int32x4_t; 2];
}

/// Widening multiplications.
#[derive(Clone, Copy)]
pub(crate) struct Multiply;

impl Dot for Multiply {
    #[inline(always)]
    fn run<S: Simd, K: Kernel>(self, simd: S, kernel: K) -> K::Output {
        kernel.run(simd)
    }

    #[inline(always)]
    fn dot<const N: usize, const BITS: u32>(
        self,
        start: [int32x4_t; 2],
        weights: &[[int32x4_t; 2]; N],
        values: &[[i8; 4]; N],
    ) -> [int32x4_t; 2] {
        // Products whose sum stays within 16 bits.
        let together = const { i16::MAX as usize / (if BITS == 8 { 128 } else { (1 << BITS) - 1 } * 127) };
        let mut sum = start;
        // SAFETY: every CPU of the architecture has NEON; a value is four bytes.
        unsafe {
            for (weights, values) in weights.chunks(together).zip(values.chunks(together)) {
                let mut products = [[vdupq_n_s16(0); 2]; 2];
                for (weights, values) in weights.iter().zip(values) {
                    let values = vreinterpretq_s8_s32(vld1q_dup_s32(values.as_ptr().cast()));
                    for (products, weights) in products.iter_mut().zip(weights) {
                        let weights = vreinterpretq_s8_s32(*weights);
                        products[0] = vmlal_s8(products[0], vget_low_s8(weights), vget_low_s8(values));
                        products[1] = vmlal_high_s8(products[1], weights, values);
                    }
                }
                for (sum, products) in sum.iter_mut().zip(&products) {
                    *sum = vaddq_s32(*sum, vpaddq_s32(vpaddlq_s16(products[0]), vpaddlq_s16(products[1])));
                }
            }
        }
        sum
    }
}

/// `sdot`.
#[derive(Clone, Copy)]
pub(crate) struct Sdot(());

impl Sdot {
    /// # Safety
    /// The CPU has `dotprod`.
    pub(super) unsafe fn new() -> Self {
        Self(())
    }
}

#[target_feature(enable = "dotprod")]
fn run<S: Simd, K: Kernel>(simd: S, kernel: K) -> K::Output {
    kernel.run(simd)
}

impl Dot for Sdot {
    #[inline(always)]
    fn run<S: Simd, K: Kernel>(self, simd: S, kernel: K) -> K::Output {
        // SAFETY: a value of `Sdot` exists only where the CPU has the instructions.
        unsafe { run(simd, kernel) }
    }

    #[inline(always)]
    fn dot<const N: usize, const BITS: u32>(
        self,
        start: [int32x4_t; 2],
        weights: &[[int32x4_t; 2]; N],
        values: &[[i8; 4]; N],
    ) -> [int32x4_t; 2] {
        let mut sum = start;
        let (weights, rest) = weights.as_chunks::<4>();
        let (values, rest_of_values) = values.as_chunks::<4>();
        for (weights, values) in weights.iter().zip(values) {
            // SAFETY: four values of four bytes; every CPU of the architecture has NEON.
            let values = unsafe { vld1q_s32(values.as_ptr().cast()) };
            sum = sdot_four(sum, weights, values);
        }
        for (weights, values) in rest.iter().zip(rest_of_values) {
            // SAFETY: as above, of one.
            let values = unsafe { vld1q_dup_s32(values.as_ptr().cast()) };
            sum = [sdot(sum[0], weights[0], values), sdot(sum[1], weights[1], values)];
        }
        sum
    }
}

/// Adds the products of four bytes of each lane with those of the lane of `values`. The intrinsic is unstable in Rust 1.95.
#[inline(always)]
fn sdot(sum: int32x4_t, weights: int32x4_t, values: int32x4_t) -> int32x4_t {
    let mut sum = sum;
    // SAFETY: where a value of `Sdot` exists the CPU has the instruction, which computes on these registers alone.
    unsafe {
        asm!(
            "sdot {sum:v}.4s, {weights:v}.16b, {values:v}.16b",
            sum = inlateout(vreg) sum,
            weights = in(vreg) weights,
            values = in(vreg) values,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sum
}

/// The same of four registers of weights, for each of which there is a lane of `values`. One block: LLVM unrolls no loop over many.
#[inline(always)]
fn sdot_four(sum: [int32x4_t; 2], weights: &[[int32x4_t; 2]; 4], values: int32x4_t) -> [int32x4_t; 2] {
    let [mut low, mut high] = sum;
    // SAFETY: as above; nothing is written before what is read after it, but the sums, which are theirs alone.
    unsafe {
        asm!(
            "sdot {low:v}.4s, {low0:v}.16b, {values:v}.4b[0]",
            "sdot {high:v}.4s, {high0:v}.16b, {values:v}.4b[0]",
            "sdot {low:v}.4s, {low1:v}.16b, {values:v}.4b[1]",
            "sdot {high:v}.4s, {high1:v}.16b, {values:v}.4b[1]",
            "sdot {low:v}.4s, {low2:v}.16b, {values:v}.4b[2]",
            "sdot {high:v}.4s, {high2:v}.16b, {values:v}.4b[2]",
            "sdot {low:v}.4s, {low3:v}.16b, {values:v}.4b[3]",
            "sdot {high:v}.4s, {high3:v}.16b, {values:v}.4b[3]",
            low = inout(vreg) low,
            high = inout(vreg) high,
            low0 = in(vreg) weights[0][0],
            high0 = in(vreg) weights[0][1],
            low1 = in(vreg) weights[1][0],
            high1 = in(vreg) weights[1][1],
            low2 = in(vreg) weights[2][0],
            high2 = in(vreg) weights[2][1],
            low3 = in(vreg) weights[3][0],
            high3 = in(vreg) weights[3][1],
            values = in(vreg) values,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    [low, high]
}
