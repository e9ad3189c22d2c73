//! The draw.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use super::math;

/// A number from [0, 1) with 53 random bits: a pure function of where the draw stands.
///
/// The first 64 bits, little-endian, of the `ChaCha8` block whose key is `seed` (8 bytes, little-endian, then zeros),
/// whose nonce is `choice` and whose block counter is `position`; of those the upper 53. The same on every machine
/// and in every version: a replayed, preempted or speculated position draws the same number.
pub(super) fn uniform(seed: u64, choice: u32, position: u32) -> f64 {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    let mut random = ChaCha8Rng::from_seed(key);
    random.set_stream(u64::from(choice));
    // A block has 16 words.
    random.set_word_pos(u128::from(position) * 16);
    (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// Index of the weight in which the part `u` of their sum lies, in the given order; a weight of 0 is never picked. None
/// when all are 0.
pub(super) fn pick(weights: &[f32], u: f64) -> Option<usize> {
    let total = math::sum(weights, |weight| weight);
    let mut sum = 0.0;
    let mut last = None;
    for (index, &weight) in weights.iter().enumerate() {
        if weight > 0.0 {
            sum += f64::from(weight);
            last = Some(index);
            if sum > u * total {
                break;
            }
        }
    }
    // Rounding can leave `u * total` at the sum: then the last one that counts.
    last
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "pinned to the bit")]
mod tests {
    use super::*;

    /// The `ECRYPT` test vector of `ChaCha8` with 256-bit key, set 1 vector 0: the stream of the zero key begins with
    /// 3e 00 ef 2f 89 5f 40 d6.
    #[test]
    fn is_chacha8() {
        assert_eq!(uniform(0, 0, 0), (0xD640_5F89_2FEF_003E_u64 >> 11) as f64 / (1_u64 << 53) as f64);
    }

    /// Pinned, from a second implementation of `ChaCha8`: answers of a seed must not change between versions.
    #[test]
    fn draws_stay_the_same() {
        let drawn = [(0, 0, 1), (0, 1, 0), (1, 0, 0), (42, 3, 1_000), ((1 << 53) - 1, u32::MAX, u32::MAX)]
            .map(|(seed, choice, position)| (uniform(seed, choice, position) * (1_u64 << 53) as f64) as u64);
        assert_eq!(
            drawn,
            [
                2_876_548_931_764_053,
                7_108_138_380_978_545,
                3_436_151_158_611_243,
                2_927_503_404_547_883,
                8_644_941_448_106_701
            ]
        );
    }

    /// Neighbouring seeds, choices and positions are unrelated: 20 equal bins, χ² with 19 degrees of freedom stays
    /// below its 99.99 % point, and so does the correlation of neighbours.
    #[test]
    fn is_uniform_and_independent_along_each_axis() {
        let axes: [fn(u32) -> f64; 3] = [|i| uniform(u64::from(i), 0, 0), |i| uniform(7, i, 0), |i| uniform(7, 0, i)];
        for axis in axes {
            let drawn: Vec<f64> = (0..20_000).map(axis).collect();
            let mut bins = [0.0; 20];
            for u in &drawn {
                bins[(u * 20.0) as usize] += 1.0;
            }
            let chi_squared: f64 = bins.iter().map(|n| (n - 1_000.0_f64).powi(2) / 1_000.0).sum();
            assert!(chi_squared < 50.8, "{chi_squared}");
            let covariance: f64 = drawn.windows(2).map(|pair| (pair[0] - 0.5) * (pair[1] - 0.5)).sum();
            // Standard deviation of the sum: √20000 / 12.
            assert!(covariance.abs() < 4.0 * 20_000_f64.sqrt() / 12.0, "{covariance}");
        }
    }

    #[test]
    fn picks_in_proportion_and_never_a_zero() {
        let weights = [0.0, 1.0, 0.0, 2.0, 1.0, 0.0];
        let picked = |u| pick(&weights, u);
        assert_eq!([0.0, 0.24, 0.25, 0.74, 0.75].map(picked), [1, 1, 3, 3, 4].map(Some));
        assert_eq!(picked(1.0 - f64::EPSILON / 2.0), Some(4));
        assert_eq!(pick(&[0.0, 0.0], 0.5), None);
        assert_eq!(pick(&[], 0.5), None);
    }
}
