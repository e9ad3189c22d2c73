//! Blocks of 32 elements: Q4_0, Q4_1, Q5_0, Q5_1, Q8_0.

use super::{GROUP, Minimum, OpenBlock, QuantizedBlock};
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

#[inline(always)]
fn fifth_bits(bytes: &[u8], values: &mut [i16; GROUP]) {
    let bits = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    for (index, value) in values.iter_mut().enumerate() {
        *value += (((bits >> index) & 1) << 4) as i16;
    }
}

impl QuantizedBlock for Q40 {
    const BYTES: usize = 18;
    const GROUPS: usize = 1;
    const MINIMUM: Minimum = Minimum::None;

    #[inline(always)]
    fn open(block: &[u8], out: &mut OpenBlock) {
        out.scales[0] = f16_at(block, 0);
        nibbles(&block[2..18], 8, &mut out.values[0]);
    }
}

impl QuantizedBlock for Q41 {
    const BYTES: usize = 20;
    const GROUPS: usize = 1;
    const MINIMUM: Minimum = Minimum::Group;

    #[inline(always)]
    fn open(block: &[u8], out: &mut OpenBlock) {
        out.scales[0] = f16_at(block, 0);
        out.minima[0] = f16_at(block, 2);
        nibbles(&block[4..20], 0, &mut out.values[0]);
    }
}

impl QuantizedBlock for Q50 {
    const BYTES: usize = 22;
    const GROUPS: usize = 1;
    const MINIMUM: Minimum = Minimum::None;

    #[inline(always)]
    fn open(block: &[u8], out: &mut OpenBlock) {
        out.scales[0] = f16_at(block, 0);
        nibbles(&block[6..22], 16, &mut out.values[0]);
        fifth_bits(&block[2..6], &mut out.values[0]);
    }
}

impl QuantizedBlock for Q51 {
    const BYTES: usize = 24;
    const GROUPS: usize = 1;
    const MINIMUM: Minimum = Minimum::Group;

    #[inline(always)]
    fn open(block: &[u8], out: &mut OpenBlock) {
        out.scales[0] = f16_at(block, 0);
        out.minima[0] = f16_at(block, 2);
        nibbles(&block[8..24], 0, &mut out.values[0]);
        fifth_bits(&block[4..8], &mut out.values[0]);
    }
}

impl QuantizedBlock for Q80 {
    const BYTES: usize = 34;
    const GROUPS: usize = 1;
    const MINIMUM: Minimum = Minimum::None;

    #[inline(always)]
    fn open(block: &[u8], out: &mut OpenBlock) {
        out.scales[0] = f16_at(block, 0);
        for (value, &byte) in out.values[0].iter_mut().zip(&block[2..34]) {
            *value = i16::from(byte as i8);
        }
    }
}
