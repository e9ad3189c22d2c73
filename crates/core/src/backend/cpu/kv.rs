//! Key and value storage of any type.

use wick_kernels::ThreadPool;
use wick_kernels::attention::{MAX_HEAD_DIM, Queries, TileResults, attention};
use wick_kernels::kv_store::{KvShape, KvStore};

use crate::backend::{KvDType, ModelShape};
use crate::error::{Error, ErrorCode, Result};

/// Blocks of keys and values of all layers.
pub(super) enum Kv {
    F16(KvStore<u16>),
    F32(KvStore<f32>),
    Q8(KvStore<i8>),
}

/// Runs the same expression on a store of any type.
macro_rules! with_store {
    ($kv:expr, $store:ident => $body:expr) => {
        match $kv {
            Kv::F16($store) => $body,
            Kv::F32($store) => $body,
            Kv::Q8($store) => $body,
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
            KvDType::F16 => Self::F16(KvStore::new(sizes)?),
            KvDType::F32 => Self::F32(KvStore::new(sizes)?),
            KvDType::Q8 => Self::Q8(KvStore::new(sizes)?),
        })
    }

    pub(super) fn reserve(&mut self, blocks: usize) -> Result<()> {
        Ok(with_store!(self, store => store.reserve(blocks))?)
    }

    pub(super) fn copy_block(&mut self, from: usize, to: usize) -> Result<()> {
        Ok(with_store!(self, store => store.copy_block(from, to))?)
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
        Ok(with_store!(self, store => store.write(pool, layer, slots, keys, values))?)
    }

    pub(super) fn attend(
        &self,
        pool: &ThreadPool,
        queries: &Queries<'_>,
        layer: usize,
        results: &mut TileResults,
        output: &mut [f32],
    ) -> Result<()> {
        Ok(with_store!(self, store => attention(pool, queries, store, layer, results, output))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_bytes_that_the_accountant_counts() {
        for kv_dtype in [KvDType::F16, KvDType::F32, KvDType::Q8] {
            let shape = ModelShape {
                hidden: 64,
                intermediate: 128,
                layers: 3,
                heads: 4,
                kv_heads: 2,
                head_dim: 20,
                vocabulary: 10,
                max_rows: 4,
                max_sampled_rows: 1,
                block_size: 32,
                kv_dtype,
                attention_scale: 1.0,
            };
            let mut kv = Kv::new(&shape).unwrap();
            kv.reserve(5).unwrap();
            kv.reserve(7).unwrap();
            assert_eq!(kv.size(), 7 * shape.kv_block_bytes(), "{kv_dtype:?}");
        }
    }
}
