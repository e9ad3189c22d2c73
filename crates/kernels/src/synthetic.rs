//! Random weights and activations for tests and measurements.

use crate::aligned::Aligned;
use crate::block_type::BlockType;
use crate::error::Result;
use crate::half_float::f32_to_f16;
use crate::packed::Packed;
use crate::pool::ThreadPool;
use crate::tier::Tier;

/// A small generator (`SplitMix64`, Steele et al. 2014), so that no test needs a crate for it.
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in `[-1, 1)`.
    pub fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    /// Uniform in `0..limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.bits() % limit.max(1) as u64) as usize
    }
}

/// Values uniform in `[-magnitude, magnitude)`.
pub fn values(len: usize, seed: u64, magnitude: f32) -> Vec<f32> {
    let mut random = Random(seed);
    (0..len).map(|_| random.unit() * magnitude).collect()
}

/// Bytes of a `(rows, columns)` weight with elements around `magnitude`.
pub fn weight_bytes(block_type: BlockType, rows: usize, columns: usize, seed: u64, magnitude: f32) -> Vec<u8> {
    let mut random = Random(seed);
    let len = block_type.row_bytes(columns).unwrap_or(0) * rows;
    let mut bytes: Vec<u8> = (0..len.div_ceil(8)).flat_map(|_| random.bits().to_le_bytes()).take(len).collect();
    let bits = |value: f32| f32_to_f16(value).to_le_bytes();
    for block in bytes.chunks_exact_mut(block_type.block_bytes()) {
        // Where the f16 scale and minimum are, and about how large scale * value gets for a scale of 1.
        let (scale_at, minimum_at, range) = match block_type {
            BlockType::F32 => {
                block.copy_from_slice(&(random.unit() * magnitude).to_le_bytes());
                continue;
            }
            BlockType::F16 => {
                block.copy_from_slice(&bits(random.unit() * magnitude));
                continue;
            }
            BlockType::BF16 => {
                block.copy_from_slice(&half::bf16::from_f32(random.unit() * magnitude).to_le_bytes());
                continue;
            }
            BlockType::Q4_0 => (0, None, 8.0),
            BlockType::Q4_1 => (0, Some(2), 15.0),
            BlockType::Q5_0 => (0, None, 16.0),
            BlockType::Q5_1 => (0, Some(2), 31.0),
            BlockType::Q8_0 => (0, None, 128.0),
            BlockType::Q2_K => (80, Some(82), 45.0),
            BlockType::Q3_K => (108, None, 128.0),
            BlockType::Q4_K => (0, Some(2), 945.0),
            BlockType::Q5_K => (0, Some(2), 1953.0),
            BlockType::Q6_K => (208, None, 4096.0),
        };
        let scale = magnitude * (1.5 + 0.5 * random.unit()) / range;
        block[scale_at..scale_at + 2].copy_from_slice(&bits(scale));
        if let Some(at) = minimum_at {
            let minimum = match block_type {
                BlockType::Q4_1 | BlockType::Q5_1 => -0.5 * scale * range,
                _ => scale * range * 0.5 / if block_type == BlockType::Q2_K { 15.0 } else { 63.0 },
            };
            block[at..at + 2].copy_from_slice(&bits(minimum));
        }
    }
    bytes
}

/// The same as a weight.
///
/// # Errors
/// `Shape` when `columns` is not a whole number of blocks; `Allocation`.
pub fn weight(block_type: BlockType, rows: usize, columns: usize, seed: u64, magnitude: f32) -> Result<Packed> {
    weight_for(Tier::detect(), block_type, (rows, columns), seed, magnitude)
}

/// A weight `(rows, columns)` for a tier that the CPU has.
///
/// # Errors
/// As [`weight`].
pub fn weight_for(
    tier: Tier,
    block_type: BlockType,
    (rows, columns): (usize, usize),
    seed: u64,
    magnitude: f32,
) -> Result<Packed> {
    let bytes = weight_bytes(block_type, rows, columns, seed, magnitude);
    Packed::read(
        &ThreadPool::for_tier(1, tier)?,
        block_type,
        (rows, columns),
        Aligned::zeroed(bytes.len())?,
        |start, part| {
            part.copy_from_slice(&bytes[start..start + part.len()]);
            Ok(())
        },
    )
}
