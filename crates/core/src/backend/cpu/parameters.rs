//! Weights as the CPU reads them.

use std::sync::Arc;

use wick_kernels::rotary::Pairing;
use wick_kernels::{Aligned, BlockType, Chunks, Packed, ThreadPool, embedding::embedding};

use crate::backend::{RotaryFrequencies, RotaryStyle};
use crate::error::{Error, ErrorCode, Result};
use crate::weight::{DType, Weight};

/// A projection.
pub struct Linear {
    /// `(out, in)`.
    pub(super) weight: Arc<Packed>,
    /// `(out,)`.
    pub(super) bias: Option<Vec<f32>>,
}

/// RMS-norm weight.
pub struct Norm {
    /// `(width,)`.
    pub(super) weight: Vec<f32>,
    pub(super) epsilon: f32,
}

/// Token embedding.
pub struct Embedding {
    /// `(vocabulary, hidden)`.
    pub(super) table: Arc<Packed>,
}

/// Rotary frequencies.
pub struct Rotary {
    /// Which angles of the arena are its own.
    pub(super) index: usize,
    /// `(dim / 2,)`.
    pub(super) inverse_frequencies: Vec<f64>,
    /// Multiplies cosines and sines.
    pub(super) factor: f64,
    pub(super) pairing: Pairing,
}

impl Linear {
    pub(super) fn new(pool: &ThreadPool, chunks: &mut Chunks, weight: &Weight, bias: Option<&Weight>) -> Result<Self> {
        let packed = pack(pool, chunks, weight)?;
        let bias = bias.map(|bias| vector(pool, bias)).transpose()?;
        if let Some(bias) = &bias
            && bias.len() != packed.rows()
        {
            return Err(invalid(weight, "its bias has another length"));
        }
        Ok(Self { weight: Arc::new(packed), bias })
    }
}

impl Norm {
    pub(super) fn new(pool: &ThreadPool, weight: &Weight, epsilon: f32) -> Result<Self> {
        Ok(Self { weight: vector(pool, weight)?, epsilon })
    }
}

impl Embedding {
    pub(super) fn new(pool: &ThreadPool, chunks: &mut Chunks, weight: &Weight) -> Result<Self> {
        Ok(Self { table: Arc::new(pack(pool, chunks, weight)?) })
    }
}

impl Rotary {
    pub(super) fn new(frequencies: &RotaryFrequencies, index: usize) -> Result<Self> {
        if frequencies.dim != 2 * frequencies.inverse_frequencies.len() {
            return Err(Error::new(ErrorCode::ModelInvalid, "rotary frequencies do not cover the rotated elements"));
        }
        let pairing = match frequencies.style {
            RotaryStyle::Halves => Pairing::Halves,
            RotaryStyle::Pairs => Pairing::Neighbours,
        };
        Ok(Self {
            index,
            inverse_frequencies: frequencies.inverse_frequencies.clone(),
            factor: frequencies.attention_factor,
            pairing,
        })
    }
}

fn block_type(dtype: DType) -> BlockType {
    match dtype {
        DType::F32 => BlockType::F32,
        DType::F16 => BlockType::F16,
        DType::BF16 => BlockType::BF16,
        DType::Q4_0 => BlockType::Q4_0,
        DType::Q4_1 => BlockType::Q4_1,
        DType::Q5_0 => BlockType::Q5_0,
        DType::Q5_1 => BlockType::Q5_1,
        DType::Q8_0 => BlockType::Q8_0,
        DType::Q2_K => BlockType::Q2_K,
        DType::Q3_K => BlockType::Q3_K,
        DType::Q4_K => BlockType::Q4_K,
        DType::Q5_K => BlockType::Q5_K,
        DType::Q6_K => BlockType::Q6_K,
    }
}

/// A weight in its one resident copy.
fn pack(pool: &ThreadPool, chunks: &mut Chunks, weight: &Weight) -> Result<Packed> {
    let [rows, columns] = weight.shape[..] else {
        return Err(invalid(weight, "it is no matrix"));
    };
    check_bytes(weight)?;
    // Bytes in memory are rearranged where they lie, unless the tier's registers are wider than the lines they would begin in the middle
    // of: one weight that stayed would keep the whole file.
    if let Some(bytes) = pool.tier().takes_any_alignment().then(|| weight.take()).flatten() {
        return Ok(Packed::from_taken(pool, block_type(weight.dtype), (rows, columns), Box::new(bytes))?);
    }
    pack_copy(pool, weight, (rows, columns), |len| chunks.zeroed(len))
}

/// A copy of its own.
fn pack_copy(
    pool: &ThreadPool,
    weight: &Weight,
    shape: (usize, usize),
    zeroed: impl FnOnce(usize) -> wick_kernels::Result<Aligned<u8>>,
) -> Result<Packed> {
    check_bytes(weight)?;
    let place = zeroed(weight.byte_len())?;
    Packed::read(pool, block_type(weight.dtype), shape, place, |start, part| weight.read_range_into(start, part))
}

/// A vector of any type as f32.
fn vector(pool: &ThreadPool, weight: &Weight) -> Result<Vec<f32>> {
    let [width] = weight.shape[..] else {
        return Err(invalid(weight, "it is no vector"));
    };
    let packed = pack_copy(pool, weight, (1, width), Aligned::zeroed)?;
    let mut values = vec![0.0; width];
    embedding(pool, &packed, &[0], &mut values)?;
    Ok(values)
}

fn check_bytes(weight: &Weight) -> Result<()> {
    if weight.shape.contains(&0) || weight.expected_bytes() != Some(weight.byte_len()) {
        return Err(invalid(weight, "its bytes do not fit its shape"));
    }
    Ok(())
}

fn invalid(weight: &Weight, why: &str) -> Error {
    let message =
        format!("tensor {} {:?} of shape {:?} cannot be used: {why}", weight.name, weight.dtype, weight.shape);
    Error::new(ErrorCode::ModelInvalid, message).at(weight.name.to_string())
}
