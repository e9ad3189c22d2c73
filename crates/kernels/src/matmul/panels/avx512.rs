//! `vpdpbusd` on 16 lanes: four products of unsigned weights and signed activations a lane, exact.

use std::arch::x86_64::{
    __m128i, __m512, __m512i, _mm_loadu_si128, _mm256_loadu_si256, _mm512_add_epi32, _mm512_add_ps, _mm512_and_si512,
    _mm512_cvtepi8_epi32, _mm512_cvtepi32_ps, _mm512_cvtepu8_epi32, _mm512_cvtph_ps, _mm512_dpbusd_epi32,
    _mm512_loadu_si512, _mm512_mul_ps, _mm512_mullo_epi32, _mm512_or_si512, _mm512_set1_epi8, _mm512_set1_epi32,
    _mm512_set1_ps, _mm512_setzero_ps, _mm512_setzero_si512, _mm512_slli_epi16, _mm512_srli_epi16, _mm512_srli_epi32,
    _mm512_storeu_ps, _mm512_sub_ps,
};

use super::{Kernels, prefetch_next};
use crate::panel::{PanelType, ROWS};
use crate::quantized_rows::QuantizedRow;

pub(super) static Q4_0: Kernels = Kernels { one: q4_0, two: q4_0, four: q4_0, eight: q4_0 };
pub(super) static Q8_0: Kernels = Kernels { one: q8_0, two: q8_0, four: q8_0, eight: q8_0 };
pub(super) static Q4_K: Kernels = Kernels { one: q4_k, two: q4_k, four: q4_k, eight: q4_k };
pub(super) static Q6_K: Kernels = Kernels { one: q6_k_few, two: q6_k_few, four: q6_k, eight: q6_k };

const Q4_0_TILE: usize = PanelType::Q4_0.tile();
const Q8_0_TILE: usize = PanelType::Q8_0.tile();
const Q4_K_TILE: usize = PanelType::Q4_K.tile();
const Q6_K_TILE: usize = PanelType::Q6_K.tile();

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn q4_0<const M: usize>(panel: &[u8], rows: [QuantizedRow<'_>; M]) -> [[f32; ROWS]; M] {
    let (tiles, _) = panel.as_chunks::<Q4_0_TILE>();
    let rows = rows.map(|row| row.first(tiles.len()));
    let low_bits = _mm512_set1_epi8(15);
    let mut sums = [_mm512_setzero_ps(); M];
    for (group, tile) in tiles.iter().enumerate() {
        let scales = halves(tile, 0);
        let bytes = units::<4, _>(tile, 2, 0);
        let (mut low, mut high) = (bytes, bytes);
        for (low, high) in low.iter_mut().zip(&mut high) {
            *low = _mm512_and_si512(*low, low_bits);
            *high = _mm512_and_si512(_mm512_srli_epi16::<4>(*high), low_bits);
        }
        for (sum, row) in sums.iter_mut().zip(&rows) {
            let values = &row.bytes[group];
            // The integers are 8 less than their bits say.
            let mut dot = _mm512_set1_epi32(-8 * row.sum(group));
            for (step, (low, high)) in low.iter().zip(&high).enumerate() {
                dot = _mm512_dpbusd_epi32(dot, *low, splat(values, step));
                dot = _mm512_dpbusd_epi32(dot, *high, splat(values, step + 4));
            }
            *sum = add_group(*sum, scales, dot, row.scales[group]);
        }
    }
    stored(sums)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn q8_0<const M: usize>(panel: &[u8], rows: [QuantizedRow<'_>; M]) -> [[f32; ROWS]; M] {
    let (tiles, _) = panel.as_chunks::<Q8_0_TILE>();
    let rows = rows.map(|row| row.first(tiles.len()));
    let mut sums = [_mm512_setzero_ps(); M];
    for (group, tile) in tiles.iter().enumerate() {
        let scales = halves(tile, 0);
        let bytes = units::<8, _>(tile, 2, 0);
        for (sum, row) in sums.iter_mut().zip(&rows) {
            let values = &row.bytes[group];
            // The integers are 128 less than their bytes.
            let mut dot = _mm512_set1_epi32(-128 * row.sum(group));
            for (step, bytes) in bytes.iter().enumerate() {
                dot = _mm512_dpbusd_epi32(dot, *bytes, splat(values, step));
            }
            *sum = add_group(*sum, scales, dot, row.scales[group]);
        }
    }
    stored(sums)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn q4_k<const M: usize>(panel: &[u8], rows: [QuantizedRow<'_>; M]) -> [[f32; ROWS]; M] {
    let (tiles, _) = panel.as_chunks::<Q4_K_TILE>();
    let rows = rows.map(|row| row.first(8 * tiles.len()));
    let low_bits = _mm512_set1_epi8(15);
    let mut sums = [_mm512_setzero_ps(); M];
    for (index, tile) in tiles.iter().enumerate() {
        let (d, minimum) = (halves(tile, 0), _mm512_sub_ps(_mm512_set1_ps(-0.0), halves(tile, 2)));
        for pair in 0..4 {
            let bytes = units::<8, _>(tile, 16, 8 * pair);
            for odd in 0..2 {
                let group = 2 * pair + odd;
                let (scale, m) = scale_and_minimum(tile, group);
                let (scales, minima) = (_mm512_mul_ps(d, scale), _mm512_mul_ps(minimum, m));
                let mut integers = bytes;
                for integers in &mut integers {
                    let bytes = if odd == 0 { *integers } else { _mm512_srli_epi16::<4>(*integers) };
                    *integers = _mm512_and_si512(bytes, low_bits);
                }
                for (sum, row) in sums.iter_mut().zip(&rows) {
                    let group = 8 * index + group;
                    let mut dot = _mm512_setzero_si512();
                    for (step, integers) in integers.iter().enumerate() {
                        dot = _mm512_dpbusd_epi32(dot, *integers, splat(&row.bytes[group], step));
                    }
                    let product = _mm512_mul_ps(scales, _mm512_cvtepi32_ps(dot));
                    let offset = _mm512_mul_ps(minima, _mm512_set1_ps(row.sum(group) as f32));
                    let term = _mm512_mul_ps(_mm512_set1_ps(row.scales[group]), _mm512_add_ps(product, offset));
                    *sum = _mm512_add_ps(*sum, term);
                }
            }
        }
    }
    stored(sums)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn q6_k<const M: usize>(panel: &[u8], rows: [QuantizedRow<'_>; M]) -> [[f32; ROWS]; M] {
    let (tiles, _) = panel.as_chunks::<Q6_K_TILE>();
    let rows = rows.map(|row| row.first(8 * tiles.len()));
    let mut sums = [_mm512_setzero_ps(); M];
    for (index, tile) in tiles.iter().enumerate() {
        for part in 0..2 {
            let first = 8 * index + 4 * part;
            prefetch_next(tile, 32 * part..32 * part + 32);
            q6_k_group::<M, 0>(&mut sums, tile, part, &rows, first);
            q6_k_group::<M, 1>(&mut sums, tile, part, &rows, first + 1);
            q6_k_group::<M, 2>(&mut sums, tile, part, &rows, first + 2);
            q6_k_group::<M, 3>(&mut sums, tile, part, &rows, first + 3);
        }
    }
    stored(sums)
}

/// The same for few rows: all that a byte of the weight has is used when it is read.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn q6_k_few<const M: usize>(panel: &[u8], rows: [QuantizedRow<'_>; M]) -> [[f32; ROWS]; M] {
    let (tiles, _) = panel.as_chunks::<Q6_K_TILE>();
    let rows = rows.map(|row| row.first(8 * tiles.len()));
    let (low_bits, high_bits) = (_mm512_set1_epi8(15), _mm512_set1_epi8(0x30));
    let mut sums = [_mm512_setzero_ps(); M];
    for (index, tile) in tiles.iter().enumerate() {
        let d = halves(tile, 208);
        for part in 0..2 {
            let first = 8 * index + 4 * part;
            let mut dots = [[_mm512_setzero_si512(); 4]; M];
            for sixteen in 0..2 {
                let mut products = [[_mm512_setzero_si512(); 4]; M];
                for (products, row) in products.iter_mut().zip(&rows) {
                    for (quarter, product) in products.iter_mut().enumerate() {
                        // The integers are 32 less than their bits say.
                        *product = _mm512_set1_epi32(-32 * i32::from(row.sums[first + quarter][sixteen]));
                    }
                }
                for step in 4 * sixteen..4 * sixteen + 4 {
                    let lines = 4 * (8 * part + step);
                    prefetch_next(tile, lines..lines + 4);
                    let low = unit(tile, 0, 16 * part + step);
                    let next = unit(tile, 0, 16 * part + 8 + step);
                    let high = unit(tile, 128, 8 * part + step);
                    let integers = [
                        (low, _mm512_slli_epi16::<4>(high)),
                        (next, _mm512_slli_epi16::<2>(high)),
                        (_mm512_srli_epi16::<4>(low), high),
                        (_mm512_srli_epi16::<4>(next), _mm512_srli_epi16::<2>(high)),
                    ];
                    for (quarter, (low, high)) in integers.into_iter().enumerate() {
                        let integers =
                            _mm512_or_si512(_mm512_and_si512(low, low_bits), _mm512_and_si512(high, high_bits));
                        for (products, row) in products.iter_mut().zip(&rows) {
                            let values = splat(&row.bytes[first + quarter], step);
                            products[quarter] = _mm512_dpbusd_epi32(products[quarter], integers, values);
                        }
                    }
                }
                for quarter in 0..4 {
                    let scale = _mm512_cvtepi8_epi32(bytes(tile, 192 + 8 * part + 2 * quarter + sixteen));
                    for (dots, products) in dots.iter_mut().zip(&products) {
                        dots[quarter] = _mm512_add_epi32(dots[quarter], _mm512_mullo_epi32(products[quarter], scale));
                    }
                }
            }
            for ((sum, dots), row) in sums.iter_mut().zip(dots).zip(&rows) {
                for (quarter, dot) in dots.into_iter().enumerate() {
                    *sum = add_group(*sum, d, dot, row.scales[first + quarter]);
                }
            }
        }
    }
    stored(sums)
}

/// Adds `group` of the rows, the `QUARTER` of four in half a block.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn q6_k_group<const M: usize, const QUARTER: usize>(
    sums: &mut [__m512; M],
    tile: &[u8; Q6_K_TILE],
    part: usize,
    rows: &[QuantizedRow<'_>; M],
    group: usize,
) {
    let integers = six_bits::<QUARTER>(tile, part);
    let at = 192 + 8 * part + 2 * QUARTER;
    let scales = [_mm512_cvtepi8_epi32(bytes(tile, at)), _mm512_cvtepi8_epi32(bytes(tile, at + 1))];
    let d = halves(tile, 208);
    for (sum, row) in sums.iter_mut().zip(rows) {
        let mut dot = _mm512_setzero_si512();
        for (half, (integers, scales)) in integers.as_chunks::<4>().0.iter().zip(&scales).enumerate() {
            // The integers are 32 less than their bits say.
            let mut product = _mm512_set1_epi32(-32 * i32::from(row.sums[group][half]));
            for (step, integers) in integers.iter().enumerate() {
                product = _mm512_dpbusd_epi32(product, *integers, splat(&row.bytes[group], 4 * half + step));
            }
            dot = _mm512_add_epi32(dot, _mm512_mullo_epi32(product, *scales));
        }
        *sum = add_group(*sum, d, dot, row.scales[group]);
    }
}

/// The integers, plus 32, of a group of `Q6_K` blocks: the `QUARTER` of four in half a block.
///
/// 64 bytes of low bits are four groups: 0 and 1 have their low nibbles, 2 and 3 the high ones. 32 bytes of high bits have two of each.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn six_bits<const QUARTER: usize>(tile: &[u8; Q6_K_TILE], part: usize) -> [__m512i; 8] {
    let (low_bits, high_bits) = (_mm512_set1_epi8(15), _mm512_set1_epi8(0x30));
    let mut integers = units::<8, _>(tile, 0, 16 * part + 8 * (QUARTER % 2));
    for (integers, high) in integers.iter_mut().zip(units::<8, _>(tile, 128, 8 * part)) {
        let (low, high) = match QUARTER {
            0 => (*integers, _mm512_slli_epi16::<4>(high)),
            1 => (*integers, _mm512_slli_epi16::<2>(high)),
            2 => (_mm512_srli_epi16::<4>(*integers), high),
            _ => (_mm512_srli_epi16::<4>(*integers), _mm512_srli_epi16::<2>(high)),
        };
        *integers = _mm512_or_si512(_mm512_and_si512(low, low_bits), _mm512_and_si512(high, high_bits));
    }
    integers
}

/// Scale and minimum of group `index` of `Q4_K` blocks, 6 bits each, packed in 12 bytes.
#[inline]
#[target_feature(enable = "avx512f")]
fn scale_and_minimum(tile: &[u8; Q4_K_TILE], index: usize) -> (__m512, __m512) {
    let packed = |index| _mm512_cvtepu8_epi32(bytes(tile, 4 + index));
    let (six, four, two) = (_mm512_set1_epi32(63), _mm512_set1_epi32(15), _mm512_set1_epi32(0x30));
    let (scale, minimum) = if index < 4 {
        (_mm512_and_si512(packed(index), six), _mm512_and_si512(packed(index + 4), six))
    } else {
        let low = packed(index + 4);
        let top = |bytes| _mm512_and_si512(_mm512_srli_epi32::<2>(bytes), two);
        (
            _mm512_or_si512(_mm512_and_si512(low, four), top(packed(index - 4))),
            _mm512_or_si512(_mm512_srli_epi32::<4>(low), top(packed(index))),
        )
    };
    (_mm512_cvtepi32_ps(scale), _mm512_cvtepi32_ps(minimum))
}

/// The f16 field at byte `at` of a tile's 16 blocks.
#[inline]
#[target_feature(enable = "avx512f")]
fn halves<const N: usize>(tile: &[u8; N], at: usize) -> __m512 {
    let field = &tile[ROWS * at..][..2 * ROWS];
    // SAFETY: 32 bytes.
    _mm512_cvtph_ps(unsafe { _mm256_loadu_si256(field.as_ptr().cast()) })
}

/// The field of one byte at `at` of a tile's 16 blocks.
#[inline]
#[target_feature(enable = "avx512f")]
fn bytes<const N: usize>(tile: &[u8; N], at: usize) -> __m128i {
    let field = &tile[ROWS * at..][..ROWS];
    // SAFETY: 16 bytes.
    unsafe { _mm_loadu_si128(field.as_ptr().cast()) }
}

/// Four bytes of integers of a tile's 16 blocks: the field `step` of those that begin at byte `at`.
#[inline]
#[target_feature(enable = "avx512f")]
fn unit<const N: usize>(tile: &[u8; N], at: usize, step: usize) -> __m512i {
    let field = &tile[ROWS * (at + 4 * step)..][..4 * ROWS];
    // SAFETY: 64 bytes.
    unsafe { _mm512_loadu_si512(field.as_ptr().cast()) }
}

/// Several of them.
#[inline]
#[target_feature(enable = "avx512f")]
fn units<const S: usize, const N: usize>(tile: &[u8; N], at: usize, first: usize) -> [__m512i; S] {
    let mut units = [_mm512_setzero_si512(); S];
    for (step, bytes) in units.iter_mut().enumerate() {
        *bytes = unit(tile, at, first + step);
    }
    units
}

/// Four activations in every lane.
#[inline]
#[target_feature(enable = "avx512f")]
fn splat(values: &[i8; 32], step: usize) -> __m512i {
    let [a, b, c, d] = [0, 1, 2, 3].map(|index| values[4 * step + index] as u8);
    _mm512_set1_epi32(i32::from_le_bytes([a, b, c, d]))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn add_group(sum: __m512, scales: __m512, dot: __m512i, scale: f32) -> __m512 {
    let product = _mm512_mul_ps(scales, _mm512_cvtepi32_ps(dot));
    _mm512_add_ps(sum, _mm512_mul_ps(_mm512_set1_ps(scale), product))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn stored<const M: usize>(sums: [__m512; M]) -> [[f32; ROWS]; M] {
    let mut outputs = [[0.0; ROWS]; M];
    for (output, sum) in outputs.iter_mut().zip(sums) {
        // SAFETY: 16 floats.
        unsafe { _mm512_storeu_ps(output.as_mut_ptr(), sum) };
    }
    outputs
}
