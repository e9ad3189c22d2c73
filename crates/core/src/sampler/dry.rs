//! DRY ("don't repeat yourself"): a penalty on the token that would make a repeated passage longer.

use std::sync::Arc;

use super::token_table::TokenTable;

/// Longest repeat that is told from longer ones; the author's own bound against overflow of the power.
const MAX_MATCH: usize = 50;

/// DRY as its author defines it (p-e-w, text-generation-webui pull request 5677).
///
/// For every place in the history where the passage that ends the history has stood before, the token that followed
/// there is a candidate; `match_length` is the longest such passage for that token, at most 50 tokens. Passages
/// neither reach over nor end in a sequence breaker, and a breaker is never penalised. From `allowed_length` on, the
/// token's logit falls by `multiplier · base^(match_length − allowed_length)`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Dry {
    pub(super) multiplier: f64,
    pub(super) base: f64,
    pub(super) allowed_length: usize,
    pub(super) breakers: Breakers,
}

/// A set of token ids, one bit each.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Breakers(Arc<[u32]>);

impl Breakers {
    /// Ids from `vocabulary_size` on are left out.
    pub(super) fn new(tokens: &[u32], vocabulary_size: usize) -> Self {
        let mut words = vec![0; vocabulary_size.div_ceil(32)];
        for &token in tokens {
            if let Some(word) = words.get_mut(token as usize / 32) {
                *word |= 1 << (token % 32);
            }
        }
        Self(words.into())
    }

    fn contains(&self, token: u32) -> bool {
        self.0.get(token as usize / 32).is_some_and(|word| word >> (token % 32) & 1 == 1)
    }
}

/// Ids of the tokens whose bytes contain one of `breakers` (`"\n"`, `":"`, `"\""` and `"*"` are the usual ones).
///
/// The author takes the last token of each breaker's own encoding, which misses `":\n"` and `" \""`; every token that
/// holds a breaker breaks here, as in llama.cpp for breakers of one character.
pub fn breaker_tokens<'a, S: AsRef<str>>(
    breakers: &[S],
    vocabulary_size: usize,
    token_bytes: impl Fn(u32) -> Option<&'a [u8]>,
) -> Vec<u32> {
    let holds = |bytes: &[u8], breaker: &[u8]| {
        !breaker.is_empty() && bytes.windows(breaker.len()).any(|window| window == breaker)
    };
    (0..vocabulary_size as u32)
        .filter(|&token| {
            token_bytes(token)
                .is_some_and(|bytes| breakers.iter().any(|breaker| holds(bytes, breaker.as_ref().as_bytes())))
        })
        .collect()
}

impl Dry {
    /// Lowers `logits` `(vocabulary,)` by the repeats in `tokens`. Linear in the history (Z-algorithm, backwards).
    pub(super) fn apply(&self, logits: &mut [f32], tokens: &[u32], lengths: &mut TokenTable) {
        let count = tokens.len();
        // The history backwards: `back(0)` is the last token.
        let back = |index: usize| tokens[count - 1 - index];
        let longest = (0..count.min(MAX_MATCH)).find(|&i| self.breakers.contains(back(i))).unwrap_or(MAX_MATCH);
        lengths.reset(logits.len());
        // `matches[i]`: how far the history backwards from `i` agrees with the history backwards from its end.
        let mut matches = [0; MAX_MATCH];
        let (mut left, mut right) = (0, 0);
        for start in 1..count {
            let mut length = if start < right { matches[start - left].min(right - start) } else { 0 };
            while length < longest && start + length < count && back(start + length) == back(length) {
                length += 1;
            }
            if start + length > right {
                (left, right) = (start, start + length);
            }
            if let Some(slot) = matches.get_mut(start) {
                *slot = length;
            }
            let next = back(start - 1);
            if length >= self.allowed_length.max(1) && !self.breakers.contains(next) {
                lengths.raise(next, length as u32);
            }
        }
        for (token, length) in lengths.iter() {
            let penalty = self.multiplier * libm::pow(self.base, (length as usize - self.allowed_length) as f64);
            logits[token] -= penalty.min(f64::from(f32::MAX)) as f32;
        }
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact in binary")]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    /// The author's loop, line by line.
    fn oracle(dry: &Dry, tokens: &[u32]) -> HashMap<u32, f32> {
        let mut lengths: HashMap<u32, usize> = HashMap::new();
        let Some(&last) = tokens.last() else { return HashMap::new() };
        if dry.breakers.contains(last) {
            return HashMap::new();
        }
        for i in 0..tokens.len() - 1 {
            if tokens[i] != last || dry.breakers.contains(tokens[i + 1]) {
                continue;
            }
            let mut length = 1;
            while length < 50 && length <= i {
                let previous = tokens[tokens.len() - 1 - length];
                if tokens[i - length] != previous || dry.breakers.contains(previous) {
                    break;
                }
                length += 1;
            }
            let entry = lengths.entry(tokens[i + 1]).or_default();
            *entry = length.max(*entry);
        }
        lengths
            .into_iter()
            .filter(|&(_, length)| length >= dry.allowed_length)
            .map(|(token, length)| {
                (token, (dry.multiplier * dry.base.powi((length - dry.allowed_length) as i32)) as f32)
            })
            .collect()
    }

    fn dry(allowed_length: usize, breakers: &[u32]) -> Dry {
        Dry { multiplier: 0.8, base: 1.75, allowed_length, breakers: Breakers::new(breakers, 100) }
    }

    #[test]
    fn penalises_what_would_go_on_a_repeat() {
        let mut logits = vec![0.0; 100];
        dry(2, &[]).apply(&mut logits, &[1, 2, 3, 4, 9, 1, 2, 3], &mut TokenTable::default());
        assert!((logits[4] + 0.8 * 1.75).abs() < 1e-6);
        assert_eq!(logits.iter().filter(|&&l| l != 0.0).count(), 1);
    }

    #[test]
    fn long_repeat_of_one_token_stays_finite() {
        let mut logits = vec![0.0; 100];
        let strong = Dry { multiplier: 100.0, base: 100.0, ..dry(0, &[]) };
        strong.apply(&mut logits, &vec![7; 5_000], &mut TokenTable::default());
        assert_eq!(logits[7], f32::MIN);
    }

    #[test]
    fn breakers_are_the_tokens_that_hold_one() {
        let vocabulary: [&[u8]; 4] = [b"a", b":\n", b" \"x", b""];
        let found = breaker_tokens(&["\n", "\"", ""], 5, |id| vocabulary.get(id as usize).copied());
        assert_eq!(found, [1, 2]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn equals_the_authors_loop(
            tokens in prop_oneof![prop::collection::vec(0_u32..4, 0..160), prop::collection::vec(0_u32..2, 0..160)],
            allowed_length in 0_usize..6,
            breakers in prop::collection::vec(0_u32..5, 0..2),
        ) {
            let dry = dry(allowed_length, &breakers);
            let mut logits = vec![0.0; 100];
            // A table that was used before.
            let mut table = TokenTable::default();
            dry.apply(&mut logits, &[3, 3, 3, 3], &mut table);
            logits.fill(0.0);
            dry.apply(&mut logits, &tokens, &mut table);
            let expected = oracle(&dry, &tokens);
            for (token, logit) in logits.iter().enumerate() {
                let penalty = expected.get(&(token as u32)).copied().unwrap_or_default();
                prop_assert!((logit + penalty).abs() <= 1e-5 * penalty, "{token}: {logit} {penalty}");
            }
        }
    }
}
