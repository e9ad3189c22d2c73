//! Llama 2 and 3 (arXiv 2307.09288, 2407.21783), and what is built like it: Mistral 7B with its sliding window (2310.06825),
//! `SmolLM2`, and `SmolLM3`, whose every fourth layer has no positions (2501.18795).

use std::sync::Arc;

use super::{
    LayerConfig, ModelConfig,
    layer::{Layer, feed_forward},
};
use crate::{
    backend::{Attention, Backend},
    error::Result,
    weights::{Bias, WeightLoader},
};

/// Loads the layer under `prefix`: `model.layers.0`.
pub(super) fn layer<B: Backend>(
    load: &mut WeightLoader<'_, B>,
    config: &ModelConfig,
    layer: LayerConfig,
    prefix: &str,
    rotary: &Arc<B::Rotary>,
) -> Result<Layer<B>> {
    let ModelConfig { hidden, norm_epsilon, .. } = *config;
    let (queries, keys) = (config.query_width(), config.kv_width());
    let bias = Bias::from(config.attention_bias);
    let attention = Attention {
        norm: load.norm(&format!("{prefix}.input_layernorm"), hidden, norm_epsilon)?,
        query: load.linear(&format!("{prefix}.self_attn.q_proj"), [queries, hidden], bias)?,
        key: load.linear(&format!("{prefix}.self_attn.k_proj"), [keys, hidden], bias)?,
        value: load.linear(&format!("{prefix}.self_attn.v_proj"), [keys, hidden], bias)?,
        query_norm: None,
        key_norm: None,
        output: load.linear(&format!("{prefix}.self_attn.o_proj"), [hidden, queries], bias)?,
        rotary: layer.rotary.then(|| Arc::clone(rotary)),
        window: layer.window,
    };
    Ok(Layer { attention, feed_forward: feed_forward(load, config, prefix)? })
}
