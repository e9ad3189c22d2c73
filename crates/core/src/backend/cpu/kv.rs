//! Key and value storage of either type.

use wick_kernels::ThreadPool;
use wick_kernels::attention::{MAX_HEAD_DIM, Queries, attention};
use wick_kernels::kv_store::{KvShape, KvStore};

use super::kernel_error;
use crate::backend::{KvDType, ModelShape};
use crate::error::{Error, ErrorCode, Result};

/// Blocks of keys and values of all layers.
pub(super) enum Kv {
    F16(KvStore<u16>),
    F32(KvStore<f32>),
}

/// Runs the same expression on a store of either type.
macro_rules! with_store {
    ($kv:expr, $store:ident => $body:expr) => {
        match $kv {
            Kv::F16($store) => $body,
            Kv::F32($store) => $body,
        }
    };
}

impl Kv {
    pub(super) fn new(shape: &ModelShape) -> Result<Self> {
        if shape.head_dim > MAX_HEAD_DIM {
            let message = format!("heads of {} elements are not supported, at most {MAX_HEAD_DIM}", shape.head_dim);
            return Err(Error::new(ErrorCode::ModelUnsupported, message));
        }
        let sizes = KvShape {
            layers: shape.layers,
            kv_heads: shape.kv_heads,
            head_dim: shape.head_dim,
            block_size: shape.block_size,
        };
        Ok(match shape.kv_dtype {
            KvDType::F16 => Self::F16(KvStore::new(sizes).map_err(kernel_error)?),
            KvDType::F32 => Self::F32(KvStore::new(sizes).map_err(kernel_error)?),
        })
    }

    pub(super) fn reserve(&mut self, blocks: usize) -> Result<()> {
        with_store!(self, store => store.reserve(blocks)).map_err(kernel_error)
    }

    pub(super) fn copy_block(&mut self, from: usize, to: usize) -> Result<()> {
        with_store!(self, store => store.copy_block(from, to)).map_err(kernel_error)
    }

    pub(super) fn size(&self) -> usize {
        with_store!(self, store => store.size())
    }

    pub(super) fn write(
        &mut self,
        pool: &ThreadPool,
        layer: usize,
        slots: &[u32],
        keys: &[f32],
        values: &[f32],
    ) -> Result<()> {
        with_store!(self, store => store.write(pool, layer, slots, keys, values)).map_err(kernel_error)
    }

    pub(super) fn attend(
        &self,
        pool: &ThreadPool,
        queries: &Queries<'_>,
        layer: usize,
        output: &mut [f32],
    ) -> Result<()> {
        with_store!(self, store => attention(pool, queries, store, layer, output)).map_err(kernel_error)
    }
}
