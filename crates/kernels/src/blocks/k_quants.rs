//! Blocks of 256 elements: Q2_K to Q6_K.

use super::{GROUP, Minimum, OpenBlock, QuantizedBlock};
use crate::half_float::f16_at;

/// `u8 scales[16], u8 qs[64], f16 d, f16 dmin`: 2 bits, `d * sc * q - dmin * m` for each 16 (`sc` low nibble, `m` high).
pub(crate) struct Q2K;
/// `u8 hmask[32], u8 qs[64], u8 scales[12], f16 d`: 3 bits, `d * (sc - 32) * (q - 4)` for each 16.
pub(crate) struct Q3K;
/// `f16 d, f16 dmin, u8 scales[12], u8 qs[128]`: 4 bits, `d * sc * q - dmin * m` for each 32.
pub(crate) struct Q4K;
/// `f16 d, f16 dmin, u8 scales[12], u8 qh[32], u8 qs[128]`: 5 bits, as Q4_K.
pub(crate) struct Q5K;
/// `u8 ql[128], u8 qh[64], i8 scales[16], f16 d`: 6 bits, `d * sc * (q - 32)` for each 16.
pub(crate) struct Q6K;

/// Multiplies the two halves of a group by their integer sub-scales.
#[inline(always)]
fn scale_halves(values: &mut [i16; GROUP], scales: [i16; 2]) {
    let (low, high) = values.split_at_mut(GROUP / 2);
    for value in low {
        *value *= scales[0];
    }
    for value in high {
        *value *= scales[1];
    }
}

/// Scale and minimum of group `index`, 6 bits each, packed in 12 bytes (Q4_K, Q5_K).
#[inline(always)]
fn scale_and_minimum(packed: &[u8], index: usize) -> (u8, u8) {
    if index < 4 {
        (packed[index] & 63, packed[index + 4] & 63)
    } else {
        (
            (packed[index + 4] & 15) | ((packed[index - 4] >> 6) << 4),
            (packed[index + 4] >> 4) | ((packed[index] >> 6) << 4),
        )
    }
}

impl QuantizedBlock for Q2K {
    const BYTES: usize = 84;
    const GROUPS: usize = 8;
    const MINIMUM: Minimum = Minimum::Half;

    #[inline(always)]
    fn open(block: &[u8], out: &mut OpenBlock) {
        let (scales, rest) = block.split_at(16);
        let (d, minimum) = (f16_at(rest, 64), -f16_at(rest, 66));
        for group in 0..8 {
            let bytes = &rest[32 * (group / 4)..][..GROUP];
            let shift = 2 * (group % 4);
            for (value, byte) in out.values[group].iter_mut().zip(bytes) {
                *value = i16::from((byte >> shift) & 3);
            }
            let pair = [scales[2 * group], scales[2 * group + 1]];
            scale_halves(&mut out.values[group], pair.map(|scale| i16::from(scale & 15)));
            out.half_minima[group] = pair.map(|scale| i32::from(scale >> 4));
            out.scales[group] = d;
            out.minima[group] = minimum;
        }
    }
}

impl QuantizedBlock for Q3K {
    const BYTES: usize = 110;
    const GROUPS: usize = 8;
    const MINIMUM: Minimum = Minimum::None;

    #[inline(always)]
    fn open(block: &[u8], out: &mut OpenBlock) {
        let (high_bits, rest) = block.split_at(32);
        let (low_bits, rest) = rest.split_at(64);
        let d = f16_at(rest, 12);
        let scale = |index: usize| {
            let low = if index < 8 { rest[index] & 15 } else { rest[index - 8] >> 4 };
            let high = (rest[8 + index % 4] >> (2 * (index / 4))) & 3;
            i16::from(low | (high << 4)) - 32
        };
        for group in 0..8 {
            let bytes = &low_bits[32 * (group / 4)..][..GROUP];
            let shift = 2 * (group % 4);
            for ((value, byte), high) in out.values[group].iter_mut().zip(bytes).zip(high_bits) {
                *value = i16::from(((byte >> shift) & 3) | (((high >> group) & 1) << 2)) - 4;
            }
            scale_halves(&mut out.values[group], [scale(2 * group), scale(2 * group + 1)]);
            out.scales[group] = d;
        }
    }
}

impl QuantizedBlock for Q4K {
    const BYTES: usize = 144;
    const GROUPS: usize = 8;
    const MINIMUM: Minimum = Minimum::Group;

    #[inline(always)]
    fn open(block: &[u8], out: &mut OpenBlock) {
        let (d, minimum) = (f16_at(block, 0), -f16_at(block, 2));
        for group in 0..8 {
            let (scale, m) = scale_and_minimum(&block[4..16], group);
            out.scales[group] = d * f32::from(scale);
            out.minima[group] = minimum * f32::from(m);
            let shift = 4 * (group % 2);
            let bytes = &block[16 + 32 * (group / 2)..][..GROUP];
            for (value, byte) in out.values[group].iter_mut().zip(bytes) {
                *value = i16::from((byte >> shift) & 15);
            }
        }
    }
}

impl QuantizedBlock for Q5K {
    const BYTES: usize = 176;
    const GROUPS: usize = 8;
    const MINIMUM: Minimum = Minimum::Group;

    #[inline(always)]
    fn open(block: &[u8], out: &mut OpenBlock) {
        let (d, minimum) = (f16_at(block, 0), -f16_at(block, 2));
        let high_bits = &block[16..48];
        for group in 0..8 {
            let (scale, m) = scale_and_minimum(&block[4..16], group);
            out.scales[group] = d * f32::from(scale);
            out.minima[group] = minimum * f32::from(m);
            let shift = 4 * (group % 2);
            let bytes = &block[48 + 32 * (group / 2)..][..GROUP];
            for ((value, byte), high) in out.values[group].iter_mut().zip(bytes).zip(high_bits) {
                *value = i16::from(((byte >> shift) & 15) | (((high >> group) & 1) << 4));
            }
        }
    }
}

impl QuantizedBlock for Q6K {
    const BYTES: usize = 210;
    const GROUPS: usize = 8;
    const MINIMUM: Minimum = Minimum::None;

    #[inline(always)]
    fn open(block: &[u8], out: &mut OpenBlock) {
        let (low_bits, rest) = block.split_at(128);
        let (high_bits, rest) = rest.split_at(64);
        let d = f16_at(rest, 16);
        for group in 0..8 {
            let (half, quarter) = (group / 4, group % 4);
            // Quarters 0 and 1 are the low nibbles of two runs of 32 bytes, 2 and 3 the high nibbles of the same.
            let low = &low_bits[64 * half + 32 * (quarter % 2)..][..GROUP];
            let high = &high_bits[32 * half..][..GROUP];
            let (low_shift, high_shift) = (4 * (quarter / 2), 2 * quarter);
            for ((value, low), high) in out.values[group].iter_mut().zip(low).zip(high) {
                *value = i16::from(((low >> low_shift) & 15) | (((high >> high_shift) & 3) << 4)) - 32;
            }
            let scales = [rest[2 * group], rest[2 * group + 1]].map(|scale| i16::from(scale as i8));
            scale_halves(&mut out.values[group], scales);
            out.scales[group] = d;
        }
    }
}
