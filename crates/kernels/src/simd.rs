//! One vector register of 32-bit lanes, of whatever width: what kernels are written over.
//!
//! A lane is an output, a position or a dimension of its own, so that the width changes no bit. Nothing here fuses a multiplication
//! with an addition.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd128;

mod portable;

#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) use avx512::Avx512;
pub(crate) use portable::Portable;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(crate) use simd128::Simd128;

/// Instructions that the CPU was found to have: a value of this type is the proof.
pub trait Simd: Copy {
    /// 32-bit lanes of a register; divides 16.
    const LANES: usize;
    /// Registers there are.
    const REGISTERS: usize;
    /// A register of f32.
    type Floats: Copy;

    /// Runs `kernel`, compiled for these instructions.
    fn vectorize<K: Kernel>(self, kernel: K) -> K::Output;

    /// The same in every lane.
    fn splat(self, value: f32) -> Self::Floats;
    /// Lane by lane.
    fn add(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// Lane by lane.
    fn mul(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;

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
    /// Reads `LANES` integers.
    ///
    /// # Safety
    /// They can be read.
    unsafe fn load_i8(self, from: *const i8) -> Self::Floats;
    /// Writes `LANES` floats.
    ///
    /// # Safety
    /// They can be written.
    unsafe fn store(self, floats: Self::Floats, to: *mut f32);
    /// Asks for the cache line of an address, which may be any: nothing is read of it.
    #[inline(always)]
    fn prefetch<T>(self, _address: *const T) {}

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
