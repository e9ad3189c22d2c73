//! Min-p: tokens far less likely than the best one go (Nguyen et al. 2024, <https://arxiv.org/abs/2407.01082>).

/// Whether a token stays whose probability is `weight` times the best token's. The best one always does.
pub(super) fn keeps(weight: f32, min_p: f32) -> bool {
    weight >= min_p
}
