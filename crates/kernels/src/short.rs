//! Floats so short that their products with halves, bfloat16 or bytes are exact.
//!
//! 13 significant bits times the 11 of a half are 24, as many as a float has. A product that is not rounded is the same whether it
//! is added by one fused instruction or by two: what is computed so is as fast as the CPU can and has the same bits on all.

use crate::simd::Simd;

/// How a product is added.
pub trait Product {
    /// Whether what is multiplied is shortened before.
    const SHORT: bool;
    /// `sum + a * b`.
    fn add<S: Simd>(simd: S, sum: S::Floats, a: S::Floats, b: S::Floats) -> S::Floats;
}

/// Of a short float, and exact.
#[derive(Debug)]
pub struct Exact;

/// Of any floats, and rounded.
#[derive(Debug)]
pub struct Rounded;

impl Product for Exact {
    const SHORT: bool = true;

    #[inline(always)]
    fn add<S: Simd>(simd: S, sum: S::Floats, a: S::Floats, b: S::Floats) -> S::Floats {
        simd.add_exact(sum, a, b)
    }
}

impl Product for Rounded {
    const SHORT: bool = false;

    #[inline(always)]
    fn add<S: Simd>(simd: S, sum: S::Floats, a: S::Floats, b: S::Floats) -> S::Floats {
        simd.add(sum, simd.mul(a, b))
    }
}

/// Bits of a float's fraction that are dropped.
const DROPPED: u32 = 11;
/// Below this a number counts as zero, so that a product with the smallest half keeps all its bits: 2^-60.
const TINY: u32 = (127 - 60) << 23;

/// The nearest float of 13 significant bits, ties to even; zero below 2^-60.
#[inline(always)]
pub(crate) fn shorten(value: f32) -> f32 {
    let bits = value.to_bits();
    let rounded = bits.wrapping_add((1 << (DROPPED - 1)) - 1 + ((bits >> DROPPED) & 1)) & !((1 << DROPPED) - 1);
    f32::from_bits(if bits & 0x7fff_ffff < TINY { 0 } else { rounded })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::half_float::f16_to_f32;
    use crate::synthetic::Random;

    #[test]
    fn rounds_to_the_nearest_ties_to_even() {
        let step = 1.0 / 4096.0;
        for (value, expected) in [
            (1.0, 1.0),
            (1.0 + 0.49 * step, 1.0),
            (1.0 + 0.5 * step, 1.0),
            (1.0 + 1.5 * step, 1.0 + 2.0 * step),
            (-1.0 - 0.51 * step, -1.0 - step),
            (1e-19, 0.0),
            (f32::INFINITY, f32::INFINITY),
        ] {
            assert_eq!(shorten(value), expected, "{value}");
        }
        assert!(shorten(f32::NAN).is_nan());
    }

    /// Fused or not, no bit differs.
    #[test]
    fn products_are_exact() {
        let mut random = Random(3);
        for _ in 0..200_000 {
            let exponent = 2.0_f32.powi(random.below(120) as i32 - 70);
            let (x, sum) = (shorten(random.unit() * exponent), random.unit() * exponent);
            let half = f16_to_f32((random.bits() as u16) & 0xbfff);
            assert_eq!(f64::from(x * half), f64::from(x) * f64::from(half), "{x} {half}");
            assert_eq!(x.mul_add(half, sum).to_bits(), (x * half + sum).to_bits(), "{x} {half} {sum}");
        }
    }
}
