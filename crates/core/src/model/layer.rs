//! A layer of a decoder-only transformer, and the half of it that does not differ between architectures.

use super::ModelConfig;
use crate::{
    backend::{Attention, Backend, FeedForward},
    error::Result,
    weights::{Bias, WeightLoader},
};

/// Attention, then feed-forward, each added to the residual stream.
pub(super) struct Layer<B: Backend> {
    pub(super) attention: Attention<B>,
    pub(super) feed_forward: FeedForward<B>,
}

/// Loads the gated feed-forward (`SwiGLU`, arXiv 2002.05202) under `prefix`, which all architectures here share.
pub(super) fn feed_forward<B: Backend>(
    load: &mut WeightLoader<'_, B>,
    config: &ModelConfig,
    prefix: &str,
) -> Result<FeedForward<B>> {
    let ModelConfig { hidden, intermediate, norm_epsilon, .. } = *config;
    let bias = Bias::from(config.feed_forward_bias);
    Ok(FeedForward {
        norm: load.norm(&format!("{prefix}.post_attention_layernorm"), hidden, norm_epsilon)?,
        gate: load.linear(&format!("{prefix}.mlp.gate_proj"), [intermediate, hidden], bias)?,
        up: load.linear(&format!("{prefix}.mlp.up_proj"), [intermediate, hidden], bias)?,
        down: load.linear(&format!("{prefix}.mlp.down_proj"), [hidden, intermediate], bias)?,
    })
}
