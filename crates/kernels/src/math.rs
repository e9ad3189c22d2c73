//! `exp` and `ln` with the same bits on every host.
//!
//! The platform's own differ between C libraries; these use only IEEE additions, multiplications and integer operations.

/// Adding and subtracting this rounds an f32 below 2^22 in magnitude to the nearest integer, ties to even.
pub(crate) const ROUND: f32 = 12_582_912.0; // 1.5 * 2^23

/// `e^x`, within 2 ulp; 0 below -104, infinity above 88.73, NaN for NaN.
///
/// Branch-free, so that a loop over it vectorises: `x = n ln 2 + r`, a polynomial of degree 6 in `r` (Cephes' `expf`), times `2^n` in
/// two steps so that subnormal results round once at the end.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    // Cody and Waite: the high part has 10 significant bits, so that `n * LN2_HIGH` is exact.
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    // Written so that NaN passes through; outside these bounds the result is 0 or infinity anyway.
    let x = if x < -105.0 { -105.0 } else { x };
    let x = if x > 89.0 { 89.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let exponent = shifted.to_bits().wrapping_sub(ROUND.to_bits()) as i32;
    let n = shifted - ROUND;
    let r = (x - n * LN2_HIGH) - n * LN2_LOW;
    let mut p = 1.987_569_1e-4_f32;
    p = p * r + 1.398_2e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_5e-1;
    p = p * r + 0.5;
    let value = (p * (r * r) + r) + 1.0;
    let half = exponent >> 1;
    value * power_of_two(half) * power_of_two(exponent.wrapping_sub(half))
}

/// `2^n` for `-126 <= n <= 127`; any bits otherwise (only reached with NaN).
#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) as u32) << 23)
}

/// Natural logarithm, correctly rounded but for rare last-bit cases; -infinity for 0, NaN below.
///
/// In f64: `x = 2^k m` with `m` in `[sqrt(1/2), sqrt(2))`, `ln m = 2 artanh(s)`, `s = (m - 1) / (m + 1)`, by the odd series to `s^19`
/// (`|s| < 0.172`: the next term is below 1e-17).
pub fn ln(x: f32) -> f32 {
    if x.is_nan() || x < 0.0 {
        return f32::NAN;
    }
    if x == 0.0 {
        return f32::NEG_INFINITY;
    }
    if x.is_infinite() {
        return x;
    }
    let bits = f64::from(x).to_bits();
    let mut k = ((bits >> 52) as i32) - 1023;
    let mut m = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | 0x3ff0_0000_0000_0000);
    if m > std::f64::consts::SQRT_2 {
        m *= 0.5;
        k += 1;
    }
    let s = (m - 1.0) / (m + 1.0);
    let square = s * s;
    let mut series = 0.0_f64;
    let mut denominator = 19.0_f64;
    while denominator > 0.0 {
        series = series * square + 1.0 / denominator;
        denominator -= 2.0;
    }
    (f64::from(k) * std::f64::consts::LN_2 + 2.0 * s * series) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Distance in units of the last place of the f32 nearest to `exact`.
    fn ulp(got: f32, exact: f64) -> f64 {
        let nearest = exact as f32;
        let step = f64::from(f32::from_bits(nearest.abs().to_bits() + 1)) - f64::from(nearest.abs());
        (f64::from(got) - exact).abs() / step
    }

    #[test]
    fn exp_is_within_two_ulp() {
        let mut worst = 0.0_f64;
        let mut x = -87.0_f32;
        while x < 88.7 {
            worst = worst.max(ulp(exp(x), f64::from(x).exp()));
            x += 0.000_37;
        }
        assert!(worst < 2.0, "{worst}");
    }

    #[test]
    fn exp_has_its_limits() {
        assert_eq!(exp(0.0).to_bits(), 1.0_f32.to_bits());
        assert_eq!(exp(-0.0).to_bits(), 1.0_f32.to_bits());
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp(-1e9), 0.0);
        assert_eq!(exp(f32::INFINITY), f32::INFINITY);
        assert_eq!(exp(88.8), f32::INFINITY);
        assert!(exp(88.72).is_finite());
        assert!(exp(f32::NAN).is_nan());
        assert!(exp(-100.0) > 0.0, "subnormal results are kept");
        assert!((f64::from(exp(-100.0)) / (-100.0_f64).exp() - 1.0).abs() < 0.02);
    }

    #[test]
    fn ln_is_within_one_ulp() {
        let mut worst = 0.0_f64;
        for bits in (1..0x7f80_0000_u32).step_by(4999) {
            let x = f32::from_bits(bits);
            let exact = f64::from(x).ln();
            if exact.abs() > 1e-30 {
                worst = worst.max(ulp(ln(x), exact));
            }
        }
        assert!(worst < 0.51, "{worst}");
        assert_eq!(ln(1.0).to_bits(), 0.0_f32.to_bits());
        assert_eq!(ln(0.0), f32::NEG_INFINITY);
        assert_eq!(ln(f32::INFINITY), f32::INFINITY);
        assert!(ln(-1.0).is_nan() && ln(f32::NAN).is_nan());
    }

    /// The same literals must come out on every host; a change of these bits changes every model's output.
    #[test]
    fn bits_are_pinned() {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for index in 0..10_000_u32 {
            for value in [exp(index as f32 * 0.017 - 90.0), ln(index as f32 * 0.31 + 0.001)] {
                hash = (hash ^ u64::from(value.to_bits())).wrapping_mul(0x0100_0000_01b3);
            }
        }
        assert_eq!(hash, PINNED);
    }
    const PINNED: u64 = 0xd605_d587_0f06_2749;
}
