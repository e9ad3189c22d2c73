//! 8 lanes.

mod dot;

use std::arch::x86_64::{
    __m256, __m256i, _MM_HINT_T1, _mm_cvtsi32_si128, _mm_loadl_epi64, _mm_loadu_si128, _mm_prefetch, _mm256_add_epi32,
    _mm256_add_ps, _mm256_and_si256, _mm256_castsi256_ps, _mm256_cvtepi8_epi32, _mm256_cvtepi32_ps,
    _mm256_cvtepu8_epi32, _mm256_cvtph_ps, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_loadu_si256, _mm256_mul_ps,
    _mm256_or_si256, _mm256_set1_epi8, _mm256_set1_epi32, _mm256_set1_ps, _mm256_sll_epi16, _mm256_slli_epi32,
    _mm256_srl_epi16, _mm256_storeu_ps, _mm256_storeu_si256, _mm256_sub_epi8,
};

use super::{Kernel, Simd};
use dot::Dot;
pub(crate) use dot::{Dpbusd, Maddubs};

/// AVX2, FMA and F16C, with a way to multiply bytes.
#[derive(Clone, Copy)]
pub(crate) struct Avx2<D>(D);

impl Avx2<Maddubs> {
    /// # Safety
    /// The CPU has AVX2, FMA and F16C.
    pub(crate) unsafe fn new() -> Self {
        // SAFETY: the caller's promise.
        Self(unsafe { Maddubs::new() })
    }
}

impl Avx2<Dpbusd> {
    /// # Safety
    /// The CPU has AVX2, F16C and [`Dpbusd::is_available`].
    pub(crate) unsafe fn with_vnni() -> Self {
        // SAFETY: the caller's promise.
        Self(unsafe { Dpbusd::new() })
    }
}

// SAFETY of every block below: a value of `Avx2` exists only where the CPU has these instructions.
impl<D: Dot> Simd for Avx2<D> {
    const LANES: usize = 8;
    const REGISTERS: usize = 16;
    type Floats = __m256;
    type Integers = __m256i;
    const UNSIGNED: bool = D::UNSIGNED;

    #[inline(always)]
    fn vectorize<K: Kernel>(self, kernel: K) -> K::Output {
        self.0.run(self, kernel)
    }

    #[inline(always)]
    fn splat(self, value: f32) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_set1_ps(value) }
    }

    #[inline(always)]
    fn add(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_add_ps(a, b) }
    }

    #[inline(always)]
    fn mul(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_mul_ps(a, b) }
    }

    #[inline(always)]
    fn add_exact(self, sum: __m256, a: __m256, b: __m256) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_fmadd_ps(a, b, sum) }
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> __m256 {
        // SAFETY: as above, and the caller's promise.
        unsafe { _mm256_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn load_f16(self, from: *const u16) -> __m256 {
        // SAFETY: as above, and the caller's promise.
        unsafe { _mm256_cvtph_ps(_mm_loadu_si128(from.cast())) }
    }

    #[inline(always)]
    unsafe fn store(self, floats: __m256, to: *mut f32) {
        // SAFETY: as above, and the caller's promise.
        unsafe { _mm256_storeu_ps(to, floats) }
    }

    #[inline(always)]
    unsafe fn load_integers(self, from: *const u8) -> __m256i {
        // SAFETY: as above, and the caller's promise.
        unsafe { _mm256_loadu_si256(from.cast()) }
    }

    #[inline(always)]
    unsafe fn store_less(self, integers: __m256i, by: u8, to: *mut i8) {
        // SAFETY: as above, and the caller's promise.
        unsafe { _mm256_storeu_si256(to.cast(), _mm256_sub_epi8(integers, _mm256_set1_epi8(by as i8))) }
    }

    #[inline(always)]
    unsafe fn load_u8(self, from: *const u8) -> __m256i {
        // SAFETY: as above, and the caller's promise.
        unsafe { _mm256_cvtepu8_epi32(_mm_loadl_epi64(from.cast())) }
    }

    #[inline(always)]
    unsafe fn load_signed(self, from: *const i8) -> __m256i {
        // SAFETY: as above, and the caller's promise.
        unsafe { _mm256_cvtepi8_epi32(_mm_loadl_epi64(from.cast())) }
    }

    #[inline(always)]
    fn splat_integer(self, value: i32) -> __m256i {
        // SAFETY: as above.
        unsafe { _mm256_set1_epi32(value) }
    }

    #[inline(always)]
    fn and(self, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: as above.
        unsafe { _mm256_and_si256(a, b) }
    }

    #[inline(always)]
    fn or(self, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: as above.
        unsafe { _mm256_or_si256(a, b) }
    }

    #[inline(always)]
    fn shift_left<const BITS: u32>(self, a: __m256i) -> __m256i {
        // SAFETY: as above.
        unsafe { _mm256_sll_epi16(a, _mm_cvtsi32_si128(BITS as i32)) }
    }

    #[inline(always)]
    fn shift_right<const BITS: u32>(self, a: __m256i) -> __m256i {
        // SAFETY: as above.
        unsafe { _mm256_srl_epi16(a, _mm_cvtsi32_si128(BITS as i32)) }
    }

    #[inline(always)]
    fn add_integers(self, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: as above.
        unsafe { _mm256_add_epi32(a, b) }
    }

    #[inline(always)]
    fn to_floats(self, a: __m256i) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_cvtepi32_ps(a) }
    }

    #[inline(always)]
    fn dot<const N: usize, const BITS: u32>(
        self,
        start: __m256i,
        weights: &[__m256i; N],
        values: &[[i8; 4]; N],
    ) -> __m256i {
        self.0.dot::<N, BITS>(start, weights, values)
    }

    #[inline(always)]
    fn dots<const M: usize, const N: usize, const BITS: u32>(
        self,
        dots: &mut [__m256i; M],
        weights: &[__m256i; N],
        values: &[&[[i8; 4]; N]; M],
    ) {
        self.0.dots::<M, N, BITS>(dots, weights, values);
    }

    #[inline(always)]
    fn dot_i8(self, weights: &[__m256i; 8], values: &[[i8; 4]; 8], sums: [i16; 2]) -> __m256i {
        self.0.dot_i8(weights, values, sums)
    }

    #[inline(always)]
    fn bf16_pairs(self, pairs: __m256i) -> [__m256; 2] {
        // SAFETY: as above.
        unsafe {
            let second = _mm256_and_si256(pairs, _mm256_set1_epi32(-0x1_0000));
            [_mm256_castsi256_ps(_mm256_slli_epi32::<16>(pairs)), _mm256_castsi256_ps(second)]
        }
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
