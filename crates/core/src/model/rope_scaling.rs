//! Rotary frequencies: the plain ones and the three ways models stretch them over a longer context.
//!
//! The formulas are those of transformers' `modeling_rope_utils.py`, in f64.

use crate::backend::{RotaryFrequencies, RotaryStyle};

/// How a model turns its positions.
#[derive(Debug, Clone, PartialEq)]
pub struct RotaryConfig {
    /// Base of the frequencies.
    pub theta: f64,
    /// Rotated elements of a head, even.
    pub dim: usize,
    /// Pairing of the elements.
    pub style: RotaryStyle,
    /// How the frequencies are stretched.
    pub scaling: RopeScaling,
}

/// How rotary frequencies are stretched over a longer context.
#[derive(Debug, Clone, PartialEq)]
pub enum RopeScaling {
    /// Not at all.
    Default,
    /// Every frequency divided by the factor (position interpolation, arXiv 2306.15595).
    Linear {
        /// Context length after over before.
        factor: f64,
    },
    /// Long wavelengths divided, short ones kept, a ramp between (Llama 3.1).
    Llama3 {
        /// Divides the long wavelengths.
        factor: f64,
        /// Wavelengths over `original_context / low` are divided.
        low_frequency_factor: f64,
        /// Wavelengths under `original_context / high` are kept.
        high_frequency_factor: f64,
        /// Context length of the first training.
        original_context: f64,
    },
    /// Ramp between interpolation and extrapolation by the number of turns within the original context (arXiv 2309.00071).
    Yarn(Yarn),
    /// One divisor for each frequency, precomputed by the converter (`rope_freqs.weight` in GGUF), after `factor` for all of them.
    Factors {
        /// Divides every frequency; usually 1.
        factor: f64,
        /// `(dim / 2,)`.
        factors: Vec<f64>,
    },
}

/// Parameters of YaRN.
#[derive(Debug, Clone, PartialEq)]
pub struct Yarn {
    /// Context length after over before.
    pub factor: f64,
    /// Context length of the first training.
    pub original_context: f64,
    /// Turns above which a frequency is kept; 32.
    pub beta_fast: f64,
    /// Turns below which a frequency is divided; 1.
    pub beta_slow: f64,
    /// Multiplies cosines and sines; when absent `0.1 ln(factor) + 1`.
    pub attention_factor: Option<f64>,
    /// Whether the ramp begins and ends at whole dimensions.
    pub truncate: bool,
}

impl Yarn {
    /// The paper's recommended parameters for `factor`.
    pub fn new(factor: f64, original_context: f64) -> Self {
        Self { factor, original_context, beta_fast: 32.0, beta_slow: 1.0, attention_factor: None, truncate: true }
    }

    /// `0.1 mscale ln(scale) + 1`, the temperature YaRN puts on attention.
    pub fn magnitude(scale: f64, mscale: f64) -> f64 {
        if scale <= 1.0 { 1.0 } else { 0.1 * mscale * libm::log(scale) + 1.0 }
    }

    /// The index of the frequency that makes `turns` turns within the original context, as a fraction.
    fn dimension_of(&self, turns: f64, dim: f64, theta: f64) -> f64 {
        dim * libm::log(self.original_context / (turns * 2.0 * std::f64::consts::PI)) / (2.0 * libm::log(theta))
    }

    fn frequencies(&self, plain: &[f64], theta: f64) -> Vec<f64> {
        let dim = (plain.len() * 2) as f64;
        let mut low = self.dimension_of(self.beta_fast, dim, theta);
        let mut high = self.dimension_of(self.beta_slow, dim, theta);
        if self.truncate {
            low = libm::floor(low);
            high = libm::ceil(high);
        }
        low = low.max(0.0);
        high = high.min(dim - 1.0);
        if (high - low).abs() < f64::EPSILON {
            high += 0.001; // transformers' guard against a ramp without width
        }
        plain
            .iter()
            .enumerate()
            .map(|(index, frequency)| {
                let ramp = ((index as f64 - low) / (high - low)).clamp(0.0, 1.0);
                frequency / self.factor * ramp + frequency * (1.0 - ramp)
            })
            .collect()
    }
}

impl RotaryConfig {
    /// The frequencies a backend needs.
    pub fn frequencies(&self) -> RotaryFrequencies {
        let plain: Vec<f64> =
            (0..self.dim / 2).map(|index| 1.0 / libm::pow(self.theta, (2 * index) as f64 / self.dim as f64)).collect();
        let mut attention_factor = 1.0;
        let inverse_frequencies = match &self.scaling {
            RopeScaling::Default => plain,
            RopeScaling::Linear { factor } => plain.iter().map(|frequency| frequency / factor).collect(),
            RopeScaling::Llama3 { factor, low_frequency_factor, high_frequency_factor, original_context } => plain
                .iter()
                .map(|&frequency| {
                    let wavelength = 2.0 * std::f64::consts::PI / frequency;
                    if wavelength < original_context / high_frequency_factor {
                        frequency
                    } else if wavelength > original_context / low_frequency_factor {
                        frequency / factor
                    } else {
                        let smooth = (original_context / wavelength - low_frequency_factor)
                            / (high_frequency_factor - low_frequency_factor);
                        (1.0 - smooth) * frequency / factor + smooth * frequency
                    }
                })
                .collect(),
            RopeScaling::Yarn(yarn) => {
                attention_factor = yarn.attention_factor.unwrap_or_else(|| Yarn::magnitude(yarn.factor, 1.0));
                yarn.frequencies(&plain, self.theta)
            }
            RopeScaling::Factors { factor, factors } => {
                plain.iter().zip(factors).map(|(frequency, each)| frequency / (factor * each)).collect()
            }
        };
        RotaryFrequencies { inverse_frequencies, attention_factor, dim: self.dim, style: self.style }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frequencies(scaling: RopeScaling) -> RotaryFrequencies {
        RotaryConfig { theta: 10_000.0, dim: 8, style: RotaryStyle::Halves, scaling }.frequencies()
    }

    fn close(ours: &[f64], theirs: &[f64]) {
        assert_eq!(ours.len(), theirs.len());
        for (a, b) in ours.iter().zip(theirs) {
            assert!((a - b).abs() <= 1e-12 * b.abs(), "{ours:?} {theirs:?}");
        }
    }

    #[test]
    fn plain_frequencies_are_powers_of_theta() {
        close(&frequencies(RopeScaling::Default).inverse_frequencies, &[1.0, 0.1, 0.01, 0.001]);
    }

    #[test]
    fn linear_divides_all() {
        close(&frequencies(RopeScaling::Linear { factor: 4.0 }).inverse_frequencies, &[0.25, 0.025, 0.0025, 2.5e-4]);
    }

    #[test]
    fn llama3_keeps_short_waves_and_divides_long_ones() {
        let scaling = RopeScaling::Llama3 {
            factor: 8.0,
            low_frequency_factor: 1.0,
            high_frequency_factor: 4.0,
            original_context: 1024.0,
        };
        let ours = frequencies(scaling).inverse_frequencies;
        // wavelengths 6.28, 62.8, 628 (on the ramp: 256..1024) and 6283
        let smooth = (1024.0 * 0.01 / (2.0 * std::f64::consts::PI) - 1.0) / 3.0;
        close(&ours, &[1.0, 0.1, (1.0 - smooth) * 0.01 / 8.0 + smooth * 0.01, 0.001 / 8.0]);
    }

    #[test]
    fn yarn_blends_by_turns_and_warms_attention() {
        let ours = frequencies(RopeScaling::Yarn(Yarn::new(4.0, 1024.0)));
        // dims of 32 turns and 1 turn: 8 ln(1024 / 64 pi) / 2 ln 1e4 = 0.707 -> 0 and 2.212 -> 3
        close(&ours.inverse_frequencies, &[1.0, 0.1 / 4.0 / 3.0 + 0.1 * 2.0 / 3.0, 0.01 / 6.0 + 0.01 / 3.0, 2.5e-4]);
        assert!((ours.attention_factor - (0.1 * 4f64.ln() + 1.0)).abs() < 1e-12);
    }

    #[test]
    fn factors_divide_each() {
        let scaling = RopeScaling::Factors { factor: 1.0, factors: vec![1.0, 2.0, 4.0, 8.0] };
        close(&frequencies(scaling).inverse_frequencies, &[1.0, 0.05, 0.0025, 1.25e-4]);
    }
}
