//! One vector register of 32-bit lanes, of whatever width: what kernels are written over.
//!
//! A lane is an output, a position or a dimension of its own, so that the width changes no bit. Nothing here fuses a multiplication
//! with an addition.

#[cfg(target_arch = "x86_64")]
pub(crate) mod amx;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod portable;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd128;
#[cfg(target_arch = "x86_64")]
mod x86_vendor;

#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::{Avx2, Dpbusd};
#[cfg(target_arch = "x86_64")]
pub(crate) use avx512::Avx512;
#[cfg(target_arch = "aarch64")]
pub(crate) use neon::Neon;
/// What runs where there is nothing faster.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub(crate) use portable::Portable as Baseline;
/// What the module was compiled for.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(crate) use simd128::Simd128 as Baseline;

use crate::blocks::GROUP;
use crate::quantized_rows::Value;

/// Instructions that the CPU was found to have: a value of this type is the proof.
pub trait Simd: Copy {
    /// 32-bit lanes of a register; divides 16.
    const LANES: usize;
    /// Registers there are.
    const REGISTERS: usize;
    /// A register of f32.
    type Floats: Copy;
    /// A register of integers: 32-bit lanes, or 4 bytes in each.
    type Integers: Copy;
    /// Whether [`Self::dot_i8`] takes weights plus 128, as unsigned bytes.
    const UNSIGNED: bool;
    /// Whether there are weights in panels for these instructions.
    const PANELS: bool = true;

    /// Runs `kernel`, compiled for these instructions.
    fn vectorize<K: Kernel>(self, kernel: K) -> K::Output;

    /// The same in every lane.
    fn splat(self, value: f32) -> Self::Floats;
    /// Lane by lane.
    fn add(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// Lane by lane.
    fn mul(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;

    /// `sum + a * b`, lane by lane, of products that are exact, so that it matters not whether the two are one instruction.
    #[inline(always)]
    fn add_exact(self, sum: Self::Floats, a: Self::Floats, b: Self::Floats) -> Self::Floats {
        self.add(sum, self.mul(a, b))
    }

    /// Reads `LANES` floats.
    ///
    /// # Safety
    /// They can be read.
    unsafe fn load(self, from: *const f32) -> Self::Floats;
    /// Reads `LANES` IEEE halves.
    ///
    /// # Safety
    /// They can be read.
    unsafe fn load_f16(self, from: *const u16) -> Self::Floats;
    /// Reads `LANES` signed bytes.
    ///
    /// # Safety
    /// They can be read.
    #[inline(always)]
    unsafe fn load_i8(self, from: *const i8) -> Self::Floats {
        // SAFETY: the caller's promise.
        self.to_floats(unsafe { self.load_signed(from) })
    }
    /// Writes `LANES` floats.
    ///
    /// # Safety
    /// They can be written.
    unsafe fn store(self, floats: Self::Floats, to: *mut f32);
    /// Reads 4 bytes for each lane.
    ///
    /// # Safety
    /// They can be read.
    unsafe fn load_integers(self, from: *const u8) -> Self::Integers;
    /// Writes 4 bytes for each lane, each less `by`.
    ///
    /// # Safety
    /// They can be written.
    #[cfg(target_arch = "x86_64")]
    unsafe fn store_less(self, integers: Self::Integers, by: u8, to: *mut i8);
    /// Reads a byte for each lane.
    ///
    /// # Safety
    /// They can be read.
    unsafe fn load_u8(self, from: *const u8) -> Self::Integers;
    /// Reads a signed byte for each lane.
    ///
    /// # Safety
    /// They can be read.
    unsafe fn load_signed(self, from: *const i8) -> Self::Integers;
    /// The same in every lane.
    fn splat_integer(self, value: i32) -> Self::Integers;
    /// Bit by bit.
    fn and(self, a: Self::Integers, b: Self::Integers) -> Self::Integers;
    /// Bit by bit.
    fn or(self, a: Self::Integers, b: Self::Integers) -> Self::Integers;
    /// In halves of 16 bits.
    fn shift_left<const BITS: u32>(self, a: Self::Integers) -> Self::Integers;
    /// In halves of 16 bits.
    fn shift_right<const BITS: u32>(self, a: Self::Integers) -> Self::Integers;
    /// Lane by lane.
    fn add_integers(self, a: Self::Integers, b: Self::Integers) -> Self::Integers;
    /// The nearest floats.
    fn to_floats(self, a: Self::Integers) -> Self::Floats;
    /// `start` plus the products of unsigned bytes of at most `BITS` bits, up to 6, with `values`, four of which each of the `N`
    /// registers is multiplied with in every lane; exact.
    fn dot<const N: usize, const BITS: u32>(
        self,
        start: Self::Integers,
        weights: &[Self::Integers; N],
        values: &[[Value; 4]; N],
    ) -> Self::Integers;
    /// [`Self::dot`] of some rows, whose starts become what it gives.
    #[inline(always)]
    fn dots<const M: usize, const N: usize, const BITS: u32>(
        self,
        dots: &mut [Self::Integers; M],
        weights: &[Self::Integers; N],
        values: &[&[[Value; 4]; N]; M],
    ) {
        for (dot, values) in dots.iter_mut().zip(values) {
            *dot = self.dot::<N, BITS>(*dot, weights, values);
        }
    }
    /// The products of bytes, signed or as [`Self::UNSIGNED`] says, with a group's values, whose sums are `sums`; exact.
    fn dot_i8(self, weights: &[Self::Integers; 8], values: &[[Value; 4]; 8], sums: [i16; 2]) -> Self::Integers;

    /// The first and the second of the two bfloat16 in each lane.
    fn bf16_pairs(self, pairs: Self::Integers) -> [Self::Floats; 2];
    /// `sum` plus the products of both bfloat16 in each lane: the second's first, and rounded after each.
    #[inline(always)]
    fn add_bf16(self, sum: Self::Floats, a: Self::Integers, b: Self::Integers) -> Self::Floats {
        let (a, b) = (self.bf16_pairs(a), self.bf16_pairs(b));
        self.add_exact(self.add_exact(sum, a[1], b[1]), a[0], b[0])
    }

    /// The products of a row's open group with a group of activations; exact.
    #[inline(always)]
    fn dot_open(self, open: &[i16; GROUP], values: &[[Value; 4]; GROUP / 4]) -> i32 {
        let mut sum = 0;
        for (open, value) in open.iter().zip(values.as_flattened()) {
            sum += i32::from(*open) * i32::from(*value);
        }
        sum
    }

    /// Asks for the cache line of an address, which may be any, to come near: not into the nearest cache, which has no room to spare for
    /// what is not read at once.
    #[inline(always)]
    fn prefetch<T>(self, _address: *const T) {}

    /// Whether the CPU reads a page on by itself once its first lines are asked for.
    #[inline(always)]
    fn reads_pages_on(self) -> bool {
        false
    }

    /// The first `LANES` of some floats.
    #[inline(always)]
    fn read(self, from: &[f32]) -> Self::Floats {
        let from = &from[..Self::LANES];
        // SAFETY: so many.
        unsafe { self.load(from.as_ptr()) }
    }

    /// Replaces the first `LANES` of some floats.
    #[inline(always)]
    fn write(self, floats: Self::Floats, to: &mut [f32]) {
        let to = &mut to[..Self::LANES];
        // SAFETY: so many.
        unsafe { self.store(floats, to.as_mut_ptr()) }
    }
}

/// Work that is compiled for each set of instructions. All that it calls in its loops is `inline(always)`: what is not inlined is
/// compiled for the oldest CPU.
pub trait Kernel {
    /// What comes of it.
    type Output;
    /// Does the work. Implementations are `inline(always)`.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// Two halves of a lane.
#[cfg(any(
    target_arch = "x86_64",
    all(target_arch = "wasm32", target_feature = "simd128", not(target_feature = "relaxed-simd"))
))]
#[inline(always)]
fn both(pair: [i16; 2]) -> i32 {
    i32::from(pair[0] as u16) | i32::from(pair[1]) << 16
}

/// Four bytes of a lane.
#[cfg(any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "relaxed-simd")))]
#[inline(always)]
fn four(values: [i8; 4]) -> i32 {
    i32::from_le_bytes(values.map(|value| value as u8))
}
