//! Types in which keys and values are stored.

use crate::aligned::Plain;
use crate::half_float::{f16_to_f32, f32_to_f16};
use crate::math::ROUND;
use crate::quantized_rows::int8_scale;
use crate::short::{Exact, Product, Rounded};
use crate::simd::Simd;

/// How keys and values are stored: `u16` is an IEEE half, `i8` an integer from -127 to 127 to be multiplied by a scale.
pub trait KvElement: Plain {
    /// Whether each position of a head has a scale, one for its key and one for its value: `max |x| / 127` over the head.
    const SCALED: bool;
    /// Products of queries with keys, and of weights with values.
    type Product: Product;

    /// The stored value, without its scale.
    fn to_f32(self) -> f32;
    /// The nearest storable value, ties to even.
    fn from_f32(value: f32) -> Self;
    /// Reads a register of them, as [`Self::to_f32`].
    ///
    /// # Safety
    /// As many as there are lanes can be read.
    #[doc(hidden)]
    unsafe fn load<S: Simd>(simd: S, from: *const Self) -> S::Floats;

    /// Converts at most a register of them.
    #[doc(hidden)]
    #[inline(always)]
    fn convert<S: Simd>(simd: S, from: &[Self], to: &mut [f32]) {
        if from.len() == S::LANES {
            // SAFETY: so many.
            simd.write(unsafe { Self::load(simd, from.as_ptr()) }, to);
        } else {
            for (to, from) in to.iter_mut().zip(from) {
                *to = from.to_f32();
            }
        }
    }
}

impl KvElement for f32 {
    const SCALED: bool = false;
    type Product = Rounded;

    #[inline(always)]
    fn to_f32(self) -> f32 {
        self
    }

    #[inline(always)]
    fn from_f32(value: f32) -> Self {
        value
    }

    #[inline(always)]
    unsafe fn load<S: Simd>(simd: S, from: *const Self) -> S::Floats {
        // SAFETY: the caller's promise.
        unsafe { simd.load(from) }
    }
}

impl KvElement for u16 {
    const SCALED: bool = false;
    type Product = Exact;

    #[inline(always)]
    fn to_f32(self) -> f32 {
        f16_to_f32(self)
    }

    #[inline(always)]
    fn from_f32(value: f32) -> Self {
        f32_to_f16(value)
    }

    #[inline(always)]
    unsafe fn load<S: Simd>(simd: S, from: *const Self) -> S::Floats {
        // SAFETY: the caller's promise.
        unsafe { simd.load_f16(from) }
    }
}

impl KvElement for i8 {
    const SCALED: bool = true;
    type Product = Exact;

    #[inline(always)]
    fn to_f32(self) -> f32 {
        f32::from(self)
    }

    #[inline(always)]
    fn from_f32(value: f32) -> Self {
        ((value + ROUND) - ROUND) as Self
    }

    #[inline(always)]
    unsafe fn load<S: Simd>(simd: S, from: *const Self) -> S::Floats {
        // SAFETY: the caller's promise.
        unsafe { simd.load_i8(from) }
    }
}

/// Stores a head's key or value of one position; returns its scale, which is 1 when `T` is not scaled.
#[inline(always)]
pub(crate) fn store_vector<'a, T: KvElement>(vector: &[f32], stored: impl Iterator<Item = &'a mut T>) -> f32 {
    if !T::SCALED {
        for (stored, &value) in stored.zip(vector) {
            *stored = T::from_f32(value);
        }
        return 1.0;
    }
    let (scale, inverse) = int8_scale(vector);
    for (stored, &value) in stored.zip(vector) {
        *stored = T::from_f32(value * inverse);
    }
    scale
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic;

    fn stored(vector: [f32; 8]) -> ([i8; 8], f32) {
        let mut integers = [99; 8];
        let scale = store_vector(&vector, integers.iter_mut());
        (integers, scale)
    }

    #[test]
    fn an_integer_and_its_scale_are_half_a_step_away_at_most() {
        for (seed, magnitude) in (0..200).map(|seed| (seed, [1e-20, 0.01, 30.0, 1e30][seed as usize % 4])) {
            let vector: [f32; 8] = synthetic::values(8, seed, magnitude).try_into().unwrap();
            let (integers, scale) = stored(vector);
            let largest = vector.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
            assert_eq!(scale, largest / 127.0);
            assert_eq!(integers, vector.map(|value| (value * (127.0 / largest)).round_ties_even() as i8));
            for (integer, value) in integers.iter().zip(vector) {
                assert!((integer.to_f32() * scale - value).abs() <= scale * 0.500_1, "{vector:?}");
            }
        }
    }

    #[test]
    fn rounds_half_to_even() {
        let halves = [127.0, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, -126.5];
        assert_eq!(stored(halves), ([127, 0, 2, 2, 0, -2, -2, -126], 1.0));
    }

    #[test]
    fn keeps_zeros_and_what_is_not_a_number() {
        assert_eq!(stored([0.0, -0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]), ([0; 8], 0.0));
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert!(stored([1.0, 2.0, bad, 4.0, 0.0, 0.0, 0.0, 0.0]).1.is_nan());
        }
    }
}
