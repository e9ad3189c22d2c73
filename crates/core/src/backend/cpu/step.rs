//! The operations of a step over the arena.

use wick_kernels::attention::Queries;
use wick_kernels::embedding::embedding;
use wick_kernels::matmul::{Input, Product, matmul};
use wick_kernels::rms_norm::rms_norm;
use wick_kernels::rotary::{Angles, HeadNorm, fill_angles, rotate_heads};
use wick_kernels::{Activations, Bf16Rows, BlockType, QuantizedRows, ThreadPool};

use super::activation::{Activation, Buffer};
use super::parameters::{Embedding, Linear, Norm, Rotary};
use super::{CpuBackend, Prepared, internal};
use crate::backend::{Attention, FeedForward, StepPlan};
use crate::error::Result;

impl Norm {
    fn head(&self) -> HeadNorm<'_> {
        (&self.weight, self.epsilon)
    }

    /// `output` is for weights that take no integers.
    fn of<'a>(&'a self, values: &'a [f32], output: &'a mut [f32]) -> Activations<'a> {
        Activations::Normed { values, weight: &self.weight, epsilon: self.epsilon, output }
    }
}

impl Linear {
    /// `output = input · weightᵀ + bias`, or added to `output`.
    fn product<'a>(&'a self, output: &'a mut [f32], accumulate: bool) -> Product<'a> {
        Product { weight: &self.weight, bias: self.bias.as_deref(), accumulate, output }
    }

    fn block_type(&self) -> BlockType {
        self.weight.block_type()
    }
}

/// All `N` products of one input; computes it once for each kind of weights that want it in their way.
fn project<const N: usize>(
    pool: &ThreadPool,
    input: Activations<'_>,
    arena: (&mut QuantizedRows, &mut Bf16Rows),
    projections: [(&Linear, &mut [f32], bool); N],
) -> Result<()> {
    let rows = input.rows()?;
    let (quantized, rounded) = arena;
    let wanted =
        |is_wanted: fn(BlockType) -> bool| projections.iter().any(|(linear, ..)| is_wanted(linear.block_type()));
    if wanted(BlockType::is_quantized) {
        quantized.quantize(pool, &input)?;
    }
    if wanted(|block_type| block_type == BlockType::BF16) {
        rounded.round(pool, &input)?;
    }
    let floats = wanted(|block_type| matches!(block_type, BlockType::F32 | BlockType::F16));
    let values = if floats { input.into_values(pool)? } else { &[] };
    let products = projections.map(|(linear, output, accumulate)| linear.product(output, accumulate));
    Ok(matmul(pool, Input { values, rounded, quantized, rows }, products)?)
}

impl Prepared {
    pub(super) fn embed(&mut self, pool: &ThreadPool, table: &Embedding, plan: &StepPlan) -> Result<Activation> {
        let rows = plan.rows();
        if rows > self.shape.max_rows {
            return Err(internal("a step has more rows than the arena"));
        }
        let arena = &mut self.arena;
        arena.step += 1;
        arena.sampled_rows = 0;
        arena.hidden_rows = 0;
        if table.table.columns() != self.shape.hidden {
            return Err(internal("the embedding is not as wide as the model"));
        }
        let hidden = &mut arena.hidden[..rows * self.shape.hidden];
        embedding(pool, &table.table, &plan.tokens, hidden)?;
        Ok(Activation::new(Buffer::Hidden, rows, arena.step))
    }

    pub(super) fn norm_qkv_rope_write(
        &mut self,
        pool: &ThreadPool,
        hidden: &Activation,
        layer: usize,
        attention: &Attention<CpuBackend>,
        plan: &StepPlan,
    ) -> Result<Activation> {
        let (shape, arena) = (&self.shape, &mut self.arena);
        let rows = hidden.rows_of(Buffer::Hidden, arena.step)?;
        if plan.rows() != rows {
            return Err(internal("the plan changed within a step"));
        }
        let kv_width = shape.kv_heads * shape.head_dim;
        let normed = &mut arena.normed[..rows * shape.hidden];
        let input = attention.norm.of(&arena.hidden[..rows * shape.hidden], normed);
        let queries = &mut arena.queries[..rows * shape.heads * shape.head_dim];
        let keys = &mut arena.keys[..rows * kv_width];
        let values = &mut arena.values[..rows * kv_width];
        let projections = [
            (&attention.query, &mut *queries, false),
            (&attention.key, &mut *keys, false),
            (&attention.value, &mut *values, false),
        ];
        project(pool, input, (&mut arena.quantized, &mut arena.rounded), projections)?;

        let angles = match &attention.rotary {
            Some(rotary) => {
                let angles = arena.angles.get_mut(rotary.index);
                let angles = angles.ok_or_else(|| internal("a rotary of another backend"))?;
                Some(rotary.angles(pool, angles, arena.step, plan)?)
            }
            None => None,
        };
        let query_norm = attention.query_norm.as_ref().map(Norm::head);
        let key_norm = attention.key_norm.as_ref().map(Norm::head);
        rotate_heads(pool, queries, rows, shape.head_dim, query_norm, angles)?;
        rotate_heads(pool, keys, rows, shape.head_dim, key_norm, angles)?;
        self.kv.write(pool, layer, &plan.slots, keys, values)?;
        Ok(Activation::new(Buffer::Queries, rows, arena.step))
    }

    pub(super) fn attend(
        &mut self,
        pool: &ThreadPool,
        queries: &Activation,
        layer: usize,
        window: Option<u32>,
        plan: &StepPlan,
    ) -> Result<Activation> {
        let (shape, arena) = (&self.shape, &mut self.arena);
        let rows = queries.rows_of(Buffer::Queries, arena.step)?;
        let len = rows * shape.heads * shape.head_dim;
        let queries = Queries {
            values: &arena.queries[..len],
            heads: shape.heads,
            positions: &plan.positions,
            sequence_starts: &plan.sequence_starts,
            block_tables: &plan.block_tables,
            block_table_starts: &plan.block_table_starts,
            scale: shape.attention_scale,
            window,
        };
        self.kv.attend(pool, &queries, layer, &mut arena.tiles, &mut arena.heads[..len])?;
        Ok(Activation::new(Buffer::Heads, rows, arena.step))
    }

    pub(super) fn out_residual(
        &mut self,
        pool: &ThreadPool,
        hidden: Activation,
        heads: &Activation,
        output: &Linear,
    ) -> Result<Activation> {
        let (shape, arena) = (&self.shape, &mut self.arena);
        let rows = hidden.rows_of(Buffer::Hidden, arena.step)?;
        if heads.rows_of(Buffer::Heads, arena.step)? != rows {
            return Err(internal("heads and residual stream differ in rows"));
        }
        let width = shape.heads * shape.head_dim;
        let input = Activations::Plain { values: &arena.heads[..rows * width], width };
        let stream = &mut arena.hidden[..rows * shape.hidden];
        project(pool, input, (&mut arena.quantized, &mut arena.rounded), [(output, stream, true)])?;
        Ok(hidden)
    }

    pub(super) fn norm_gate_up_down_residual(
        &mut self,
        pool: &ThreadPool,
        hidden: Activation,
        feed_forward: &FeedForward<CpuBackend>,
    ) -> Result<Activation> {
        let (shape, arena) = (&self.shape, &mut self.arena);
        let rows = hidden.rows_of(Buffer::Hidden, arena.step)?;
        let stream = &mut arena.hidden[..rows * shape.hidden];
        let normed = &mut arena.normed[..rows * shape.hidden];
        let input = feed_forward.norm.of(stream, normed);
        let gate = &mut arena.gate[..rows * shape.intermediate];
        let up = &mut arena.up[..rows * shape.intermediate];
        let projections = [(&feed_forward.gate, &mut *gate, false), (&feed_forward.up, &mut *up, false)];
        project(pool, input, (&mut arena.quantized, &mut arena.rounded), projections)?;
        let input = Activations::Gated { gate, up, width: shape.intermediate };
        project(pool, input, (&mut arena.quantized, &mut arena.rounded), [(&feed_forward.down, stream, true)])?;
        Ok(hidden)
    }

    pub(super) fn logits(
        &mut self,
        pool: &ThreadPool,
        hidden: &Activation,
        norm: &Norm,
        head: &Linear,
        plan: &StepPlan,
    ) -> Result<()> {
        let sampled = plan.sampled_rows.len();
        if sampled > self.shape.max_sampled_rows {
            return Err(internal("a step samples more rows than the arena"));
        }
        self.norm_sampled(pool, hidden, norm, plan)?;
        let (shape, arena) = (&self.shape, &mut self.arena);
        // A chunk of a prompt samples nothing.
        if sampled > 0 {
            arena.reserve_logits(sampled, shape.vocabulary)?;
            let input = Activations::Plain { values: &arena.normed[..sampled * shape.hidden], width: shape.hidden };
            let logits = &mut arena.logits[..sampled * shape.vocabulary];
            project(pool, input, (&mut arena.quantized, &mut arena.rounded), [(head, logits, false)])?;
        }
        arena.sampled_rows = sampled;
        Ok(())
    }

    pub(super) fn hidden(
        &mut self,
        pool: &ThreadPool,
        hidden: &Activation,
        norm: &Norm,
        plan: &StepPlan,
    ) -> Result<()> {
        self.norm_sampled(pool, hidden, norm, plan)?;
        self.arena.hidden_rows = plan.sampled_rows.len();
        Ok(())
    }

    /// Normalises the sampled rows into `normed`, one after another.
    fn norm_sampled(&mut self, pool: &ThreadPool, hidden: &Activation, norm: &Norm, plan: &StepPlan) -> Result<()> {
        let (shape, arena) = (&self.shape, &mut self.arena);
        let rows = hidden.rows_of(Buffer::Hidden, arena.step)?;
        let sampled = plan.sampled_rows.len();
        let ascending = plan.sampled_rows.windows(2).all(|pair| pair[0] < pair[1]);
        if !ascending || plan.sampled_rows.last().is_some_and(|&last| last as usize >= rows) {
            return Err(internal("sampled rows do not ascend within the step"));
        }
        // Row `i` of the result comes from a row at or after `i`, so that nothing is overwritten before it is read.
        for (index, &row) in plan.sampled_rows.iter().enumerate() {
            let from = row as usize * shape.hidden;
            arena.hidden.copy_within(from..from + shape.hidden, index * shape.hidden);
        }
        if sampled > 0 {
            let normed = &mut arena.normed[..sampled * shape.hidden];
            rms_norm(pool, &arena.hidden[..sampled * shape.hidden], &norm.weight, norm.epsilon, normed)?;
        }
        // The buffer no longer holds the rows' residual stream: whoever kept the handle is told.
        arena.step += 1;
        Ok(())
    }
}

impl Rotary {
    /// Angles of the step's positions, computed once a step.
    fn angles<'a>(
        &self,
        pool: &ThreadPool,
        angles: &'a mut super::arena::StepAngles,
        step: u64,
        plan: &StepPlan,
    ) -> Result<Angles<'a>> {
        let half_dim = self.inverse_frequencies.len();
        let len = plan.rows() * half_dim;
        let (cosines, sines) = (&mut angles.cosines[..len], &mut angles.sines[..len]);
        if angles.step != step {
            fill_angles(pool, &plan.positions, &self.inverse_frequencies, self.factor, cosines, sines)?;
            angles.step = step;
        }
        Ok(Angles { cosines, sines, half_dim, pairing: self.pairing })
    }
}
