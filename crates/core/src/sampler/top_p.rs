//! Top-p: the nucleus (Holtzman et al. 2019, <https://arxiv.org/abs/1904.09751>), the fewest best tokens whose
//! probabilities reach p. Of equal logits the lower ids are the better ones.

use super::candidate::Candidate;

/// How many of `weights`, best first, stay: the fewest whose sum reaches `mass`. None when all together do not.
pub(super) fn reach(weights: &[f32], mass: f64) -> Option<usize> {
    let mut sum = 0.0;
    weights
        .iter()
        .position(|&weight| {
            sum += f64::from(weight);
            sum >= mass
        })
        .map(|last| last + 1)
}

/// Finds a nucleus of thousands without an order of the vocabulary. Memory reused between steps.
#[derive(Debug, Clone, Default)]
pub(super) struct LargeNucleus {
    /// Mass of the weights whose upper 16 bits are the index: 128 shares to an octave.
    masses: Vec<f64>,
    /// The weights of the share in which the nucleus ends.
    edge: Vec<Candidate>,
}

impl LargeNucleus {
    /// Zeroes the `weights` `(vocabulary,)`, none over 1, outside the fewest best that reach `mass`. `logits`
    /// `(vocabulary,)` decide between equal weights.
    pub(super) fn keep(&mut self, logits: &[f32], weights: &mut [f32], mass: f64) {
        // Bits of floats that are not negative are in the order of the floats.
        let share = |weight: f32| (weight.to_bits() >> 16) as usize;
        self.masses.clear();
        self.masses.resize(share(1.0) + 1, 0.0);
        for &weight in weights.iter() {
            if let Some(mass) = self.masses.get_mut(share(weight)) {
                *mass += f64::from(weight);
            }
        }
        let mut sum = 0.0;
        let mut last = 0;
        for (index, &mass_of_share) in self.masses.iter().enumerate().rev() {
            last = index;
            if sum + mass_of_share >= mass {
                break;
            }
            sum += mass_of_share;
        }
        self.edge.clear();
        for (token, (weight, &logit)) in (0..).zip(weights.iter_mut().zip(logits)) {
            if share(*weight) == last {
                self.edge.push(Candidate::new(logit, token));
            } else if share(*weight) < last {
                *weight = 0.0;
            }
        }
        self.edge.sort_unstable();
        for candidate in &self.edge {
            let weight = &mut weights[candidate.token() as usize];
            if sum >= mass {
                *weight = 0.0;
            }
            sum += f64::from(*weight);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keeps_the_token_that_reaches_the_mass() {
        let weights = [0.5, 0.25, 0.125, 0.125];
        for (mass, kept) in [(0.01, 1), (0.5, 1), (0.51, 2), (0.75, 2), (0.8, 3), (1.0, 4)] {
            assert_eq!(reach(&weights, mass), Some(kept), "{mass}");
        }
        assert_eq!(reach(&[0.5, 0.25], 0.9), None);
    }

    proptest! {
        /// Weights are thousandths of a power of two and their sums exact, so both ways must agree to the token.
        #[test]
        fn nucleus_without_an_order_is_the_same(
            logits in prop::collection::vec(prop_oneof![-1_023_i16..=0, -30_i16..=0].prop_map(|n| f32::from(n) / 1_024.0), 1..300),
            p in 0.01_f64..=1.0,
        ) {
            let weight = |logit: f32| 1.0 + logit;
            let mut order: Vec<Candidate> = (0..).zip(&logits).map(|(token, &logit)| Candidate::new(logit, token)).collect();
            order.sort();
            let sorted: Vec<f32> = order.iter().map(|candidate| weight(candidate.logit())).collect();
            let mass = p * sorted.iter().copied().map(f64::from).sum::<f64>();
            let mut expected = vec![0.0; logits.len()];
            for candidate in &order[..reach(&sorted, mass).unwrap()] {
                expected[candidate.token() as usize] = weight(candidate.logit());
            }
            let mut weights: Vec<f32> = logits.iter().map(|&logit| weight(logit)).collect();
            LargeNucleus::default().keep(&logits, &mut weights, mass);
            prop_assert_eq!(weights, expected);
        }
    }
}
