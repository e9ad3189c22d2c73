//! Blocks of 256 elements: `Q2_K` to `Q6_K`.

use super::{GROUP, Minimum, OpenBlocks, QuantizedBlock};
use crate::half_float::f16_at;

/// `u8 scales[16], u8 qs[64], f16 d, f16 dmin`: 2 bits, `d * sc * q - dmin * m` for each 16 (`sc` low nibble, `m` high).
pub(crate) struct Q2K;
/// `u8 hmask[32], u8 qs[64], u8 scales[12], f16 d`: 3 bits, `d * (sc - 32) * (q - 4)` for each 16.
pub(crate) struct Q3K;
/// `f16 d, f16 dmin, u8 scales[12], u8 qs[128]`: 4 bits, `d * sc * q - dmin * m` for each 32.
pub(crate) struct Q4K;
/// `f16 d, f16 dmin, u8 scales[12], u8 qh[32], u8 qs[128]`: 5 bits, as `Q4_K`.
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

/// The 2-bit fields at `SHIFT` of 32 bytes. Shifts are constants here and below: a loop over them would not vectorise well.
#[inline(always)]
fn two_bits<const SHIFT: u32>(bytes: &[u8], values: &mut [i16; GROUP]) {
    for (value, byte) in values.iter_mut().zip(bytes) {
        *value = i16::from((byte >> SHIFT) & 3);
    }
}

/// The 2-bit fields of 64 bytes: 32 bytes hold groups 0 to 3, the next 32 groups 4 to 7.
#[inline(always)]
fn all_two_bits(bytes: &[u8], values: &mut [[i16; GROUP]; 8]) {
    for (bytes, values) in bytes.chunks_exact(GROUP).zip(values.chunks_exact_mut(4)) {
        two_bits::<0>(bytes, &mut values[0]);
        two_bits::<2>(bytes, &mut values[1]);
        two_bits::<4>(bytes, &mut values[2]);
        two_bits::<6>(bytes, &mut values[3]);
    }
}

/// The nibbles of 128 bytes: 32 bytes hold an even group (low) and the odd one after it (high).
#[inline(always)]
fn all_nibbles(bytes: &[u8], values: &mut [[i16; GROUP]; 8]) {
    for (bytes, values) in bytes.chunks_exact(GROUP).zip(values.chunks_exact_mut(2)) {
        for (value, byte) in values[0].iter_mut().zip(bytes) {
            *value = i16::from(byte & 15);
        }
        for (value, byte) in values[1].iter_mut().zip(bytes) {
            *value = i16::from(byte >> 4);
        }
    }
}

/// The low bits at `SHIFT` of 32 bytes and the bit `BIT` of 32 others above them.
#[inline(always)]
fn with_bit<const SHIFT: u32, const MASK: u8, const BIT: u32>(
    low: &[u8],
    high: &[u8],
    offset: i16,
    values: &mut [i16; GROUP],
) {
    for ((value, low), high) in values.iter_mut().zip(low).zip(high) {
        *value = i16::from(((low >> SHIFT) & MASK) | (((high >> BIT) & 1) * (MASK + 1))) - offset;
    }
}

/// Scale and minimum of group `index`, 6 bits each, packed in 12 bytes (`Q4_K`, `Q5_K`).
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
    const TOGETHER: usize = 1;
    const MINIMUM: Minimum = Minimum::Half;

    #[inline(never)]
    fn open(block: &[u8], out: &mut OpenBlocks) {
        let (scales, rest) = block.split_at(16);
        let (d, minimum) = (f16_at(rest, 64), -f16_at(rest, 66));
        all_two_bits(&rest[..64], &mut out.values);
        for group in 0..8 {
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
    const TOGETHER: usize = 1;
    const MINIMUM: Minimum = Minimum::None;

    #[inline(never)]
    fn open(block: &[u8], out: &mut OpenBlocks) {
        let (high_bits, rest) = block.split_at(32);
        let (low_bits, rest) = rest.split_at(64);
        let d = f16_at(rest, 12);
        let scale = |index: usize| {
            let low = if index < 8 { rest[index] & 15 } else { rest[index - 8] >> 4 };
            let high = (rest[8 + index % 4] >> (2 * (index / 4))) & 3;
            i16::from(low | (high << 4)) - 32
        };
        let (first, second) = low_bits.split_at(GROUP);
        let values = &mut out.values;
        with_bit::<0, 3, 0>(first, high_bits, 4, &mut values[0]);
        with_bit::<2, 3, 1>(first, high_bits, 4, &mut values[1]);
        with_bit::<4, 3, 2>(first, high_bits, 4, &mut values[2]);
        with_bit::<6, 3, 3>(first, high_bits, 4, &mut values[3]);
        with_bit::<0, 3, 4>(second, high_bits, 4, &mut values[4]);
        with_bit::<2, 3, 5>(second, high_bits, 4, &mut values[5]);
        with_bit::<4, 3, 6>(second, high_bits, 4, &mut values[6]);
        with_bit::<6, 3, 7>(second, high_bits, 4, &mut values[7]);
        for group in 0..8 {
            scale_halves(&mut out.values[group], [scale(2 * group), scale(2 * group + 1)]);
            out.scales[group] = d;
        }
    }
}

impl QuantizedBlock for Q4K {
    const BYTES: usize = 144;
    const GROUPS: usize = 8;
    const TOGETHER: usize = 1;
    const MINIMUM: Minimum = Minimum::Group;

    #[inline(never)]
    fn open(block: &[u8], out: &mut OpenBlocks) {
        let (d, minimum) = (f16_at(block, 0), -f16_at(block, 2));
        for group in 0..8 {
            let (scale, m) = scale_and_minimum(&block[4..16], group);
            out.scales[group] = d * f32::from(scale);
            out.minima[group] = minimum * f32::from(m);
        }
        all_nibbles(&block[16..144], &mut out.values);
    }
}

impl QuantizedBlock for Q5K {
    const BYTES: usize = 176;
    const GROUPS: usize = 8;
    const TOGETHER: usize = 1;
    const MINIMUM: Minimum = Minimum::Group;

    #[inline(never)]
    fn open(block: &[u8], out: &mut OpenBlocks) {
        let (d, minimum) = (f16_at(block, 0), -f16_at(block, 2));
        let high_bits = &block[16..48];
        for group in 0..8 {
            let (scale, m) = scale_and_minimum(&block[4..16], group);
            out.scales[group] = d * f32::from(scale);
            out.minima[group] = minimum * f32::from(m);
        }
        let values = &mut out.values;
        with_bit::<0, 15, 0>(&block[48..80], high_bits, 0, &mut values[0]);
        with_bit::<4, 15, 1>(&block[48..80], high_bits, 0, &mut values[1]);
        with_bit::<0, 15, 2>(&block[80..112], high_bits, 0, &mut values[2]);
        with_bit::<4, 15, 3>(&block[80..112], high_bits, 0, &mut values[3]);
        with_bit::<0, 15, 4>(&block[112..144], high_bits, 0, &mut values[4]);
        with_bit::<4, 15, 5>(&block[112..144], high_bits, 0, &mut values[5]);
        with_bit::<0, 15, 6>(&block[144..176], high_bits, 0, &mut values[6]);
        with_bit::<4, 15, 7>(&block[144..176], high_bits, 0, &mut values[7]);
    }
}

impl QuantizedBlock for Q6K {
    const BYTES: usize = 210;
    const GROUPS: usize = 8;
    const TOGETHER: usize = 1;
    const MINIMUM: Minimum = Minimum::None;

    #[inline(never)]
    fn open(block: &[u8], out: &mut OpenBlocks) {
        let (low_bits, rest) = block.split_at(128);
        let (high_bits, rest) = rest.split_at(64);
        let d = f16_at(rest, 16);
        let halves = low_bits.chunks_exact(64).zip(high_bits.chunks_exact(32)).zip(out.values.chunks_exact_mut(4));
        for ((low, high), values) in halves {
            let (first, second) = low.split_at(GROUP);
            six_bits::<0, 0>(first, high, &mut values[0]);
            six_bits::<0, 2>(second, high, &mut values[1]);
            six_bits::<4, 4>(first, high, &mut values[2]);
            six_bits::<4, 6>(second, high, &mut values[3]);
        }
        for group in 0..8 {
            let scales = [rest[2 * group], rest[2 * group + 1]].map(|scale| i16::from(scale as i8));
            scale_halves(&mut out.values[group], scales);
            out.scales[group] = d;
        }
    }
}

/// Four bits at `LOW` and two at `HIGH`, less 32.
#[inline(always)]
fn six_bits<const LOW: u32, const HIGH: u32>(low: &[u8], high: &[u8], values: &mut [i16; GROUP]) {
    for ((value, low), high) in values.iter_mut().zip(low).zip(high) {
        *value = i16::from(((low >> LOW) & 15) | (((high >> HIGH) & 3) << 4)) - 32;
    }
}
