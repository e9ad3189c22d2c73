//! 16 lanes.

use std::arch::x86_64::{
    __m512, __m512bh, __m512i, _MM_HINT_T1, _mm_loadu_si128, _mm_prefetch, _mm256_loadu_si256, _mm512_add_epi32,
    _mm512_add_ps, _mm512_and_si512, _mm512_castsi512_ps, _mm512_cvtepi8_epi32, _mm512_cvtepi32_ps,
    _mm512_cvtepu8_epi32, _mm512_cvtph_ps, _mm512_dpbf16_ps, _mm512_dpbusd_epi32, _mm512_fmadd_ps, _mm512_loadu_ps,
    _mm512_loadu_si512, _mm512_mul_ps, _mm512_or_si512, _mm512_set1_epi8, _mm512_set1_epi32, _mm512_set1_ps,
    _mm512_slli_epi16, _mm512_slli_epi32, _mm512_srli_epi16, _mm512_storeu_ps, _mm512_storeu_si512, _mm512_sub_epi8,
};

use std::mem::transmute;

use super::{Kernel, Simd};

/// AVX-512 F, BW and VNNI, and BF16 if that is so.
#[derive(Clone, Copy)]
pub(crate) struct Avx512<const BF16: bool>(());

impl Avx512<false> {
    /// # Safety
    /// The CPU has AVX-512 F, BW and VNNI.
    pub(crate) unsafe fn new() -> Self {
        Self(())
    }
}

impl Avx512<true> {
    /// # Safety
    /// The CPU has AVX-512 F, BW, VNNI and BF16.
    pub(crate) unsafe fn with_bf16() -> Self {
        Self(())
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn vectorize<K: Kernel>(kernel: K) -> K::Output {
    kernel.run(Avx512::<false>(()))
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni,avx512bf16")]
fn vectorize_with_bf16<K: Kernel>(kernel: K) -> K::Output {
    kernel.run(Avx512::<true>(()))
}

// SAFETY of every block below: a value of `Avx512` exists only where the CPU has these instructions.
impl<const BF16: bool> Simd for Avx512<BF16> {
    const LANES: usize = 16;
    const REGISTERS: usize = 32;
    type Floats = __m512;
    type Integers = __m512i;
    const UNSIGNED: bool = true;

    #[inline(always)]
    fn vectorize<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: as above.
        if BF16 { unsafe { vectorize_with_bf16(kernel) } } else { unsafe { vectorize(kernel) } }
    }

    #[inline(always)]
    fn splat(self, value: f32) -> __m512 {
        // SAFETY: as above.
        unsafe { _mm512_set1_ps(value) }
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: as above.
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: as above.
        unsafe { _mm512_mul_ps(a, b) }
    }

    #[inline(always)]
    fn add_exact(self, sum: __m512, a: __m512, b: __m512) -> __m512 {
        // SAFETY: as above.
        unsafe { _mm512_fmadd_ps(a, b, sum) }
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> __m512 {
        // SAFETY: as above, and the caller's promise.
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn load_f16(self, from: *const u16) -> __m512 {
        // SAFETY: as above, and the caller's promise.
        unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(from.cast())) }
    }

    #[inline(always)]
    unsafe fn store(self, floats: __m512, to: *mut f32) {
        // SAFETY: as above, and the caller's promise.
        unsafe { _mm512_storeu_ps(to, floats) }
    }

    #[inline(always)]
    unsafe fn load_integers(self, from: *const u8) -> __m512i {
        // SAFETY: as above, and the caller's promise.
        unsafe { _mm512_loadu_si512(from.cast()) }
    }

    #[inline(always)]
    unsafe fn store_less(self, integers: __m512i, by: u8, to: *mut i8) {
        // SAFETY: as above, and the caller's promise.
        unsafe { _mm512_storeu_si512(to.cast(), _mm512_sub_epi8(integers, _mm512_set1_epi8(by as i8))) }
    }

    #[inline(always)]
    unsafe fn load_u8(self, from: *const u8) -> __m512i {
        // SAFETY: as above, and the caller's promise.
        unsafe { _mm512_cvtepu8_epi32(_mm_loadu_si128(from.cast())) }
    }

    #[inline(always)]
    unsafe fn load_signed(self, from: *const i8) -> __m512i {
        // SAFETY: as above, and the caller's promise.
        unsafe { _mm512_cvtepi8_epi32(_mm_loadu_si128(from.cast())) }
    }

    #[inline(always)]
    fn splat_integer(self, value: i32) -> __m512i {
        // SAFETY: as above.
        unsafe { _mm512_set1_epi32(value) }
    }

    #[inline(always)]
    fn and(self, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: as above.
        unsafe { _mm512_and_si512(a, b) }
    }

    #[inline(always)]
    fn or(self, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: as above.
        unsafe { _mm512_or_si512(a, b) }
    }

    #[inline(always)]
    fn shift_left<const BITS: u32>(self, a: __m512i) -> __m512i {
        // SAFETY: as above.
        unsafe { _mm512_slli_epi16::<BITS>(a) }
    }

    #[inline(always)]
    fn shift_right<const BITS: u32>(self, a: __m512i) -> __m512i {
        // SAFETY: as above.
        unsafe { _mm512_srli_epi16::<BITS>(a) }
    }

    #[inline(always)]
    fn add_integers(self, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: as above.
        unsafe { _mm512_add_epi32(a, b) }
    }

    #[inline(always)]
    fn to_floats(self, a: __m512i) -> __m512 {
        // SAFETY: as above.
        unsafe { _mm512_cvtepi32_ps(a) }
    }

    #[inline(always)]
    fn dot<const N: usize, const BITS: u32>(
        self,
        start: __m512i,
        weights: &[__m512i; N],
        values: &[[i8; 4]; N],
    ) -> __m512i {
        let mut sum = start;
        for (weights, values) in weights.iter().zip(values) {
            // SAFETY: as above.
            sum = unsafe { _mm512_dpbusd_epi32(sum, *weights, _mm512_set1_epi32(super::four(*values))) };
        }
        sum
    }

    #[inline(always)]
    fn dots<const M: usize, const N: usize, const BITS: u32>(
        self,
        dots: &mut [__m512i; M],
        weights: &[__m512i; N],
        values: &[&[[i8; 4]; N]; M],
    ) {
        // Row by row each product would wait for the one before.
        for (step, weights) in weights.iter().enumerate() {
            for (dot, values) in dots.iter_mut().zip(values) {
                // SAFETY: as above.
                *dot = unsafe { _mm512_dpbusd_epi32(*dot, *weights, _mm512_set1_epi32(super::four(values[step]))) };
            }
        }
    }

    #[inline(always)]
    fn dot_i8(self, weights: &[__m512i; 8], values: &[[i8; 4]; 8], sums: [i16; 2]) -> __m512i {
        let [first, second] = sums.map(i32::from);
        self.dot::<8, 8>(self.splat_integer(-128 * (first + second)), weights, values)
    }

    #[inline(always)]
    fn bf16_pairs(self, pairs: __m512i) -> [__m512; 2] {
        // SAFETY: as above.
        unsafe {
            let second = _mm512_and_si512(pairs, _mm512_set1_epi32(-0x1_0000));
            [_mm512_castsi512_ps(_mm512_slli_epi32::<16>(pairs)), _mm512_castsi512_ps(second)]
        }
    }

    #[inline(always)]
    fn add_bf16(self, sum: __m512, a: __m512i, b: __m512i) -> __m512 {
        if BF16 {
            // SAFETY: as above; registers of the same bits.
            return unsafe {
                _mm512_dpbf16_ps(sum, transmute::<__m512i, __m512bh>(a), transmute::<__m512i, __m512bh>(b))
            };
        }
        let (a, b) = (self.bf16_pairs(a), self.bf16_pairs(b));
        self.add_exact(self.add_exact(sum, a[1], b[1]), a[0], b[0])
    }

    #[inline(always)]
    fn reads_pages_on(self) -> bool {
        super::x86_vendor::reads_pages_on()
    }

    #[inline(always)]
    fn prefetch<T>(self, address: *const T) {
        // SAFETY: as above; it reads nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(address.cast()) }
    }
}
