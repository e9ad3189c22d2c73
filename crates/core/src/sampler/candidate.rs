//! A token with its logit, ordered.

/// Sorts best first: higher logits before lower ones, of equal logits the lower token id. One integer, so that
/// selecting and sorting compare no floats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Candidate(u64);

impl Candidate {
    /// `logit` must not be NaN.
    pub(super) fn new(logit: f32, token: u32) -> Self {
        // Adding zero makes -0 and 0 equal.
        let bits = (logit + 0.0).to_bits();
        // The usual order-preserving map of floats to integers, turned round.
        let ascending = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
        Self(u64::from(!ascending) << 32 | u64::from(token))
    }

    pub(super) fn token(self) -> u32 {
        self.0 as u32
    }

    pub(super) fn logit(self) -> f32 {
        let ascending = !((self.0 >> 32) as u32);
        f32::from_bits(if ascending >> 31 == 1 { ascending & !(1 << 31) } else { !ascending })
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the map loses nothing")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn orders_by_logit_and_then_by_token(a: f32, b: f32, same: bool, first: u32, second: u32) {
            prop_assume!(!a.is_nan() && !b.is_nan());
            let b = if same { a } else { b };
            let expected = b.partial_cmp(&a).unwrap().then(first.cmp(&second));
            let (one, other) = (Candidate::new(a, first), Candidate::new(b, second));
            prop_assert_eq!(one.cmp(&other), expected);
            prop_assert!(one.logit() == a && one.token() == first);
        }
    }

    #[test]
    fn zeros_are_equal_and_infinities_are_ends() {
        assert_eq!(Candidate::new(0.0, 1), Candidate::new(-0.0, 1));
        assert!(Candidate::new(f32::INFINITY, 9) < Candidate::new(f32::MAX, 0));
        assert!(Candidate::new(f32::MIN, 9) < Candidate::new(f32::NEG_INFINITY, 0));
    }
}
