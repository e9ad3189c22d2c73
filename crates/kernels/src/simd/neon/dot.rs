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
            for (part, sum) in sum.iter_mut().enumerate() {
                *sum = sdot::<0>(*sum, weights[0][part], values);
                *sum = sdot::<1>(*sum, weights[1][part], values);
                *sum = sdot::<2>(*sum, weights[2][part], values);
                *sum = sdot::<3>(*sum, weights[3][part], values);
            }
        }
        for (weights, values) in rest.iter().zip(rest_of_values) {
            // SAFETY: as above, of one.
            let values = unsafe { vld1q_dup_s32(values.as_ptr().cast()) };
            for (sum, weights) in sum.iter_mut().zip(weights) {
                *sum = sdot::<0>(*sum, *weights, values);
            }
        }
        sum
    }
}

/// Adds the products of four bytes of each lane with those of lane `LANE` of `values`. Its intrinsic is unstable in Rust 1.95.
#[inline(always)]
fn sdot<const LANE: usize>(sum: int32x4_t, weights: int32x4_t, values: int32x4_t) -> int32x4_t {
    let mut sum = sum;
    // SAFETY: where a value of `Sdot` exists the CPU has the instruction, which computes on these registers alone.
    unsafe {
        asm!(
            "sdot {sum:v}.4s, {weights:v}.16b, {values:v}.4b[{lane}]",
            sum = inlateout(vreg) sum,
            weights = in(vreg) weights,
            values = in(vreg) values,
            lane = const LANE,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sum
}
