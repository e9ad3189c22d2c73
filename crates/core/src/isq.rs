//! In-situ quantisation: `isq: 4` quantises a float model while it is loaded.
//!
//! | level | projections | bits a weight | rows not a multiple of 256 | bits |
//! |---|---|---|---|---|
//! | 2 | `Q2_K` | 2.625 | `Q4_0` | 4.5 |
//! | 3 | `Q3_K` | 3.4375 | `Q4_0` | 4.5 |
//! | 4 | `Q4_K` | 4.5 | `Q4_1` | 5 |
//! | 5 | `Q5_K` | 5.5 | `Q5_1` | 6 |
//! | 6 | `Q6_K` | 6.5625 | `Q8_0` | 8.5 |
//! | 8 | `Q8_0` | 8.5 | `Q8_0` | 8.5 |
//!
//! Embedding and head are `Q6_K` at levels 2 to 5 (`Q8_0` where rows do not fit), as in llama.cpp's K mixes, and `Q8_0` at 6 and
//! 8: their errors reach the logits directly. Rows that are not a multiple of 32 become f16. Norms and biases stay f32. The
//! quantisers are candle's, which are ggml's reference ones. What is in blocks already is refused: quantising twice loses twice.

use candle_core::{Device, Tensor, quantized::QTensor};

use crate::{backend::candle::ggml_dtype, error::Result, weight::DType, weights::read_floats};

/// How many bits a weight has, roughly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IsqLevel {
    /// 2.6 bits.
    Two,
    /// 3.4 bits.
    Three,
    /// 4.5 bits.
    Four,
    /// 5.5 bits.
    Five,
    /// 6.6 bits.
    Six,
    /// 8.5 bits.
    Eight,
}

/// What a matrix is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Within a layer.
    Projection,
    /// Token embedding, output head, or both.
    Vocabulary,
}

impl IsqLevel {
    /// All levels, ascending.
    pub const ALL: [Self; 6] = [Self::Two, Self::Three, Self::Four, Self::Five, Self::Six, Self::Eight];

    /// The level an option asks for.
    pub fn from_bits(bits: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.bits() == bits)
    }

    /// The number in the option.
    pub fn bits(self) -> u64 {
        match self {
            Self::Two => 2,
            Self::Three => 3,
            Self::Four => 4,
            Self::Five => 5,
            Self::Six => 6,
            Self::Eight => 8,
        }
    }

    /// The type of a matrix of `row` elements a row, by the table above.
    pub fn dtype(self, role: Role, row: usize) -> DType {
        let (wide, narrow) = match (self, role) {
            (Self::Eight, Role::Projection) | (Self::Six | Self::Eight, Role::Vocabulary) => (DType::Q8_0, DType::Q8_0),
            (Self::Six, Role::Projection) | (Self::Two | Self::Three | Self::Four | Self::Five, Role::Vocabulary) => {
                (DType::Q6_K, DType::Q8_0)
            }
            (Self::Two, Role::Projection) => (DType::Q2_K, DType::Q4_0),
            (Self::Three, Role::Projection) => (DType::Q3_K, DType::Q4_0),
            (Self::Four, Role::Projection) => (DType::Q4_K, DType::Q4_1),
            (Self::Five, Role::Projection) => (DType::Q5_K, DType::Q5_1),
        };
        [wide, narrow].into_iter().find(|dtype| row.is_multiple_of(dtype.block_len())).unwrap_or(DType::F16)
    }
}

/// Elements quantised at a time by one thread: 1 MiB of f32.
const CHUNK: usize = 1 << 18;

/// Quantises little-endian floats of type `from` into blocks of type `to`, rows of `row` elements.
///
/// The blocks do not depend on `threads`.
///
/// # Errors
/// `internal` where candle's quantiser fails.
pub(crate) fn quantize(bytes: &[u8], from: DType, to: DType, row: usize, threads: usize) -> Result<Vec<u8>> {
    let chunk_elements = (CHUNK / row).max(1) * row;
    let chunks: Vec<&[u8]> = bytes.chunks(chunk_elements * from.block_bytes()).collect();
    let mut out = Vec::with_capacity(bytes.len() / from.block_bytes() / to.block_len() * to.block_bytes());
    for group in chunks.chunks(threads.max(1)) {
        for blocks in quantize_group(group, from, to)? {
            out.extend_from_slice(&blocks);
        }
    }
    Ok(out)
}

/// One thread for each chunk beyond the first, which the caller's thread does.
fn quantize_group(group: &[&[u8]], from: DType, to: DType) -> Result<Vec<Vec<u8>>> {
    if let [only] = group {
        return Ok(vec![quantize_chunk(only, from, to)?]);
    }
    std::thread::scope(|scope| {
        let workers: Vec<_> = group.iter().map(|chunk| scope.spawn(move || quantize_chunk(chunk, from, to))).collect();
        workers
            .into_iter()
            .map(|worker| match worker.join() {
                Ok(blocks) => blocks,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    })
}

fn quantize_chunk(bytes: &[u8], from: DType, to: DType) -> Result<Vec<u8>> {
    let mut floats = Vec::with_capacity(bytes.len() / from.block_bytes());
    read_floats(bytes, from, &mut floats);
    let Some(dtype) = ggml_dtype(to) else {
        return Ok(floats.iter().flat_map(|value| value.to_le_bytes()).collect());
    };
    let len = floats.len();
    let blocks = QTensor::quantize(&Tensor::from_vec(floats, len, &Device::Cpu)?, dtype)?;
    Ok(blocks.data()?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_fall_back_by_row() {
        assert_eq!(IsqLevel::Four.dtype(Role::Projection, 512), DType::Q4_K);
        assert_eq!(IsqLevel::Four.dtype(Role::Projection, 96), DType::Q4_1);
        assert_eq!(IsqLevel::Four.dtype(Role::Projection, 100), DType::F16);
        assert_eq!(IsqLevel::Two.dtype(Role::Vocabulary, 256), DType::Q6_K);
        assert_eq!(IsqLevel::Two.dtype(Role::Vocabulary, 576), DType::Q8_0);
        assert_eq!(IsqLevel::from_bits(7), None);
        assert_eq!(IsqLevel::from_bits(8), Some(IsqLevel::Eight));
    }

    #[test]
    fn blocks_do_not_depend_on_threads_and_come_close() {
        let row = 256;
        let values: Vec<f32> =
            (0..row * 4000).map(|index| ((index * 7919 % 2003) as f32 / 1001.5 - 1.0) * 0.3).collect();
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        for (level, worst) in [(IsqLevel::Two, 0.25), (IsqLevel::Four, 0.02), (IsqLevel::Eight, 0.002)] {
            let to = level.dtype(Role::Projection, row);
            let alone = quantize(&bytes, DType::F32, to, row, 1).unwrap();
            assert_eq!(alone, quantize(&bytes, DType::F32, to, row, 3).unwrap());
            assert_eq!(alone.len(), values.len() / to.block_len() * to.block_bytes());
            let storage =
                candle_core::quantized::QStorage::from_data((&alone).into(), &Device::Cpu, ggml_dtype(to).unwrap());
            let back = QTensor::new(storage.unwrap(), (4000, row)).unwrap().dequantize(&Device::Cpu).unwrap();
            let back: Vec<f32> = back.flatten_all().unwrap().to_vec1().unwrap();
            let error = values.iter().zip(&back).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(error <= worst, "{level:?}: {error}");
        }
    }
}
