//! Top-p: the nucleus (Holtzman et al. 2019, <https://arxiv.org/abs/1904.09751>).

/// How many of `weights`, best first, stay: the fewest whose sum reaches `p` of `total`. The sum runs in that order
/// in f64. None when all together do not reach it.
pub(super) fn reach(weights: impl IntoIterator<Item = f32>, p: f64, total: f64) -> Option<usize> {
    let mut sum = 0.0;
    weights
        .into_iter()
        .position(|weight| {
            sum += f64::from(weight);
            sum >= p * total
        })
        .map(|last| last + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_token_that_reaches_the_mass() {
        let weights = [0.5, 0.25, 0.125, 0.125];
        for (p, kept) in [(0.01, 1), (0.5, 1), (0.51, 2), (0.75, 2), (0.8, 3), (1.0, 4)] {
            assert_eq!(reach(weights, p, 1.0), Some(kept), "{p}");
        }
        assert_eq!(reach([0.5, 0.25], 0.9, 1.0), None);
    }
}
