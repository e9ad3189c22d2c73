//! Qwen2 and Qwen2.5 (arXiv 2407.10671): Llama with biases on queries, keys and values, none on the output.

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
    let attention = Attention {
        norm: load.norm(&format!("{prefix}.input_layernorm"), hidden, norm_epsilon)?,
        query: load.linear(&format!("{prefix}.self_attn.q_proj"), [queries, hidden], Bias::Required)?,
        key: load.linear(&format!("{prefix}.self_attn.k_proj"), [keys, hidden], Bias::Required)?,
        value: load.linear(&format!("{prefix}.self_attn.v_proj"), [keys, hidden], Bias::Required)?,
        query_norm: None,
        key_norm: None,
        output: load.linear(&format!("{prefix}.self_attn.o_proj"), [hidden, queries], Bias::Absent)?,
        rotary: layer.rotary.then(|| Arc::clone(rotary)),
        window: layer.window,
    };
    Ok(Layer { attention, feed_forward: feed_forward(load, config, prefix)? })
}
