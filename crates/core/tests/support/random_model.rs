//! A random model on `CpuBackend`.

use std::sync::Arc;

use wick_core::Result;
use wick_core::backend::cpu::CpuBackend;
use wick_core::backend::{
    Attention, Backend, FeedForward, KvDType, ModelShape, RotaryFrequencies, RotaryStyle, StepPlan,
};
use wick_core::weight::{DType, Weight, WeightBytes};
use wick_kernels::synthetic::{Random, weight_bytes};
use wick_kernels::{BlockType, Packed, ThreadPool};

/// What to build.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "independent features of a model")]
pub(crate) struct Spec {
    pub(crate) block_type: BlockType,
    pub(crate) hidden: usize,
    pub(crate) intermediate: usize,
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    pub(crate) kv_heads: usize,
    pub(crate) head_dim: usize,
    pub(crate) vocabulary: usize,
    pub(crate) block_size: usize,
    pub(crate) window: Option<u32>,
    pub(crate) kv_dtype: KvDType,
    pub(crate) style: RotaryStyle,
    pub(crate) biases: bool,
    pub(crate) head_norms: bool,
    pub(crate) tied: bool,
    /// The last layer has no positions.
    pub(crate) positionless: bool,
    pub(crate) seed: u64,
}

impl Spec {
    /// A random spec for weights of `block_type`.
    pub(crate) fn random(block_type: BlockType, seed: u64) -> Self {
        let mut random = Random(seed ^ 0x5eed);
        let head_dim = [16, 32, 64][random.below(3)];
        // Every width is a whole number of blocks.
        let unit = block_type.block_len().max(32);
        let heads = (unit * (1 + random.below(2))).div_ceil(head_dim).next_multiple_of(unit.div_ceil(head_dim));
        let kv_heads = [1, 2, heads][random.below(3)];
        let kv_dtype = [KvDType::F16, KvDType::F32, KvDType::Q8][random.below(3)];
        let mut coin = || random.below(2) == 1;
        Self {
            block_type,
            hidden: unit * if coin() { 2 } else { 1 },
            intermediate: unit * if coin() { 3 } else { 2 },
            layers: if coin() { 2 } else { 3 },
            heads,
            kv_heads: if heads.is_multiple_of(kv_heads) { kv_heads } else { 1 },
            head_dim,
            vocabulary: if coin() { 97 } else { 40 },
            block_size: if coin() { 16 } else { 32 },
            window: [None, Some(23), Some(141)][usize::from(coin()) + usize::from(coin())],
            kv_dtype,
            style: if coin() { RotaryStyle::Halves } else { RotaryStyle::Pairs },
            biases: coin(),
            head_norms: coin(),
            tied: coin(),
            positionless: coin(),
            seed,
        }
    }

    pub(crate) fn frequencies(&self) -> RotaryFrequencies {
        let dim = self.head_dim;
        RotaryFrequencies {
            inverse_frequencies: (0..dim / 2).map(|i| 10_000_f64.powf(-2.0 * i as f64 / dim as f64)).collect(),
            attention_factor: 1.0,
            dim,
            style: self.style,
        }
    }

    pub(crate) fn attention_scale(&self) -> f32 {
        1.0 / (self.head_dim as f32).sqrt()
    }

    /// Bytes of weight number `index`, `(rows, columns)`.
    fn bytes(&self, index: u64, block_type: BlockType, rows: usize, columns: usize) -> Vec<u8> {
        let magnitude = 1.7 / (columns as f32).sqrt();
        weight_bytes(block_type, rows, columns, self.seed.wrapping_mul(1000) + index, magnitude)
    }
}

/// Makes weights in a fixed order, for a backend or for the oracle.
pub(crate) struct WeightMaker<'a> {
    pub(crate) spec: &'a Spec,
    pub(crate) index: u64,
}

impl WeightMaker<'_> {
    pub(crate) fn matrix(&mut self, rows: usize, columns: usize) -> (BlockType, Vec<u8>) {
        self.index += 1;
        (self.spec.block_type, self.spec.bytes(self.index, self.spec.block_type, rows, columns))
    }

    /// Values around `centre`.
    pub(crate) fn vector(&mut self, len: usize, centre: f32) -> Vec<f32> {
        self.index += 1;
        let mut random = Random(self.spec.seed.wrapping_mul(77) + self.index);
        (0..len).map(|_| centre + 0.3 * random.unit()).collect()
    }

    /// The matrix as the kernels hold it.
    pub(crate) fn packed(&mut self, rows: usize, columns: usize) -> Packed {
        let (block_type, bytes) = self.matrix(rows, columns);
        let pool = ThreadPool::new(1).unwrap();
        Packed::from_taken(&pool, block_type, (rows, columns), Box::new(bytes)).unwrap()
    }

    fn weight(&mut self, rows: usize, columns: usize) -> Weight {
        let (block_type, bytes) = self.matrix(rows, columns);
        Weight { name: "test".into(), dtype: dtype(block_type), shape: vec![rows, columns], bytes: owned(bytes) }
    }

    fn vector_weight(&mut self, len: usize, centre: f32) -> Weight {
        let bytes = self.vector(len, centre).iter().flat_map(|value| value.to_le_bytes()).collect();
        Weight { name: "test".into(), dtype: DType::F32, shape: vec![len], bytes: owned(bytes) }
    }

    fn linear<B: Backend>(&mut self, backend: &mut B, rows: usize, columns: usize, bias: bool) -> Result<B::Linear> {
        let weight = self.weight(rows, columns);
        let bias = bias.then(|| self.vector_weight(rows, 0.0));
        backend.linear(weight, bias)
    }

    fn norm<B: Backend>(&mut self, backend: &mut B, width: usize) -> Result<B::Norm> {
        backend.norm(self.vector_weight(width, 1.0), 1e-5)
    }
}

fn owned(bytes: Vec<u8>) -> WeightBytes {
    WeightBytes::Owned(bytes.into())
}

pub(crate) fn dtype(block_type: BlockType) -> DType {
    match block_type {
        BlockType::F32 => DType::F32,
        BlockType::F16 => DType::F16,
        BlockType::BF16 => DType::BF16,
        BlockType::Q4_0 => DType::Q4_0,
        BlockType::Q4_1 => DType::Q4_1,
        BlockType::Q5_0 => DType::Q5_0,
        BlockType::Q5_1 => DType::Q5_1,
        BlockType::Q8_0 => DType::Q8_0,
        BlockType::Q2_K => DType::Q2_K,
        BlockType::Q3_K => DType::Q3_K,
        BlockType::Q4_K => DType::Q4_K,
        BlockType::Q5_K => DType::Q5_K,
        BlockType::Q6_K => DType::Q6_K,
    }
}

/// A random model.
pub(crate) struct RandomModel<B: Backend = CpuBackend> {
    pub(crate) backend: B,
    pub(crate) spec: Spec,
    embedding: B::Embedding,
    layers: Vec<(Attention<B>, FeedForward<B>)>,
    norm: B::Norm,
    head: B::Linear,
}

/// Operations of the first layer that are run between the embedding and the final norm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operations {
    None,
    Attention,
    FeedForward,
}

/// Rows a step of a random model has at most.
pub(crate) const MAX_ROWS: usize = 192;

impl RandomModel {
    pub(crate) fn new(spec: &Spec, threads: usize, blocks: usize) -> Result<Self> {
        Self::on(CpuBackend::new(Arc::new(ThreadPool::new(threads)?)), spec, blocks)
    }
}

impl<B: Backend> RandomModel<B> {
    /// The same model on any backend.
    pub(crate) fn on(mut backend: B, spec: &Spec, blocks: usize) -> Result<Self> {
        let mut make = WeightMaker { spec, index: 0 };
        let embedding = backend.embedding(make.weight(spec.vocabulary, spec.hidden))?;
        let rotary = Arc::new(backend.rotary(&spec.frequencies())?);
        let (attention_width, kv_width) = (spec.heads * spec.head_dim, spec.kv_heads * spec.head_dim);
        let mut layers = Vec::new();
        for layer in 0..spec.layers {
            let b = &mut backend;
            let attention = Attention {
                norm: make.norm(b, spec.hidden)?,
                query: make.linear(b, attention_width, spec.hidden, spec.biases)?,
                key: make.linear(b, kv_width, spec.hidden, spec.biases)?,
                value: make.linear(b, kv_width, spec.hidden, spec.biases)?,
                query_norm: if spec.head_norms { Some(make.norm(b, spec.head_dim)?) } else { None },
                key_norm: if spec.head_norms { Some(make.norm(b, spec.head_dim)?) } else { None },
                output: make.linear(b, spec.hidden, attention_width, false)?,
                rotary: (!spec.positionless || layer + 1 < spec.layers).then(|| Arc::clone(&rotary)),
                window: spec.window,
            };
            let feed_forward = FeedForward {
                norm: make.norm(b, spec.hidden)?,
                gate: make.linear(b, spec.intermediate, spec.hidden, false)?,
                up: make.linear(b, spec.intermediate, spec.hidden, false)?,
                down: make.linear(b, spec.hidden, spec.intermediate, false)?,
            };
            layers.push((attention, feed_forward));
        }
        let norm = make.norm(&mut backend, spec.hidden)?;
        let head = if spec.tied {
            backend.tied_head(&embedding)?
        } else {
            make.linear(&mut backend, spec.vocabulary, spec.hidden, false)?
        };
        backend.prepare(&ModelShape {
            hidden: spec.hidden,
            intermediate: spec.intermediate,
            layers: spec.layers,
            heads: spec.heads,
            kv_heads: spec.kv_heads,
            head_dim: spec.head_dim,
            vocabulary: spec.vocabulary,
            max_rows: MAX_ROWS,
            max_sampled_rows: MAX_ROWS,
            block_size: spec.block_size,
            kv_dtype: spec.kv_dtype,
            attention_scale: spec.attention_scale(),
        })?;
        backend.reserve_kv_blocks(blocks)?;
        Ok(Self { backend, spec: spec.clone(), embedding, layers, norm, head })
    }

    /// Runs one step and gives the logits of the sampled rows.
    pub(crate) fn step(&mut self, plan: &StepPlan) -> Result<&mut [f32]> {
        let backend = &mut self.backend;
        let mut hidden = backend.embed(&self.embedding, plan)?;
        for (index, (attention, feed_forward)) in self.layers.iter().enumerate() {
            let queries = backend.norm_qkv_rope_write(&hidden, index, attention, plan)?;
            let heads = backend.attend(queries, index, attention, plan)?;
            hidden = backend.out_residual(hidden, heads, attention)?;
            hidden = backend.norm_gate_up_down_residual(hidden, feed_forward)?;
        }
        backend.logits(hidden, &self.norm, &self.head, plan)?;
        Ok(backend.read_logits())
    }

    /// Runs some operations alone and gives the normalised states of the sampled rows.
    pub(crate) fn states(&mut self, plan: &StepPlan, operations: Operations) -> Result<&[f32]> {
        let (backend, (attention, feed_forward)) = (&mut self.backend, &self.layers[0]);
        let hidden = backend.embed(&self.embedding, plan)?;
        let hidden = match operations {
            Operations::None => hidden,
            Operations::Attention => {
                let queries = backend.norm_qkv_rope_write(&hidden, 0, attention, plan)?;
                let heads = backend.attend(queries, 0, attention, plan)?;
                backend.out_residual(hidden, heads, attention)?
            }
            Operations::FeedForward => backend.norm_gate_up_down_residual(hidden, feed_forward)?,
        };
        backend.hidden(hidden, &self.norm, plan)?;
        Ok(backend.read_hidden())
    }
}

impl<B: Backend> RandomModel<B> {
    /// Another final norm.
    pub(crate) fn replace_norm(&mut self, norm: Weight) {
        self.norm = self.backend.norm(norm, 1e-5).unwrap();
    }
}
