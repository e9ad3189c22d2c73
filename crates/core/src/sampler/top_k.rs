//! Top-k: only the best k tokens stay.

use super::candidate::Candidate;

/// Leaves the best `k` (not 0) allowed tokens of `logits` `(vocabulary,)` in `best`, best first.
///
/// One pass that keeps up to 2k candidates above a rising bar, so that a small k never sorts the vocabulary.
pub(super) fn select(logits: &[f32], k: usize, best: &mut Vec<Candidate>) {
    best.clear();
    let room = k.saturating_mul(2).clamp(64, logits.len().max(64));
    best.reserve(room);
    let mut bar = f32::NEG_INFINITY;
    for (chunk, first) in logits.chunks(LANES).zip((0_u32..).step_by(LANES)) {
        // Without a branch per logit: almost every chunk is below the bar.
        if chunk.iter().fold(bar, |max, &logit| if logit > max { logit } else { max }) <= bar {
            continue;
        }
        for (&logit, token) in chunk.iter().zip(first..) {
            // Ids ascend, so a later token with the bar's own logit is worse than all k that set the bar.
            if logit > bar {
                best.push(Candidate::new(logit, token));
                if best.len() == room && room > k {
                    bar = keep(best, k);
                }
            }
        }
    }
    if best.len() > k {
        keep(best, k);
    }
    best.sort_unstable();
}

/// Logits compared at once.
const LANES: usize = 32;

/// Keeps the best `k` of more than `k` candidates and gives the worst one's logit.
fn keep(best: &mut Vec<Candidate>, k: usize) -> f32 {
    let (_, &mut worst, _) = best.select_nth_unstable(k - 1);
    best.truncate(k);
    worst.logit()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]
        #[test]
        fn equals_a_full_sort(
            logits in prop::collection::vec(prop_oneof![
                8 => (-40_i8..40).prop_map(f32::from), 1 => Just(f32::NEG_INFINITY), 1 => -1.0_f32..1.0, 1 => Just(-0.0_f32),
            ], 1..700),
            k in prop_oneof![1_usize..20, 1_usize..800],
        ) {
            let mut expected: Vec<usize> = (0..logits.len()).filter(|&i| logits[i] > f32::NEG_INFINITY).collect();
            expected.sort_by(|&a, &b| logits[b].partial_cmp(&logits[a]).unwrap().then(a.cmp(&b)));
            expected.truncate(k);
            let mut best = Vec::new();
            select(&logits, k, &mut best);
            prop_assert_eq!(best.iter().map(|c| c.token() as usize).collect::<Vec<_>>(), expected);
        }
    }
}
