//! The backend CPU users get: own arena, one resident copy of each weight, block KV, own kernels and thread pool.
//!
//! A step reaches no candle tensor, gemm or rayon, allocates nothing but logits for more rows than any before, and gives each row the same bits whatever runs beside it.

mod activation;
mod arena;
mod kv;
mod parameters;
mod step;
mod thread_pools;

use std::sync::Arc;

use wick_kernels::{Chunks, ThreadPool};

pub use activation::Activation;
pub(crate) use arena::arena_bytes;
pub use parameters::{Embedding, Linear, Norm, Rotary};
pub use thread_pools::ThreadPools;

use super::{Backend, FeedForward, ModelShape, RotaryFrequencies, StepPlan};
use crate::error::{Error, ErrorCode, Result};
use crate::weight::Weight;
use arena::Arena;
use kv::Kv;

/// Runs a model on the threads of a pool.
pub struct CpuBackend {
    pool: Arc<ThreadPool>,
    /// Where weights are.
    chunks: Chunks,
    /// Half the rotated width of each rotary so far; their angles live in the arena.
    rotary_widths: Vec<usize>,
    prepared: Option<Prepared>,
}

/// What is sized by [`Backend::prepare`].
struct Prepared {
    shape: ModelShape,
    arena: Arena,
    kv: Kv,
}

impl CpuBackend {
    /// A backend on `pool`, which others may share; the thread that calls the steps is one of it.
    pub fn new(pool: Arc<ThreadPool>) -> Self {
        Self { pool, chunks: Chunks::default(), rotary_widths: Vec::new(), prepared: None }
    }

    /// Threads, the one that calls the steps included.
    pub fn threads(&self) -> usize {
        self.pool.threads()
    }

    /// Bytes of the arena: scratch and logits. 0 before [`Backend::prepare`].
    pub fn arena_bytes(&self) -> usize {
        self.prepared.as_ref().map_or(0, |prepared| prepared.arena.size())
    }

    /// Bytes of the KV blocks there are.
    pub fn kv_bytes(&self) -> usize {
        self.prepared.as_ref().map_or(0, |prepared| prepared.kv.size())
    }

    /// Makes a task of the next operation panic inside the pool, for tests of recovery.
    #[doc(hidden)]
    pub fn inject_panic(&self) {
        self.pool.panic_next_run();
    }

    fn prepared(&mut self) -> Result<(&ThreadPool, &mut Prepared)> {
        match &mut self.prepared {
            Some(prepared) => Ok((&self.pool, prepared)),
            None => Err(internal("the backend was not prepared")),
        }
    }
}

impl Backend for CpuBackend {
    type Linear = Linear;
    type Norm = Norm;
    type Embedding = Embedding;
    type Rotary = Rotary;
    type Activation = Activation;

    fn linear(&mut self, weight: Weight, bias: Option<Weight>) -> Result<Linear> {
        Linear::new(&self.pool, &mut self.chunks, &weight, bias.as_ref())
    }

    fn norm(&mut self, weight: Weight, epsilon: f32) -> Result<Norm> {
        Norm::new(&self.pool, &weight, epsilon)
    }

    fn embedding(&mut self, weight: Weight) -> Result<Embedding> {
        Embedding::new(&self.pool, &mut self.chunks, &weight)
    }

    fn tied_head(&mut self, embedding: &Embedding) -> Result<Linear> {
        Ok(Linear { weight: Arc::clone(&embedding.table), bias: None })
    }

    fn rotary(&mut self, frequencies: &RotaryFrequencies) -> Result<Rotary> {
        if self.prepared.is_some() {
            return Err(internal("a rotary came after prepare"));
        }
        let rotary = Rotary::new(frequencies, self.rotary_widths.len())?;
        self.rotary_widths.push(frequencies.inverse_frequencies.len());
        Ok(rotary)
    }

    fn prepare(&mut self, shape: &ModelShape) -> Result<()> {
        let kv = Kv::new(shape)?;
        let arena = Arena::new(shape, &self.rotary_widths)?;
        self.prepared = Some(Prepared { shape: shape.clone(), arena, kv });
        Ok(())
    }

    fn reserve_kv_blocks(&mut self, blocks: usize) -> Result<()> {
        self.prepared()?.1.kv.reserve(blocks)
    }

    fn copy_kv_block(&mut self, from: u32, to: u32) -> Result<()> {
        self.prepared()?.1.kv.copy_block(from as usize, to as usize)
    }

    fn embed(&mut self, table: &Embedding, plan: &StepPlan) -> Result<Activation> {
        let (pool, prepared) = self.prepared()?;
        prepared.embed(pool, table, plan)
    }

    fn norm_qkv_rope_write(
        &mut self,
        hidden: &Activation,
        layer: usize,
        attention: &super::Attention<Self>,
        plan: &StepPlan,
    ) -> Result<Activation> {
        let (pool, prepared) = self.prepared()?;
        prepared.norm_qkv_rope_write(pool, hidden, layer, attention, plan)
    }

    fn attend(
        &mut self,
        queries: Activation,
        layer: usize,
        attention: &super::Attention<Self>,
        plan: &StepPlan,
    ) -> Result<Activation> {
        let (pool, prepared) = self.prepared()?;
        prepared.attend(pool, &queries, layer, attention.window, plan)
    }

    fn out_residual(
        &mut self,
        hidden: Activation,
        heads: Activation,
        attention: &super::Attention<Self>,
    ) -> Result<Activation> {
        let (pool, prepared) = self.prepared()?;
        prepared.out_residual(pool, hidden, &heads, &attention.output)
    }

    fn norm_gate_up_down_residual(
        &mut self,
        hidden: Activation,
        feed_forward: &FeedForward<Self>,
    ) -> Result<Activation> {
        let (pool, prepared) = self.prepared()?;
        prepared.norm_gate_up_down_residual(pool, hidden, feed_forward)
    }

    fn hidden(&mut self, hidden: Activation, norm: &Norm, plan: &StepPlan) -> Result<()> {
        let (pool, prepared) = self.prepared()?;
        prepared.hidden(pool, &hidden, norm, plan)
    }

    fn read_hidden(&mut self) -> &[f32] {
        match &self.prepared {
            Some(prepared) => &prepared.arena.normed[..prepared.arena.hidden_rows * prepared.shape.hidden],
            None => &[],
        }
    }

    fn logits(&mut self, hidden: Activation, norm: &Norm, head: &Linear, plan: &StepPlan) -> Result<()> {
        let (pool, prepared) = self.prepared()?;
        prepared.logits(pool, &hidden, norm, head, plan)
    }

    fn read_logits(&mut self) -> &mut [f32] {
        match &mut self.prepared {
            Some(prepared) => prepared.arena.logits_of_step(prepared.shape.vocabulary),
            None => &mut [],
        }
    }
}

fn internal(message: &str) -> Error {
    Error::new(ErrorCode::Internal, format!("{message}; this is a bug in Wick, please report it"))
}

impl From<wick_kernels::Error> for Error {
    fn from(error: wick_kernels::Error) -> Self {
        match error {
            wick_kernels::Error::TaskPanicked => {
                Error::new(ErrorCode::EngineFailed, "a computation panicked; the engine is dead, load the model again")
            }
            wick_kernels::Error::Shape(what) => internal(what),
            wick_kernels::Error::Allocation(bytes) => Error::new(
                ErrorCode::OutOfMemory,
                format!("the system has no {bytes} bytes; use a smaller model or context"),
            )
            .detail("needed", bytes as u64),
            wick_kernels::Error::Spawn => {
                Error::new(ErrorCode::EngineFailed, "the system refused a worker thread; ask for fewer threads")
            }
        }
    }
}
