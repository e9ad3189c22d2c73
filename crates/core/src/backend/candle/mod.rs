//! The reference backend: candle tensors on CPU, CUDA and Metal.
//!
//! Activations are f32. Block types stay as stored and run through candle's quantised products, embeddings included; plain
//! weights stay in their own type and are widened to f32 for each product on the CPU (on a GPU the product runs in the
//! weight's type). Promises the same bits for the same call alone, not for the same row among others.

mod attention;
mod device;
mod error;
mod kv_storage;
mod matrix;
mod rotary;

use candle_core::{DType, Device, Tensor};
use candle_nn::ops::{rms_norm, silu};

pub use device::DeviceKind;
pub use matrix::CandleLinear;
pub(crate) use matrix::ggml_dtype;
pub use rotary::CandleRotary;

use self::{
    attention::{AttentionShape, SequenceRows},
    kv_storage::KvStorage,
    matrix::{Matrix, plain_tensor},
    rotary::RotaryTable,
};
use super::{Attention, Backend, FeedForward, ModelShape, RotaryFrequencies, StepPlan};
use crate::{
    error::{Error, ErrorCode, Result},
    weight::Weight,
};

/// candle tensors on one device.
pub struct CandleBackend {
    device: Device,
    rotaries: Vec<RotaryTable>,
    prepared: Option<Prepared>,
    logits: Vec<f32>,
    hidden: Vec<f32>,
}

struct Prepared {
    shape: ModelShape,
    kv: KvStorage,
}

/// RMS-norm weight `(width,)` in f32.
pub struct CandleNorm {
    weight: Tensor,
    epsilon: f32,
}

impl CandleNorm {
    fn forward(&self, rows: &Tensor) -> Result<Tensor> {
        Ok(rms_norm(&rows.contiguous()?, &self.weight, self.epsilon)?)
    }
}

/// Token embedding `(vocabulary, hidden)`.
pub struct CandleEmbedding {
    matrix: Matrix,
}

impl CandleBackend {
    /// A backend on `device`, without weights.
    pub fn new(device: Device) -> Self {
        Self { device, rotaries: Vec::new(), prepared: None, logits: Vec::new(), hidden: Vec::new() }
    }

    fn prepared(&self) -> Result<&Prepared> {
        self.prepared.as_ref().ok_or_else(|| Error::new(ErrorCode::Internal, "a step before `prepare`"))
    }

    /// `(rows, heads * head_dim)` with each head normalised and rotated.
    fn shape_heads(
        &mut self,
        projected: &Tensor,
        heads: usize,
        norm: Option<&CandleNorm>,
        rotary: Option<CandleRotary>,
        plan: &StepPlan,
    ) -> Result<Tensor> {
        let (rows, width) = projected.dims2()?;
        let head_dim = width / heads;
        let mut shaped = projected.reshape((rows, heads, head_dim))?;
        if let Some(norm) = norm {
            shaped = norm.forward(&shaped)?;
        }
        if let Some(CandleRotary(index)) = rotary {
            let table = self
                .rotaries
                .get_mut(index)
                .ok_or_else(|| Error::new(ErrorCode::Internal, "a rotary table of another backend"))?;
            shaped = table.rotate(&shaped.transpose(0, 1)?, &plan.positions, &self.device)?.transpose(0, 1)?;
        }
        Ok(shaped.reshape((rows, width))?)
    }
}

impl Backend for CandleBackend {
    type Linear = CandleLinear;
    type Norm = CandleNorm;
    type Embedding = CandleEmbedding;
    type Rotary = CandleRotary;
    type Activation = Tensor;

    fn linear(&mut self, weight: Weight, bias: Option<Weight>) -> Result<CandleLinear> {
        let bias = bias.map(|bias| plain_tensor(&bias, &self.device)?.to_dtype(DType::F32).map_err(Error::from));
        Ok(CandleLinear { matrix: Matrix::load(&weight, &self.device)?, bias: bias.transpose()? })
    }

    fn norm(&mut self, weight: Weight, epsilon: f32) -> Result<CandleNorm> {
        Ok(CandleNorm { weight: plain_tensor(&weight, &self.device)?.to_dtype(DType::F32)?, epsilon })
    }

    fn embedding(&mut self, weight: Weight) -> Result<CandleEmbedding> {
        Ok(CandleEmbedding { matrix: Matrix::load(&weight, &self.device)? })
    }

    fn tied_head(&mut self, embedding: &CandleEmbedding) -> Result<CandleLinear> {
        Ok(CandleLinear { matrix: embedding.matrix.clone(), bias: None })
    }

    fn rotary(&mut self, frequencies: &RotaryFrequencies) -> Result<CandleRotary> {
        self.rotaries.push(RotaryTable::new(frequencies.clone()));
        Ok(CandleRotary(self.rotaries.len() - 1))
    }

    fn prepare(&mut self, shape: &ModelShape) -> Result<()> {
        self.prepared = Some(Prepared { shape: shape.clone(), kv: KvStorage::new(shape, &self.device)? });
        Ok(())
    }

    fn reserve_kv_blocks(&mut self, blocks: usize) -> Result<()> {
        match &mut self.prepared {
            Some(prepared) => prepared.kv.reserve(blocks),
            None => Err(Error::new(ErrorCode::Internal, "KV blocks before `prepare`")),
        }
    }

    fn copy_kv_block(&mut self, from: u32, to: u32) -> Result<()> {
        match &mut self.prepared {
            Some(prepared) => prepared.kv.copy_block(from, to),
            None => Err(Error::new(ErrorCode::Internal, "KV blocks before `prepare`")),
        }
    }

    fn embed(&mut self, table: &CandleEmbedding, plan: &StepPlan) -> Result<Tensor> {
        self.logits.clear();
        self.hidden.clear();
        table.matrix.select(&Tensor::new(plan.tokens.as_slice(), &self.device)?)
    }

    fn norm_qkv_rope_write(
        &mut self,
        hidden: &Tensor,
        layer: usize,
        attention: &Attention<Self>,
        plan: &StepPlan,
    ) -> Result<Tensor> {
        let ModelShape { heads, kv_heads, .. } = self.prepared()?.shape;
        let rotary = attention.rotary.as_deref().copied();
        let normed = attention.norm.forward(hidden)?;
        let queries = attention.query.forward(&normed)?;
        let keys = attention.key.forward(&normed)?;
        let values = attention.value.forward(&normed)?;
        let queries = self.shape_heads(&queries, heads, attention.query_norm.as_ref(), rotary, plan)?;
        let keys = self.shape_heads(&keys, kv_heads, attention.key_norm.as_ref(), rotary, plan)?;
        self.prepared()?.kv.write(layer, &keys, &values, &plan.slots)?;
        Ok(queries)
    }

    fn attend(
        &mut self,
        queries: Tensor,
        layer: usize,
        attention: &Attention<Self>,
        plan: &StepPlan,
    ) -> Result<Tensor> {
        let Prepared { shape, kv } = self.prepared()?;
        let attention = AttentionShape {
            heads: shape.heads,
            kv_heads: shape.kv_heads,
            head_dim: shape.head_dim,
            block_size: shape.block_size,
            scale: shape.attention_scale,
            window: attention.window,
        };
        let mut parts = Vec::with_capacity(plan.sequences());
        for (rows, table) in plan.sequence_starts.windows(2).zip(plan.block_table_starts.windows(2)) {
            let (start, end) = (rows[0] as usize, rows[1] as usize);
            if start == end {
                continue;
            }
            let sequence = SequenceRows {
                queries: queries.narrow(0, start, end - start)?,
                position: plan.positions[start] as usize,
                blocks: &plan.block_tables[table[0] as usize..table[1] as usize],
            };
            parts.push(attention.attend(&sequence, kv, layer)?);
        }
        Ok(Tensor::cat(&parts, 0)?)
    }

    fn out_residual(&mut self, hidden: Tensor, heads: Tensor, attention: &Attention<Self>) -> Result<Tensor> {
        Ok((hidden + attention.output.forward(&heads)?)?)
    }

    fn norm_gate_up_down_residual(&mut self, hidden: Tensor, feed_forward: &FeedForward<Self>) -> Result<Tensor> {
        let normed = feed_forward.norm.forward(&hidden)?;
        let gate = silu(&feed_forward.gate.forward(&normed)?)?;
        let up = feed_forward.up.forward(&normed)?;
        Ok((hidden + feed_forward.down.forward(&(gate * up)?)?)?)
    }

    fn logits(&mut self, hidden: Tensor, norm: &CandleNorm, head: &CandleLinear, plan: &StepPlan) -> Result<()> {
        if plan.sampled_rows.is_empty() {
            return Ok(());
        }
        let rows = hidden.index_select(&Tensor::new(plan.sampled_rows.as_slice(), &self.device)?, 0)?;
        let logits = head.forward(&norm.forward(&rows)?)?.flatten_all()?;
        self.logits = logits.to_vec1()?;
        Ok(())
    }

    fn read_logits(&mut self) -> &mut [f32] {
        &mut self.logits
    }

    fn hidden(&mut self, hidden: Tensor, norm: &CandleNorm, plan: &StepPlan) -> Result<()> {
        if plan.sampled_rows.is_empty() {
            return Ok(());
        }
        let rows = hidden.index_select(&Tensor::new(plan.sampled_rows.as_slice(), &self.device)?, 0)?;
        self.hidden = norm.forward(&rows)?.flatten_all()?.to_vec1()?;
        Ok(())
    }

    fn read_hidden(&mut self) -> &[f32] {
        &self.hidden
    }
}
