//! What must give the same bits on every machine.
//!
//! The platform's own `exp` and `ln` differ in the last bit between C libraries and WASM engines.

/// e^x, branch-free: a loop over it runs in SIMD lanes.
pub(super) use wick_kernels::math::exp;

/// Natural logarithm in f64, by the portable libm crate: sums of weights are f64.
pub(super) use libm::log as ln;

/// Partial sums of [`sum`].
const LANES: usize = 16;

/// Σ weight(x) over `values` in f64, always in the same order: 16 partial sums, of which each takes every 16th value,
/// ascending, then the partial sums ascending.
pub(super) fn sum(values: &[f32], weight: impl Fn(f32) -> f32) -> f64 {
    let mut lanes = [0.0; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        // First all weights, then all additions: both loops run in SIMD lanes.
        let weights = chunk.map(&weight);
        for (lane, weight) in lanes.iter_mut().zip(weights) {
            *lane += f64::from(weight);
        }
    }
    for (lane, &value) in lanes.iter_mut().zip(rest) {
        *lane += f64::from(weight(value));
    }
    lanes.iter().fold(0.0, |sum, lane| sum + lane)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_every_value_once() {
        for length in [0, 1, 15, 16, 17, 100] {
            let values: Vec<f32> = (0..length).map(|i| i as f32).collect();
            let expected = 2 * (0..length).sum::<i32>();
            assert!((sum(&values, |x| 2.0 * x) - f64::from(expected)).abs() < 1e-9);
        }
    }
}
