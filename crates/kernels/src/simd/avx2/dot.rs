//! Products of bytes.

#[cfg(not(feature = "avx-vnni-as-avx512"))]
use std::arch::x86_64::_mm256_dpbusd_avx_epi32 as dpbusd;
#[cfg(feature = "avx-vnni-as-avx512")]
use std::arch::x86_64::_mm256_dpbusd_epi32 as dpbusd;
use std::arch::x86_64::{
    __m256i, _mm256_abs_epi8, _mm256_add_epi16, _mm256_add_epi32, _mm256_madd_epi16, _mm256_maddubs_epi16,
    _mm256_set1_epi16, _mm256_set1_epi32, _mm256_setzero_si256, _mm256_sign_epi8,
};

use super::Avx2;
use crate::simd::{Kernel, both, four};

/// Instructions that multiply bytes: a value of this type is the proof that the CPU has them, and AVX2, FMA and F16C.
pub(crate) trait Dot: Copy {
    /// As [`crate::simd::Simd::UNSIGNED`].
    const UNSIGNED: bool;

    /// Runs a kernel, compiled for these instructions.
    fn run<K: Kernel>(self, simd: Avx2<Self>, kernel: K) -> K::Output;

    /// As [`crate::simd::Simd::dot`].
    fn dot<const N: usize, const BITS: u32>(
        self,
        start: __m256i,
        weights: &[__m256i; N],
        values: &[[i8; 4]; N],
    ) -> __m256i;

    /// As [`crate::simd::Simd::dots`].
    #[inline(always)]
    fn dots<const M: usize, const N: usize, const BITS: u32>(
        self,
        dots: &mut [__m256i; M],
        weights: &[__m256i; N],
        values: &[&[[i8; 4]; N]; M],
    ) {
        for (dot, values) in dots.iter_mut().zip(values) {
            *dot = self.dot::<N, BITS>(*dot, weights, values);
        }
    }

    /// As [`crate::simd::Simd::dot_i8`].
    fn dot_i8(self, weights: &[__m256i; 8], values: &[[i8; 4]; 8], sums: [i16; 2]) -> __m256i;
}

/// `vpmaddubsw`: sums of two products, in 16 bits.
#[derive(Clone, Copy)]
pub(crate) struct Maddubs(());

impl Maddubs {
    /// # Safety
    /// The CPU has AVX2, FMA and F16C.
    pub(super) unsafe fn new() -> Self {
        Self(())
    }
}

#[target_feature(enable = "avx2,fma,f16c")]
fn run_maddubs<K: Kernel>(simd: Avx2<Maddubs>, kernel: K) -> K::Output {
    kernel.run(simd)
}

// SAFETY of every block below: a value of `Maddubs` exists only where the CPU has these instructions.
impl Dot for Maddubs {
    const UNSIGNED: bool = false;

    #[inline(always)]
    fn run<K: Kernel>(self, simd: Avx2<Self>, kernel: K) -> K::Output {
        // SAFETY: as above.
        unsafe { run_maddubs(simd, kernel) }
    }

    #[inline(always)]
    fn dot<const N: usize, const BITS: u32>(
        self,
        start: __m256i,
        weights: &[__m256i; N],
        values: &[[i8; 4]; N],
    ) -> __m256i {
        // Sums of pairs of products that stay within 16 bits.
        let together = const { i16::MAX as usize / (2 * ((1 << BITS) - 1) * 127) };
        let mut sum = start;
        for (weights, values) in weights.chunks(together).zip(values.chunks(together)) {
            // SAFETY: as above.
            unsafe {
                let mut pairs = _mm256_setzero_si256();
                for (weights, values) in weights.iter().zip(values) {
                    let values = _mm256_set1_epi32(four(*values));
                    pairs = _mm256_add_epi16(pairs, _mm256_maddubs_epi16(*weights, values));
                }
                sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
            }
        }
        sum
    }

    #[inline(always)]
    fn dot_i8(self, weights: &[__m256i; 8], values: &[[i8; 4]; 8], _: [i16; 2]) -> __m256i {
        // SAFETY: as above.
        let mut sum = unsafe { _mm256_setzero_si256() };
        for (weights, values) in weights.iter().zip(values) {
            // SAFETY: as above.
            unsafe {
                // |w| · (x with the sign of w): two of at most 128 · 127.
                let signed = _mm256_sign_epi8(_mm256_set1_epi32(four(*values)), *weights);
                let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(*weights), signed);
                sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
            }
        }
        sum
    }
}

/// `vpdpbusd` of AVX-VNNI: four products and the sum so far. The feature `avx-vnni-as-avx512` takes AVX-512's encoding of it, for tests
/// on a CPU that has no other.
#[derive(Clone, Copy)]
pub(crate) struct Dpbusd(());

impl Dpbusd {
    /// # Safety
    /// The CPU has AVX2, FMA, F16C and [`Self::is_available`].
    pub(super) unsafe fn new() -> Self {
        Self(())
    }

    /// Whether the CPU has the instruction.
    pub(crate) fn is_available() -> bool {
        if cfg!(feature = "avx-vnni-as-avx512") {
            is_x86_feature_detected!("avx512vnni") && is_x86_feature_detected!("avx512vl")
        } else {
            is_x86_feature_detected!("avxvnni")
        }
    }
}

#[cfg_attr(not(feature = "avx-vnni-as-avx512"), target_feature(enable = "avx2,fma,f16c,avxvnni"))]
#[cfg_attr(feature = "avx-vnni-as-avx512", target_feature(enable = "avx2,fma,f16c,avx512vnni,avx512vl"))]
fn run_dpbusd<K: Kernel>(simd: Avx2<Dpbusd>, kernel: K) -> K::Output {
    kernel.run(simd)
}

// SAFETY of every block below: a value of `Dpbusd` exists only where the CPU has these instructions.
impl Dot for Dpbusd {
    const UNSIGNED: bool = true;

    #[inline(always)]
    fn run<K: Kernel>(self, simd: Avx2<Self>, kernel: K) -> K::Output {
        // SAFETY: as above.
        unsafe { run_dpbusd(simd, kernel) }
    }

    #[inline(always)]
    fn dot<const N: usize, const BITS: u32>(
        self,
        start: __m256i,
        weights: &[__m256i; N],
        values: &[[i8; 4]; N],
    ) -> __m256i {
        let mut sum = start;
        for (weights, values) in weights.iter().zip(values) {
            // SAFETY: as above.
            sum = unsafe { dpbusd(sum, *weights, _mm256_set1_epi32(four(*values))) };
        }
        sum
    }

    #[inline(always)]
    fn dots<const M: usize, const N: usize, const BITS: u32>(
        self,
        dots: &mut [__m256i; M],
        weights: &[__m256i; N],
        values: &[&[[i8; 4]; N]; M],
    ) {
        // Row by row each product would wait for the one before.
        for (step, weights) in weights.iter().enumerate() {
            for (dot, values) in dots.iter_mut().zip(values) {
                // SAFETY: as above.
                *dot = unsafe { dpbusd(*dot, *weights, _mm256_set1_epi32(four(values[step]))) };
            }
        }
    }

    #[inline(always)]
    fn dot_i8(self, weights: &[__m256i; 8], values: &[[i8; 4]; 8], sums: [i16; 2]) -> __m256i {
        // SAFETY: as above.
        let start = unsafe { _mm256_madd_epi16(_mm256_set1_epi32(both(sums)), _mm256_set1_epi32(both([-128, -128]))) };
        self.dot::<8, 8>(start, weights, values)
    }
}
