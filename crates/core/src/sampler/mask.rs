//! Tokens that must not be drawn.

/// Forbids every token whose bit is not set: bit `i % 32` of word `i / 32`, and all tokens beyond the mask.
/// `logits` is `(vocabulary,)`.
pub(super) fn apply(mask: &[u32], logits: &mut [f32]) {
    let covered = logits.len().min(mask.len().saturating_mul(32));
    let (covered, beyond) = logits.split_at_mut(covered);
    for (logits, &word) in covered.chunks_mut(32).zip(mask) {
        match word {
            0 => logits.fill(f32::NEG_INFINITY),
            u32::MAX => {}
            _ => {
                for (bit, logit) in logits.iter_mut().enumerate() {
                    if word >> bit & 1 == 0 {
                        *logit = f32::NEG_INFINITY;
                    }
                }
            }
        }
    }
    beyond.fill(f32::NEG_INFINITY);
}

/// Forbids `tokens`, in or out of the vocabulary.
pub(super) fn ban(tokens: &[u32], logits: &mut [f32]) {
    for &token in tokens {
        if let Some(logit) = logits.get_mut(token as usize) {
            *logit = f32::NEG_INFINITY;
        }
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the numbers are only moved")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn keeps_exactly_the_set_bits(
            mask in prop::collection::vec(prop_oneof![Just(0), Just(u32::MAX), any::<u32>()], 0..5),
            width in 0_usize..140,
        ) {
            let mut logits = vec![1.0; width];
            apply(&mask, &mut logits);
            for (token, &logit) in logits.iter().enumerate() {
                let allowed = token / 32 < mask.len() && mask[token / 32] & (1 << (token % 32)) != 0;
                prop_assert_eq!(logit, if allowed { 1.0 } else { f32::NEG_INFINITY });
            }
        }
    }

    #[test]
    fn bans_tokens_and_ignores_unknown_ones() {
        let mut logits = vec![1.0; 3];
        ban(&[1, 7], &mut logits);
        assert_eq!(logits, [1.0, f32::NEG_INFINITY, 1.0]);
    }
}
