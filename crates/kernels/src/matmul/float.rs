//! Products with F32, F16 and BF16 weights, in f32.
//!
//! One output is the sum of [`crate::lanes`]: 16 virtual lanes, then a fixed tree.

use std::ops::Range;

use super::{Job, ROW_TILE};
use crate::block_type::BlockType;
use crate::half_float::{bf16_to_f32, f16_to_f32};
use crate::lanes::{LANES, add_products, reduce};

/// Weights converted at a time; a multiple of the lanes, so that pieces of a row keep their lanes.
const PIECE: usize = 256;

/// `tile` rows of some columns. Each piece of a weight row is converted once for all rows of the tile.
#[inline(always)]
pub(super) fn float_tile(input: &[f32], job: &Job<'_>, tile: Range<usize>, columns: Range<usize>) {
    let width = job.weight.columns();
    let block_type = job.weight.block_type();
    let mut piece = [0.0_f32; PIECE];
    for column in columns {
        let mut lanes = [[0.0_f32; LANES]; ROW_TILE];
        for (index, bytes) in job.weight.row(column).chunks(PIECE * block_type.block_bytes()).enumerate() {
            let weights = to_f32(block_type, bytes, &mut piece);
            for (lanes, row) in lanes.iter_mut().zip(tile.clone()) {
                let values = &input[row * width + index * PIECE..][..weights.len()];
                add_products(lanes, weights, values);
            }
        }
        for (lanes, row) in lanes.iter().zip(tile.clone()) {
            job.write(row, column, reduce(lanes));
        }
    }
}

/// Converts up to `PIECE` stored plain elements.
#[inline(always)]
pub(crate) fn to_f32<'a>(block_type: BlockType, bytes: &[u8], piece: &'a mut [f32; PIECE]) -> &'a [f32] {
    match block_type {
        BlockType::F32 => convert(bytes, piece, f32::from_le_bytes),
        BlockType::F16 => convert(bytes, piece, |bytes| f16_to_f32(u16::from_le_bytes(bytes))),
        BlockType::BF16 => convert(bytes, piece, |bytes| bf16_to_f32(u16::from_le_bytes(bytes))),
        BlockType::Q4_0
        | BlockType::Q4_1
        | BlockType::Q5_0
        | BlockType::Q5_1
        | BlockType::Q8_0
        | BlockType::Q2_K
        | BlockType::Q3_K
        | BlockType::Q4_K
        | BlockType::Q5_K
        | BlockType::Q6_K => &[],
    }
}

#[inline(always)]
fn convert<'a, const N: usize>(
    bytes: &[u8],
    piece: &'a mut [f32; PIECE],
    element: impl Fn([u8; N]) -> f32,
) -> &'a [f32] {
    let (elements, _) = bytes.as_chunks::<N>();
    for (out, bytes) in piece.iter_mut().zip(elements) {
        *out = element(*bytes);
    }
    &piece[..elements.len().min(PIECE)]
}
