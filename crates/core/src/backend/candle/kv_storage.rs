//! Keys and values in blocks, one pair of tensors for each layer.

use candle_core::{DType, Device, Tensor};

use crate::{
    backend::{KvDType, ModelShape},
    error::{Error, Result},
};

/// Block KV storage: `keys[layer]` and `values[layer]` are `(blocks * block_size, kv_heads * head_dim)`.
pub(super) struct KvStorage {
    keys: Vec<Tensor>,
    values: Vec<Tensor>,
    blocks: usize,
    block_size: usize,
    width: usize,
    layers: usize,
    dtype: DType,
    device: Device,
}

impl KvStorage {
    /// # Errors
    /// `unsupported` for a type that is not candle's.
    pub(super) fn new(shape: &ModelShape, device: &Device) -> Result<Self> {
        let dtype = match shape.kv_dtype {
            KvDType::F16 => DType::F16,
            KvDType::F32 => DType::F32,
            KvDType::Q8 => return Err(Error::unsupported("kvCache", "candle stores no keys and values as \"q8\"")),
        };
        Ok(Self {
            keys: Vec::new(),
            values: Vec::new(),
            blocks: 0,
            block_size: shape.block_size,
            width: shape.kv_heads * shape.head_dim,
            layers: shape.layers,
            dtype,
            device: device.clone(),
        })
    }

    /// Makes room for `blocks` in all and keeps what is stored.
    pub(super) fn reserve(&mut self, blocks: usize) -> Result<()> {
        if blocks <= self.blocks {
            return Ok(());
        }
        // one layer at a time: the peak is the new storage and one old layer
        for layer in 0..self.layers {
            for side in [&mut self.keys, &mut self.values] {
                let grown = Tensor::zeros((blocks * self.block_size, self.width), self.dtype, &self.device)?;
                match side.get_mut(layer) {
                    Some(stored) => {
                        grown.slice_set(stored, 0, 0)?;
                        *stored = grown;
                    }
                    None => side.push(grown),
                }
            }
        }
        self.blocks = blocks;
        Ok(())
    }

    /// Stores row `i` of `keys` and `values`, `(rows, width)`, in `slots[i]`.
    pub(super) fn write(&self, layer: usize, keys: &Tensor, values: &Tensor, slots: &[u32]) -> Result<()> {
        for (stored, rows) in [(&self.keys[layer], keys), (&self.values[layer], values)] {
            let rows = rows.to_dtype(self.dtype)?.contiguous()?;
            let mut start = 0;
            for run in slots.chunk_by(|slot, next| *next == slot + 1) {
                let source = rows.narrow(0, start, run.len())?.contiguous()?;
                stored.slice_set(&source, 0, run[0] as usize)?;
                start += run.len();
            }
        }
        Ok(())
    }

    /// Copies one block to another, all layers.
    pub(super) fn copy_block(&self, from: u32, to: u32) -> Result<()> {
        for stored in self.keys.iter().chain(&self.values) {
            let block = stored.narrow(0, from as usize * self.block_size, self.block_size)?.copy()?;
            stored.slice_set(&block, 0, to as usize * self.block_size)?;
        }
        Ok(())
    }

    /// Keys and values of `blocks` in order, each `(blocks * block_size, width)` in f32.
    pub(super) fn gather(&self, layer: usize, blocks: &[u32]) -> Result<(Tensor, Tensor)> {
        let table = Tensor::new(blocks, &self.device)?;
        let gather = |stored: &Tensor| -> Result<Tensor> {
            Ok(stored
                .reshape((self.blocks, self.block_size * self.width))?
                .index_select(&table, 0)?
                .reshape((blocks.len() * self.block_size, self.width))?
                .to_dtype(DType::F32)?)
        };
        Ok((gather(&self.keys[layer])?, gather(&self.values[layer])?))
    }
}
