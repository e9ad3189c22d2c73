//! Where the maths runs. A model file is written once against [`Backend`]; two backends implement it.
//!
//! - `CandleBackend`: candle tensors on CPU, CUDA and Metal; the reference.
//! - `CpuBackend`: own arena, packed weights, block KV and kernels; what CPU users get.

pub mod candle;
pub mod cpu;
mod step_plan;

pub use step_plan::{StepPlan, Wanted};

use crate::error::Result;
use crate::weight::Weight;

/// About a dozen coarse operations, each a whole fused step of a transformer layer.
///
/// Activations are `(rows, width)` where a row is one token of one sequence; which, the [`StepPlan`] says.
pub trait Backend: Send + Sized + 'static {
    /// A projection `(out, in)` with an optional bias `(out,)`, packed.
    type Linear: Send;
    /// RMS-norm weight `(width,)` with its epsilon.
    type Norm: Send;
    /// Token embedding `(vocabulary, hidden)`, kept in the file's type.
    type Embedding: Send;
    /// Rotary frequencies in the backend's form.
    type Rotary: Send + Sync;
    /// Activations `(rows, width)`; on the CPU a handle into the arena.
    type Activation;

    // Loading.

    /// Packs a projection. Several backends may share the bytes of `weight`.
    fn linear(&mut self, weight: Weight, bias: Option<Weight>) -> Result<Self::Linear>;
    /// Takes a norm's weight.
    fn norm(&mut self, weight: Weight, epsilon: f32) -> Result<Self::Norm>;
    /// Takes the embedding table.
    fn embedding(&mut self, weight: Weight) -> Result<Self::Embedding>;
    /// The output head of a model with tied embeddings: the same storage, never a second copy.
    fn tied_head(&mut self, embedding: &Self::Embedding) -> Result<Self::Linear>;
    /// Takes rotary frequencies.
    fn rotary(&mut self, frequencies: &RotaryFrequencies) -> Result<Self::Rotary>;
    /// Sizes arena and KV storage once all weights are in; the last call of loading.
    fn prepare(&mut self, shape: &ModelShape) -> Result<()>;

    // KV.

    /// Makes room for `blocks` KV blocks in all.
    fn reserve_kv_blocks(&mut self, blocks: usize) -> Result<()>;
    /// Copies keys and values of all layers from block `from` to block `to`.
    fn copy_kv_block(&mut self, from: u32, to: u32) -> Result<()>;

    // One step, in the order a layer runs them.

    /// Looks up `plan.tokens`: `(rows, hidden)`.
    fn embed(&mut self, table: &Self::Embedding, plan: &StepPlan) -> Result<Self::Activation>;
    /// Norm, the three projections, per-head norms where the model has them, rotary; keys and values go to `plan.slots` of `layer`.
    /// Returns the queries `(rows, heads * head_dim)`.
    fn norm_qkv_rope_write(
        &mut self,
        hidden: &Self::Activation,
        layer: usize,
        attention: &Attention<Self>,
        plan: &StepPlan,
    ) -> Result<Self::Activation>;
    /// Causal attention of the queries over their sequences' blocks: `(rows, heads * head_dim)`.
    fn attend(
        &mut self,
        queries: Self::Activation,
        layer: usize,
        attention: &Attention<Self>,
        plan: &StepPlan,
    ) -> Result<Self::Activation>;
    /// `hidden + output(heads)`: `(rows, hidden)`.
    fn out_residual(
        &mut self,
        hidden: Self::Activation,
        heads: Self::Activation,
        attention: &Attention<Self>,
    ) -> Result<Self::Activation>;
    /// `hidden + down(silu(gate(norm(hidden))) * up(norm(hidden)))`: `(rows, hidden)`.
    fn norm_gate_up_down_residual(
        &mut self,
        hidden: Self::Activation,
        feed_forward: &FeedForward<Self>,
    ) -> Result<Self::Activation>;
    /// Final norm and head for `plan.sampled_rows` alone; the result is read with [`Self::read_logits`].
    fn logits(
        &mut self,
        hidden: Self::Activation,
        norm: &Self::Norm,
        head: &Self::Linear,
        plan: &StepPlan,
    ) -> Result<()>;
    /// Logits of the last step on the host, `(sampled_rows, vocabulary)`.
    fn read_logits(&mut self) -> &mut [f32];
    /// In place of [`Self::logits`]: final norm for `plan.sampled_rows` alone; the result is read with [`Self::read_hidden`].
    fn hidden(&mut self, hidden: Self::Activation, norm: &Self::Norm, plan: &StepPlan) -> Result<()>;
    /// Normalised states of the last step on the host, `(sampled_rows, hidden)`.
    fn read_hidden(&mut self) -> &[f32];
}

/// The attention half of a layer.
pub struct Attention<B: Backend> {
    /// Norm before the projections.
    pub norm: B::Norm,
    /// `(heads * head_dim, hidden)`.
    pub query: B::Linear,
    /// `(kv_heads * head_dim, hidden)`.
    pub key: B::Linear,
    /// `(kv_heads * head_dim, hidden)`.
    pub value: B::Linear,
    /// Per-head norm of the queries `(head_dim,)` (Qwen3).
    pub query_norm: Option<B::Norm>,
    /// Per-head norm of the keys `(head_dim,)` (Qwen3).
    pub key_norm: Option<B::Norm>,
    /// `(hidden, heads * head_dim)`.
    pub output: B::Linear,
    /// Absent in a layer without positions (SmolLM3).
    pub rotary: Option<std::sync::Arc<B::Rotary>>,
    /// How many positions back a row sees, itself included; all of them when absent.
    pub window: Option<u32>,
}

/// The feed-forward half of a layer.
pub struct FeedForward<B: Backend> {
    /// Norm before the projections.
    pub norm: B::Norm,
    /// `(intermediate, hidden)`.
    pub gate: B::Linear,
    /// `(intermediate, hidden)`.
    pub up: B::Linear,
    /// `(hidden, intermediate)`.
    pub down: B::Linear,
}

/// Which elements of a head rotate together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RotaryStyle {
    /// `(i, i + dim / 2)`: Hugging Face checkpoints, Qwen in GGUF.
    Halves,
    /// `(2 i, 2 i + 1)`: the llama architecture in GGUF, whose query and key rows are permuted to fit.
    Pairs,
}

/// How positions rotate queries and keys. Angles are `position * inverse_frequencies[i]`, computed in f64 with `libm`, so that
/// every host gets the same bits.
#[derive(Debug, Clone, PartialEq)]
pub struct RotaryFrequencies {
    /// `(dim / 2,)`, after llama3, linear or YaRN scaling.
    pub inverse_frequencies: Vec<f64>,
    /// Multiplies cosines and sines: YaRN's attention factor, otherwise 1.
    pub attention_factor: f64,
    /// Rotated elements of a head, even; the rest pass.
    pub dim: usize,
    /// Pairing.
    pub style: RotaryStyle,
}

/// The sizes a backend needs for its arena and KV storage.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelShape {
    /// Width of the residual stream.
    pub hidden: usize,
    /// Width of the feed-forward.
    pub intermediate: usize,
    /// Layers.
    pub layers: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads; divides `heads`.
    pub kv_heads: usize,
    /// Elements of a head.
    pub head_dim: usize,
    /// Rows of the head, padding included.
    pub vocabulary: usize,
    /// Rows a step has at most (prefill chunk plus decode rows).
    pub max_rows: usize,
    /// Rows sampled in a step at most.
    pub max_sampled_rows: usize,
    /// Positions of a KV block.
    pub block_size: usize,
    /// Type of stored keys and values.
    pub kv_dtype: KvDType,
    /// Multiplies `q · k`, usually `1 / sqrt(head_dim)`.
    pub attention_scale: f32,
}

impl ModelShape {
    /// Bytes of one KV block over all layers.
    pub fn kv_block_bytes(&self) -> usize {
        self.layers * 2 * self.kv_heads * self.kv_dtype.vector_bytes(self.head_dim) * self.block_size
    }
}

/// Type of stored keys and values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KvDType {
    /// Two bytes an element; the default.
    F16,
    /// Four bytes, for f32 models that must match their reference.
    F32,
    /// One byte and, for each position of a head, a scale of four; [`cpu::CpuBackend`] alone has it.
    Q8,
}

impl KvDType {
    /// Bytes of a head's key, or value, of one position.
    pub fn vector_bytes(self, head_dim: usize) -> usize {
        match self {
            Self::F16 => head_dim * 2,
            Self::F32 => head_dim * 4,
            Self::Q8 => head_dim + size_of::<f32>(),
        }
    }
}
