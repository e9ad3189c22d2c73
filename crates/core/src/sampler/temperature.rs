//! Temperature: how flat the distribution is.

use super::math;

/// Below this a temperature is 0, which means the best token. At 10⁻⁵ a token behind by a thousandth of a logit
/// already has e⁻¹⁰⁰ of the best one's probability.
pub(super) const GREEDY_BELOW: f32 = 1e-5;

/// Turns logits into weights relative to the best token's, which is exactly 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Temperature {
    /// Not below [`GREEDY_BELOW`].
    temperature: f32,
    /// The largest logit, finite.
    max: f32,
}

impl Temperature {
    pub(super) fn new(temperature: f32, max: f32) -> Self {
        Self { temperature, max }
    }

    /// e^((logit − max) / temperature), in 0..=1 and 0 for a forbidden token.
    pub(super) fn weight(self, logit: f32) -> f32 {
        math::exp((logit - self.max) / self.temperature)
    }
}
