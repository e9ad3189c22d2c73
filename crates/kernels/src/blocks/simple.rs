//! Blocks of 32 elements: `Q4_0`, `Q4_1`, `Q5_0`, `Q5_1`, `Q8_0`.

use super::{GROUP, MAX_GROUPS, Minimum, OpenBlocks, QuantizedBlock};
use crate::half_float::f16_at;

/// `f16 d, u8 qs[16]`: `d * (q - 8)`; byte `j` holds elements `j` (low) and `j + 16` (high).
pub(crate) struct Q40;
/// `f16 d, f16 m, u8 qs[16]`: `d * q + m`.
pub(crate) struct Q41;
/// `f16 d, u32 qh, u8 qs[16]`: `d * (q - 16)`; bit `j` of `qh` is bit 4 of element `j`.
pub(crate) struct Q50;
/// `f16 d, f16 m, u32 qh, u8 qs[16]`: `d * q + m`.
pub(crate) struct Q51;
/// `f16 d, i8 qs[32]`: `d * q`.
pub(crate) struct Q80;

#[inline(always)]
fn nibbles(bytes: &[u8], offset: i16, values: &mut [i16; GROUP]) {
    let (low, high) = values.split_at_mut(GROUP / 2);
    for ((byte, low), high) in bytes.iter().zip(low).zip(high) {
        *low = i16::from(byte & 15) - offset;
        *high = i16::from(byte >> 4) - offset;
    }
}

/// Nibbles with a fifth bit each.
#[inline(always)]
fn five_bits(nibbles: &[u8], high: &[u8], offset: i16, values: &mut [i16; GROUP]) {
    let mut fifth = [0_u8; GROUP];
    for (fifth, byte) in fifth.chunks_exact_mut(8).zip(high) {
        fifth.copy_from_slice(&SPREAD[usize::from(*byte)].to_le_bytes());
    }
    let ((low, high), (low_fifth, high_fifth)) = (values.split_at_mut(GROUP / 2), fifth.split_at(GROUP / 2));
    for ((value, byte), fifth) in low.iter_mut().zip(nibbles).zip(low_fifth) {
        *value = i16::from((byte & 15) | fifth) - offset;
    }
    for ((value, byte), fifth) in high.iter_mut().zip(nibbles).zip(high_fifth) {
        *value = i16::from((byte >> 4) | fifth) - offset;
    }
}

/// The bits of a byte as bytes of 16: a shift by each lane's own count does not exist in SSE2.
static SPREAD: [u64; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut bit = 0;
        while bit < 8 {
            table[byte] |= ((byte as u64 >> bit) & 1) << (8 * bit + 4);
            bit += 1;
        }
        byte += 1;
    }
    table
};

impl QuantizedBlock for Q40 {
    const BYTES: usize = 18;
    const GROUPS: usize = 1;
    const TOGETHER: usize = MAX_GROUPS;
    const MINIMUM: Minimum = Minimum::None;

    #[inline(never)]
    fn open(blocks: &[u8], out: &mut OpenBlocks) {
        for (index, block) in blocks.chunks_exact(Self::BYTES).enumerate().take(MAX_GROUPS) {
            out.scales[index] = f16_at(block, 0);
            nibbles(&block[2..18], 8, &mut out.values[index]);
        }
    }
}

impl QuantizedBlock for Q41 {
    const BYTES: usize = 20;
    const GROUPS: usize = 1;
    const TOGETHER: usize = MAX_GROUPS;
    const MINIMUM: Minimum = Minimum::Group;

    #[inline(never)]
    fn open(blocks: &[u8], out: &mut OpenBlocks) {
        for (index, block) in blocks.chunks_exact(Self::BYTES).enumerate().take(MAX_GROUPS) {
            out.scales[index] = f16_at(block, 0);
            out.minima[index] = f16_at(block, 2);
            nibbles(&block[4..20], 0, &mut out.values[index]);
        }
    }
}

impl QuantizedBlock for Q50 {
    const BYTES: usize = 22;
    const GROUPS: usize = 1;
    const TOGETHER: usize = MAX_GROUPS;
    const MINIMUM: Minimum = Minimum::None;

    #[inline(never)]
    fn open(blocks: &[u8], out: &mut OpenBlocks) {
        for (index, block) in blocks.chunks_exact(Self::BYTES).enumerate().take(MAX_GROUPS) {
            out.scales[index] = f16_at(block, 0);
            five_bits(&block[6..22], &block[2..6], 16, &mut out.values[index]);
        }
    }
}

impl QuantizedBlock for Q51 {
    const BYTES: usize = 24;
    const GROUPS: usize = 1;
    const TOGETHER: usize = MAX_GROUPS;
    const MINIMUM: Minimum = Minimum::Group;

    #[inline(never)]
    fn open(blocks: &[u8], out: &mut OpenBlocks) {
        for (index, block) in blocks.chunks_exact(Self::BYTES).enumerate().take(MAX_GROUPS) {
            out.scales[index] = f16_at(block, 0);
            out.minima[index] = f16_at(block, 2);
            five_bits(&block[8..24], &block[4..8], 0, &mut out.values[index]);
        }
    }
}

impl QuantizedBlock for Q80 {
    const BYTES: usize = 34;
    const GROUPS: usize = 1;
    const TOGETHER: usize = MAX_GROUPS;
    const MINIMUM: Minimum = Minimum::None;

    #[inline(never)]
    fn open(blocks: &[u8], out: &mut OpenBlocks) {
        for (index, block) in blocks.chunks_exact(Self::BYTES).enumerate().take(MAX_GROUPS) {
            out.scales[index] = f16_at(block, 0);
            for (value, &byte) in out.values[index].iter_mut().zip(&block[2..34]) {
                *value = i16::from(byte as i8);
            }
        }
    }
}
