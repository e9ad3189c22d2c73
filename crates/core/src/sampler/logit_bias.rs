//! Logit bias: numbers added to the logits of chosen tokens.

/// Adds each bias of `biases` (token, bias) to `logits` `(vocabulary,)`. The tokens are within the vocabulary and
/// occur once each. ±100 outweighs any usual logit and is still a number: only the mask forbids for certain.
pub(super) fn apply(biases: &[(u32, f32)], logits: &mut [f32]) {
    for &(token, bias) in biases {
        if let Some(logit) = logits.get_mut(token as usize) {
            *logit += bias;
        }
    }
}
