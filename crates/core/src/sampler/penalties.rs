//! Penalties on tokens that have been said.

use super::token_table::TokenTable;

/// Repetition, frequency and presence penalties.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Penalties {
    /// Of CTRL (Keskar et al. 2019, §4.1) as transformers applies it: logits of tokens in the prompt or the answer
    /// are divided by it when positive and multiplied when negative. 1 is off.
    pub(super) repetition: f32,
    /// As `OpenAI` defines it: subtracted once per occurrence in the answer. 0 is off.
    pub(super) frequency: f32,
    /// As `OpenAI` defines it: subtracted once if the token is in the answer. 0 is off.
    pub(super) presence: f32,
}

impl Penalties {
    /// Changes `logits` `(vocabulary,)`: repetition first, then frequency and presence. `tokens` is prompt and
    /// answer, of which the first `prompt_length` are the prompt.
    pub(super) fn apply(&self, logits: &mut [f32], tokens: &[u32], prompt_length: usize, counts: &mut TokenTable) {
        // Off means exactly the neutral value.
        #[expect(clippy::float_cmp, reason = "the neutral values are exact")]
        let (repetition, additive) = (self.repetition != 1.0, self.frequency != 0.0 || self.presence != 0.0);
        if repetition {
            counts.reset(logits.len());
            for &token in tokens {
                counts.add(token);
            }
            for (token, _) in counts.iter() {
                let logit = &mut logits[token];
                *logit = if *logit > 0.0 { *logit / self.repetition } else { *logit * self.repetition };
            }
        }
        if additive {
            counts.reset(logits.len());
            for &token in tokens.get(prompt_length..).unwrap_or_default() {
                counts.add(token);
            }
            for (token, count) in counts.iter() {
                logits[token] -= count as f32 * self.frequency + self.presence;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn repetition_counts_the_prompt_and_the_others_do_not() {
        let penalties = Penalties { repetition: 2.0, frequency: 0.5, presence: 0.25 };
        let mut logits = vec![4.0, -4.0, 4.0, 4.0];
        penalties.apply(&mut logits, &[0, 1, 2, 2, 99], 2, &mut TokenTable::default());
        assert_eq!(logits, [2.0, -8.0, 2.0 - 1.25, 4.0]);
    }

    proptest! {
        #[test]
        fn equals_the_definition(
            logits in prop::collection::vec(-20.0_f32..20.0, 8),
            tokens in prop::collection::vec(0_u32..10, 0..40),
            prompt in 0_usize..20,
            repetition in prop_oneof![Just(1.0_f32), 0.5_f32..2.0],
            frequency in prop_oneof![Just(0.0_f32), -2.0_f32..2.0],
            presence in prop_oneof![Just(0.0_f32), -2.0_f32..2.0],
        ) {
            let mut actual = logits.clone();
            Penalties { repetition, frequency, presence }.apply(&mut actual, &tokens, prompt, &mut TokenTable::default());
            let answer = tokens.get(prompt..).unwrap_or_default();
            for (token, &logit) in logits.iter().enumerate() {
                let (mut expected, repetition) = (f64::from(logit), f64::from(repetition));
                if tokens.contains(&(token as u32)) {
                    expected = if expected > 0.0 { expected / repetition } else { expected * repetition };
                }
                let count = answer.iter().filter(|&&t| t == token as u32).count();
                if count > 0 {
                    expected -= count as f64 * f64::from(frequency) + f64::from(presence);
                }
                prop_assert!((f64::from(actual[token]) - expected).abs() < 1e-4);
            }
        }
    }
}
