//! Half floats to f32 and back, written so that a loop over them vectorises without F16C.

/// The f32 of an IEEE half; exact.
#[inline(always)]
pub(crate) fn f16_to_f32(bits: u16) -> f32 {
    let bits = u32::from(bits);
    let sign = (bits & 0x8000) << 16;
    let magnitude = bits & 0x7fff;
    // Exponent and mantissa in place, then rebias by 2^112: exact, subnormal halves included.
    let scaled = f32::from_bits(magnitude << 13) * f32::from_bits(0x7780_0000);
    // All-ones exponents (infinity, NaN) stay all ones.
    let special = if magnitude >= 0x7c00 { 0x7f80_0000 } else { 0 };
    f32::from_bits(scaled.to_bits() | special | sign)
}

/// The f32 of a bfloat16; exact.
#[inline(always)]
pub(crate) fn bf16_to_f32(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// The nearest bfloat16, ties to even; NaN stays a NaN.
#[inline(always)]
pub(crate) fn f32_to_bf16(value: f32) -> u16 {
    let bits = value.to_bits();
    let rounded = bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16;
    // A NaN whose upper half says infinity would become one.
    (if value.is_nan() { bits >> 16 | 0x40 } else { rounded }) as u16
}

/// The nearest IEEE half, ties to even; NaN stays a NaN.
///
/// Adding a power of two in which the last bit counts as much as a half's rounds the value to the bits that a half has
/// (Dukhan, FP16, `fp16_ieee_from_fp32_value`).
#[inline(always)]
pub(crate) fn f32_to_f16(value: f32) -> u16 {
    let bits = value.to_bits();
    let (sign, magnitude) = (bits & 0x8000_0000, bits & 0x7fff_ffff);
    // What is too large overflows to infinity in the first product; the second undoes the first.
    let scaled = f32::from_bits(magnitude) * f32::from_bits(0x7780_0000) * f32::from_bits(0x0880_0000);
    let exponent = (magnitude & 0x7f80_0000).max(0x3880_0000);
    let rounded = (scaled + f32::from_bits(exponent + 0x0780_0000)).to_bits();
    let half = ((rounded >> 13) & 0x7c00) + (rounded & 0x0fff);
    let half = if magnitude > 0x7f80_0000 { 0x7e00 } else { half };
    ((sign >> 16) | half) as u16
}

/// A half stored in two little-endian bytes at `at`.
#[inline(always)]
pub(crate) fn f16_at(bytes: &[u8], at: usize) -> f32 {
    f16_to_f32(u16::from_le_bytes([bytes[at], bytes[at + 1]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_half_crate_on_every_half() {
        for bits in 0..=u16::MAX {
            let expected = half::f16::from_bits(bits).to_f32();
            let got = f16_to_f32(bits);
            assert!(got.to_bits() == expected.to_bits() || (got.is_nan() && expected.is_nan()), "{bits:#x}");
            let expected = half::bf16::from_bits(bits).to_f32();
            let got = bf16_to_f32(bits);
            assert!(got.to_bits() == expected.to_bits() || (got.is_nan() && expected.is_nan()), "{bits:#x}");
            if !half::f16::from_bits(bits).is_nan() {
                assert_eq!(f32_to_f16(f16_to_f32(bits)), bits);
            }
        }
    }

    #[test]
    fn rounds_as_the_half_crate() {
        for bits in 0..=u16::MAX {
            let value = half::f16::from_bits(bits).to_f32().to_bits();
            // Around each half, and around the middle between it and the next.
            for near in
                [value, value.wrapping_add(1 << 12)].into_iter().flat_map(|at| (0..5).map(move |near| (at, near)))
            {
                let value = f32::from_bits(near.0.wrapping_add(near.1).wrapping_sub(2));
                let (got, expected) = (half::f16::from_bits(f32_to_f16(value)), half::f16::from_f32(value));
                assert!(got.to_bits() == expected.to_bits() || (got.is_nan() && expected.is_nan()), "{value:e}");
            }
        }
        let mut random = crate::synthetic::Random(5);
        for _ in 0..1_000_000 {
            let value = f32::from_bits(random.bits() as u32);
            let (got, expected) = (half::f16::from_bits(f32_to_f16(value)), half::f16::from_f32(value));
            assert!(got.to_bits() == expected.to_bits() || (got.is_nan() && expected.is_nan()), "{value:e}");
        }
    }
}
