//! Keys and values in blocks, one pair of tensors for each layer.

use candle_core::{DType, Device, Tensor};

use crate::{
    allocation::try_with_capacity,
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
        if self.device.is_cpu() {
            // Candle's own allocations end the process when they fail.
            drop(try_with_capacity::<u8>(self.growth_bytes(blocks))?);
        }
        // one layer at a time: the peak is the new storage and one old layer
        for layer in 0..self.layers {
            for side in [&mut self.keys, &mut self.values] {
                let rows = blocks * self.block_size;
                if side.get(layer).is_some_and(|stored| stored.dims()[0] >= rows) {
                    continue; // grown before a later one could not
                }
                let grown = Tensor::zeros((rows, self.width), self.dtype, &self.device)?;
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

    /// Bytes that growing to `blocks` takes at its peak, beside what is stored.
    fn growth_bytes(&self, blocks: usize) -> usize {
        let tensor = |blocks: usize| {
            let elements = blocks.saturating_mul(self.block_size).saturating_mul(self.width);
            elements.saturating_mul(self.dtype.size_in_bytes())
        };
        tensor(blocks - self.blocks).saturating_mul(2 * self.layers).saturating_add(tensor(self.blocks))
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
                .reshape(((), self.block_size * self.width))?
                .index_select(&table, 0)?
                .reshape((blocks.len() * self.block_size, self.width))?
                .to_dtype(DType::F32)?)
        };
        Ok((gather(&self.keys[layer])?, gather(&self.values[layer])?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    #[test]
    fn growth_that_cannot_be_is_an_error_and_what_is_stored_stays() {
        let shape = ModelShape {
            hidden: 8,
            intermediate: 8,
            layers: 2,
            heads: 2,
            kv_heads: 1,
            head_dim: 4,
            vocabulary: 8,
            max_rows: 4,
            max_sampled_rows: 4,
            block_size: 16,
            kv_dtype: KvDType::F32,
            attention_scale: 1.0,
        };
        let mut storage = KvStorage::new(&shape, &Device::Cpu).unwrap();
        storage.reserve(1).unwrap();
        let rows = Tensor::arange(0f32, 8.0, &Device::Cpu).unwrap().reshape((2, 4)).unwrap();
        storage.write(1, &rows, &rows, &[3, 4]).unwrap();
        assert_eq!(storage.reserve(1 << 50).unwrap_err().code(), ErrorCode::OutOfMemory);
        // One layer had grown when the device refused the next.
        storage.keys[0] = Tensor::zeros((4 * 16, 4), DType::F32, &Device::Cpu).unwrap();
        storage.reserve(3).unwrap();
        let (keys, _) = storage.gather(1, &[0]).unwrap();
        assert_eq!(keys.narrow(0, 3, 2).unwrap().to_vec2::<f32>().unwrap(), rows.to_vec2::<f32>().unwrap());
        assert_eq!(storage.gather(0, &[2, 0]).unwrap().0.dims(), [32, 4]);
    }
}
