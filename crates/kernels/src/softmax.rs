//! Softmax and log-sum-exp with the same bits on every host, for attention and the sampler.

use crate::lanes::{LANES, add, reduce};
use crate::math::{exp, ln};

/// The largest value; negative infinity for an empty slice, NaN skipped.
pub fn maximum(values: &[f32]) -> f32 {
    let mut largest = f32::NEG_INFINITY;
    for &value in values {
        if value > largest {
            largest = value;
        }
    }
    largest
}

/// Replaces each value by `e^(value - maximum)` and returns the sum of the results, in the order of the crate's lanes.
///
/// `maximum` is [`maximum`] of the values, or any value at least as large.
#[inline]
pub fn exp_sum(values: &mut [f32], maximum: f32) -> f32 {
    for value in values.iter_mut() {
        *value = exp(*value - maximum);
    }
    let mut lanes = [0.0; LANES];
    add(&mut lanes, values);
    reduce(&lanes)
}

/// Replaces logits by their probabilities. All-equal infinities and NaN give NaN.
pub fn softmax(values: &mut [f32]) {
    let largest = maximum(values);
    let sum = exp_sum(values, largest);
    for value in values {
        *value /= sum;
    }
}

/// `ln(sum(e^value))`: subtract it from a logit to get its log-probability. Allocates nothing and keeps `values`.
pub fn log_sum_exp(values: &[f32]) -> f32 {
    let largest = maximum(values);
    let mut lanes = [0.0; LANES];
    for chunk in values.chunks(LANES) {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += exp(value - largest);
        }
    }
    largest + ln(reduce(&lanes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::values;

    #[test]
    fn agree_with_f64() {
        for len in [1, 2, 15, 16, 17, 1000, 50_000] {
            let logits = values(len, 3, 12.0);
            let largest = f64::from(maximum(&logits));
            let sum: f64 = logits.iter().map(|&x| (f64::from(x) - largest).exp()).sum();
            assert!((f64::from(log_sum_exp(&logits)) - (largest + sum.ln())).abs() < 2e-6);
            let mut probabilities = logits.clone();
            softmax(&mut probabilities);
            for (&logit, &probability) in logits.iter().zip(&probabilities) {
                let exact = (f64::from(logit) - largest).exp() / sum;
                assert!((f64::from(probability) - exact).abs() <= 4e-6 * exact + 1e-37);
            }
        }
    }

    #[test]
    fn masked_values_have_no_probability() {
        let mut values = [1.0, f32::NEG_INFINITY, 1.0];
        softmax(&mut values);
        assert_eq!(values, [0.5, 0.0, 0.5]);
        assert!(log_sum_exp(&[f32::NAN, 1.0]).is_nan());
    }
}
