//! Log-probabilities of tokens.

use super::candidate::Candidate;
use super::{math, top_k};

/// Log-softmax of the logits after DRY, penalties, bias and mask and before temperature: what the model and the
/// request say, not how freely it is drawn from. Forbidden tokens have none.
#[derive(Debug, Clone, Copy)]
pub(super) struct LogProbs {
    max: f32,
    /// ln Σ e^(logit − max).
    log_sum: f64,
}

impl LogProbs {
    /// Of `logits` `(vocabulary,)`, whose largest is `max`.
    pub(super) fn new(logits: &[f32], max: f32) -> Self {
        Self { max, log_sum: math::ln(math::sum(logits, |logit| math::exp(logit - max))) }
    }

    /// The natural logarithm of the probability of a token with this logit.
    pub(super) fn of(self, logit: f32) -> f32 {
        (f64::from(logit) - f64::from(self.max) - self.log_sum) as f32
    }

    /// The `count` most likely tokens of the same `logits`, best first; fewer when fewer are allowed.
    pub(super) fn top(self, logits: &[f32], count: usize, best: &mut Vec<Candidate>) -> Vec<(u32, f32)> {
        if count == 0 {
            return Vec::new();
        }
        top_k::select(logits, count, best);
        best.iter().map(|candidate| (candidate.token(), self.of(candidate.logit()))).collect()
    }
}
