//! A decoder-only transformer: embedding, layers, norm, head.

use std::sync::Arc;

use super::{Architecture, LayerConfig, ModelConfig, layer::Layer, llama, qwen2, qwen3};
use crate::{
    allocation::try_with_capacity,
    backend::{Backend, KvDType, ModelShape, StepPlan, Wanted},
    error::{Error, ErrorCode, Result},
    language_model::{KvLayout, LanguageModel},
    weights::{WeightLoader, WeightTable},
};

/// Choices that are not in the model's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransformerOptions {
    /// Positions a sequence can have.
    pub context_length: usize,
    /// Type of stored keys and values.
    pub kv_dtype: KvDType,
    /// Bytes that KV may take in all.
    pub kv_limit: Option<u64>,
    /// Bytes that the system must still have when KV has grown; 0 where the host counts its memory and is asked before.
    pub headroom: usize,
    /// Rows of a step at most.
    pub max_rows: usize,
    /// Rows of a step at most whose logits are wanted.
    pub max_sampled_rows: usize,
}

/// Positions in a KV block.
pub const BLOCK_SIZE: usize = 32;

/// A loaded model over one backend.
pub struct Transformer<B: Backend> {
    embedding: B::Embedding,
    layers: Vec<Layer<B>>,
    norm: B::Norm,
    head: B::Linear,
    backend: B,
    shape: ModelShape,
    options: TransformerOptions,
    kv_blocks: usize,
}

impl<B: Backend> Transformer<B> {
    /// Takes every tensor `config` asks for out of the loader's table and into its backend, in the order of the forward pass.
    ///
    /// # Errors
    /// As [`WeightLoader::linear`].
    pub fn load(mut loader: WeightLoader<'_, B>, config: &ModelConfig, options: TransformerOptions) -> Result<Self> {
        let load = &mut loader;
        let vocabulary = vocabulary(config, load.table);
        let embedding = load.embedding("model.embed_tokens", [vocabulary, config.hidden])?;
        let rotary = Arc::new(load.rotary(&config.rotary.frequencies())?);
        let mut layers = Vec::with_capacity(config.layers.len());
        for (index, &layer) in config.layers.iter().enumerate() {
            layers.push(load_layer(load, config, layer, &format!("model.layers.{index}"), &rotary)?);
        }
        let norm = load.norm("model.norm", config.hidden, config.norm_epsilon)?;
        let tied = config.tied_embeddings.unwrap_or(!load.table.contains("lm_head.weight"));
        let head =
            if tied { load.backend.tied_head(&embedding)? } else { load.head("lm_head", [vocabulary, config.hidden])? };
        let shape = model_shape(config, vocabulary, options);
        let mut backend = loader.backend;
        backend.prepare(&shape)?;
        Ok(Self { embedding, layers, norm, head, backend, shape, options, kv_blocks: 0 })
    }
}

fn load_layer<B: Backend>(
    load: &mut WeightLoader<'_, B>,
    config: &ModelConfig,
    layer: LayerConfig,
    prefix: &str,
    rotary: &Arc<B::Rotary>,
) -> Result<Layer<B>> {
    match config.architecture {
        Architecture::Llama | Architecture::SmolLm3 => llama::layer(load, config, layer, prefix, rotary),
        Architecture::Qwen2 => qwen2::layer(load, config, layer, prefix, rotary),
        Architecture::Qwen3 => qwen3::layer(load, config, layer, prefix, rotary),
    }
}

/// Rows of embedding and head.
pub(crate) fn vocabulary(config: &ModelConfig, table: &WeightTable) -> usize {
    let stored = || table.get("model.embed_tokens.weight").and_then(|weight| weight.shape.first().copied());
    config.vocabulary.or_else(stored).unwrap_or(0)
}

/// The sizes of a backend for the model.
pub(crate) fn model_shape(config: &ModelConfig, vocabulary: usize, options: TransformerOptions) -> ModelShape {
    ModelShape {
        hidden: config.hidden,
        intermediate: config.intermediate,
        layers: config.layers.len(),
        heads: config.heads,
        kv_heads: config.kv_heads,
        head_dim: config.head_dim,
        vocabulary,
        max_rows: options.max_rows,
        max_sampled_rows: options.max_sampled_rows,
        block_size: BLOCK_SIZE,
        kv_dtype: options.kv_dtype,
        attention_scale: (1.0 / libm::sqrt(config.head_dim as f64)) as f32,
    }
}

/// Bytes of one KV block over all layers.
pub(crate) fn kv_block_bytes(config: &ModelConfig, kv_dtype: KvDType) -> usize {
    config.layers.len() * 2 * config.kv_heads * kv_dtype.vector_bytes(config.head_dim) * BLOCK_SIZE
}

impl<B: Backend> LanguageModel for Transformer<B> {
    fn forward(&mut self, plan: &StepPlan) -> Result<()> {
        check_plan(plan, &self.shape)?;
        let backend = &mut self.backend;
        let mut hidden = backend.embed(&self.embedding, plan)?;
        for (index, Layer { attention, feed_forward }) in self.layers.iter().enumerate() {
            let queries = backend.norm_qkv_rope_write(&hidden, index, attention, plan)?;
            let heads = backend.attend(queries, index, attention, plan)?;
            hidden = backend.out_residual(hidden, heads, attention)?;
            hidden = backend.norm_gate_up_down_residual(hidden, feed_forward)?;
        }
        match plan.wanted {
            Wanted::Logits => backend.logits(hidden, &self.norm, &self.head, plan),
            Wanted::Hidden => backend.hidden(hidden, &self.norm, plan),
        }
    }

    fn logits(&mut self) -> &mut [f32] {
        self.backend.read_logits()
    }

    fn hidden(&mut self) -> &[f32] {
        self.backend.read_hidden()
    }

    fn hidden_size(&self) -> usize {
        self.shape.hidden
    }

    fn vocabulary_size(&self) -> usize {
        self.shape.vocabulary
    }

    fn context_length(&self) -> usize {
        self.options.context_length
    }

    fn kv_layout(&self) -> KvLayout {
        KvLayout { block_size: self.shape.block_size, block_bytes: self.shape.kv_block_bytes() }
    }

    fn reserve_kv_blocks(&mut self, blocks: usize) -> Result<()> {
        if blocks <= self.kv_blocks {
            return Ok(());
        }
        let needed = blocks as u64 * self.kv_layout().block_bytes as u64;
        if let Some(limit) = self.options.kv_limit.filter(|limit| needed > *limit) {
            return Err(Error::new(
                ErrorCode::OutOfMemory,
                format!("the KV cache needs {needed} bytes and may take {limit}: raise `maxMemoryBytes` or shorten the prompt"),
            )
            .detail("needed", needed)
            .detail("limit", limit));
        }
        let headroom = try_with_capacity::<u8>(self.options.headroom)?;
        let reserved = self.backend.reserve_kv_blocks(blocks);
        drop(headroom);
        reserved?;
        self.kv_blocks = blocks;
        Ok(())
    }

    fn copy_kv_block(&mut self, from: u32, to: u32) -> Result<()> {
        self.backend.copy_kv_block(from, to)
    }
}

/// A plan the engine must not build; a backend may index by its numbers unchecked after this.
fn check_plan(plan: &StepPlan, shape: &ModelShape) -> Result<()> {
    let broken = |what: String| Err(Error::new(ErrorCode::Internal, what));
    let max_sampled_rows = match plan.wanted {
        Wanted::Logits => shape.max_sampled_rows,
        Wanted::Hidden => shape.max_rows,
    };
    if plan.rows() == 0 || plan.rows() > shape.max_rows || plan.sampled_rows.len() > max_sampled_rows {
        return broken(format!("a step of {} rows and {} sampled", plan.rows(), plan.sampled_rows.len()));
    }
    if let Some(token) = plan.tokens.iter().find(|token| **token as usize >= shape.vocabulary) {
        return Err(Error::new(
            ErrorCode::InvalidRequest,
            format!("the token {token} is not among the model's {}", shape.vocabulary),
        ));
    }
    if plan.block_size as usize != shape.block_size {
        return broken(format!("a plan with blocks of {}", plan.block_size));
    }
    Ok(())
}
