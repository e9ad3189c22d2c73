//! `vpmaddubsw` on two times 8 lanes, made so that its pairs of products stay within 16 bits.

use std::arch::x86_64::{
    __m128i, __m256, __m256i, _mm_loadl_epi64, _mm_loadu_si128, _mm256_abs_epi8, _mm256_add_epi16, _mm256_add_epi32,
    _mm256_add_ps, _mm256_and_si256, _mm256_cvtepi8_epi32, _mm256_cvtepi32_ps, _mm256_cvtepu8_epi32, _mm256_cvtph_ps,
    _mm256_loadu_si256, _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_mul_ps, _mm256_mullo_epi32, _mm256_or_si256,
    _mm256_set1_epi8, _mm256_set1_epi16, _mm256_set1_epi32, _mm256_set1_ps, _mm256_setzero_ps, _mm256_setzero_si256,
    _mm256_sign_epi8, _mm256_slli_epi16, _mm256_srli_epi16, _mm256_srli_epi32, _mm256_storeu_ps, _mm256_sub_ps,
    _mm256_xor_si256,
};

use super::{Kernels, prefetch_next};
use crate::panel::{PanelType, ROWS};
use crate::quantized_rows::QuantizedRow;

pub(super) static Q4_0: Kernels = Kernels { one: q4_0, two: q4_0, four: q4_0, eight: q4_0 };
pub(super) static Q8_0: Kernels = Kernels { one: q8_0, two: q8_0, four: q8_0, eight: q8_0 };

pub(super) static Q4_K: Kernels = Kernels { one: q4_k, two: q4_k, four: q4_k, eight: q4_k };
pub(super) static Q6_K: Kernels = Kernels { one: q6_k, two: q6_k, four: q6_k, eight: q6_k };

const Q4_0_TILE: usize = PanelType::Q4_0.tile();
const Q8_0_TILE: usize = PanelType::Q8_0.tile();
const Q4_K_TILE: usize = PanelType::Q4_K.tile();
const Q6_K_TILE: usize = PanelType::Q6_K.tile();

#[target_feature(enable = "avx2,f16c")]
fn q4_0<const M: usize>(panel: &[u8], rows: [QuantizedRow<'_>; M]) -> [[f32; ROWS]; M] {
    let (tiles, _) = panel.as_chunks::<Q4_0_TILE>();
    let rows = rows.map(|row| row.first(tiles.len()));
    let (low_bits, ones) = (_mm256_set1_epi8(15), _mm256_set1_epi16(1));
    let mut sums = [[_mm256_setzero_ps(); 2]; M];
    for (group, tile) in tiles.iter().enumerate() {
        for half in 0..2 {
            let scales = halves(tile, 0, half);
            let bytes = units::<4, _>(tile, 2, 0, half);
            for (sum, row) in sums.iter_mut().zip(&rows) {
                let values = &row.bytes[group];
                // Eight pairs of at most 2 · 15 · 127.
                let mut pairs = _mm256_setzero_si256();
                for (step, bytes) in bytes.iter().enumerate() {
                    let low = _mm256_and_si256(*bytes, low_bits);
                    let high = _mm256_and_si256(_mm256_srli_epi16::<4>(*bytes), low_bits);
                    pairs = _mm256_add_epi16(pairs, _mm256_maddubs_epi16(low, splat(values, step)));
                    pairs = _mm256_add_epi16(pairs, _mm256_maddubs_epi16(high, splat(values, step + 4)));
                }
                // The integers are 8 less than their bits say.
                let eight = _mm256_set1_epi32(-8 * row.sum(group));
                let dot = _mm256_add_epi32(eight, _mm256_madd_epi16(pairs, ones));
                sum[half] = add_group(sum[half], scales, dot, row.scales[group]);
            }
        }
    }
    stored(sums)
}

#[target_feature(enable = "avx2,f16c")]
fn q8_0<const M: usize>(panel: &[u8], rows: [QuantizedRow<'_>; M]) -> [[f32; ROWS]; M] {
    let (tiles, _) = panel.as_chunks::<Q8_0_TILE>();
    let rows = rows.map(|row| row.first(tiles.len()));
    let (sign, ones) = (_mm256_set1_epi8(i8::MIN), _mm256_set1_epi16(1));
    let mut sums = [[_mm256_setzero_ps(); 2]; M];
    for (group, tile) in tiles.iter().enumerate() {
        for half in 0..2 {
            let scales = halves(tile, 0, half);
            let mut integers = units::<8, _>(tile, 2, 0, half);
            for integers in &mut integers {
                *integers = _mm256_xor_si256(*integers, sign);
            }
            for (sum, row) in sums.iter_mut().zip(&rows) {
                let values = &row.bytes[group];
                let mut dot = _mm256_setzero_si256();
                for (step, integers) in integers.iter().enumerate() {
                    // |w| · (x with the sign of w): two of at most 128 · 127.
                    let signed = _mm256_sign_epi8(splat(values, step), *integers);
                    let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(*integers), signed);
                    dot = _mm256_add_epi32(dot, _mm256_madd_epi16(pairs, ones));
                }
                sum[half] = add_group(sum[half], scales, dot, row.scales[group]);
            }
        }
    }
    stored(sums)
}

#[target_feature(enable = "avx2,f16c")]
fn q4_k<const M: usize>(panel: &[u8], rows: [QuantizedRow<'_>; M]) -> [[f32; ROWS]; M] {
    let (tiles, _) = panel.as_chunks::<Q4_K_TILE>();
    let rows = rows.map(|row| row.first(8 * tiles.len()));
    let (low_bits, ones) = (_mm256_set1_epi8(15), _mm256_set1_epi16(1));
    let mut sums = [[_mm256_setzero_ps(); 2]; M];
    for (index, tile) in tiles.iter().enumerate() {
        for half in 0..2 {
            let (d, minimum) = (halves(tile, 0, half), _mm256_sub_ps(_mm256_set1_ps(-0.0), halves(tile, 2, half)));
            for group in 0..8 {
                let (scale, m) = scale_and_minimum(tile, group, half);
                let (scales, minima) = (_mm256_mul_ps(d, scale), _mm256_mul_ps(minimum, m));
                let mut integers = units::<8, _>(tile, 16, 8 * (group / 2), half);
                for integers in &mut integers {
                    let bytes = if group % 2 == 0 { *integers } else { _mm256_srli_epi16::<4>(*integers) };
                    *integers = _mm256_and_si256(bytes, low_bits);
                }
                for (sum, row) in sums.iter_mut().zip(&rows) {
                    let group = 8 * index + group;
                    // Eight pairs of at most 2 · 15 · 127.
                    let mut pairs = _mm256_setzero_si256();
                    for (step, integers) in integers.iter().enumerate() {
                        let products = _mm256_maddubs_epi16(*integers, splat(&row.bytes[group], step));
                        pairs = _mm256_add_epi16(pairs, products);
                    }
                    let product = _mm256_mul_ps(scales, _mm256_cvtepi32_ps(_mm256_madd_epi16(pairs, ones)));
                    let offset = _mm256_mul_ps(minima, _mm256_set1_ps(row.sum(group) as f32));
                    let term = _mm256_mul_ps(_mm256_set1_ps(row.scales[group]), _mm256_add_ps(product, offset));
                    sum[half] = _mm256_add_ps(sum[half], term);
                }
            }
        }
    }
    stored(sums)
}

#[target_feature(enable = "avx2,f16c")]
fn q6_k<const M: usize>(panel: &[u8], rows: [QuantizedRow<'_>; M]) -> [[f32; ROWS]; M] {
    let (tiles, _) = panel.as_chunks::<Q6_K_TILE>();
    let rows = rows.map(|row| row.first(8 * tiles.len()));
    let mut sums = [[_mm256_setzero_ps(); 2]; M];
    for (index, tile) in tiles.iter().enumerate() {
        for half in 0..2 {
            for part in 0..2 {
                let first = 8 * index + 4 * part;
                let lines = 32 * half + 16 * part;
                prefetch_next(tile, lines..lines + 16);
                q6_k_group::<M, 0>(&mut sums, tile, part, half, &rows, first);
                q6_k_group::<M, 1>(&mut sums, tile, part, half, &rows, first + 1);
                q6_k_group::<M, 2>(&mut sums, tile, part, half, &rows, first + 2);
                q6_k_group::<M, 3>(&mut sums, tile, part, half, &rows, first + 3);
            }
        }
    }
    stored(sums)
}

/// Adds `group` of the rows to half the outputs; in its half a block it is the `QUARTER` of four.
#[inline]
#[target_feature(enable = "avx2,f16c")]
fn q6_k_group<const M: usize, const QUARTER: usize>(
    sums: &mut [[__m256; 2]; M],
    tile: &[u8; Q6_K_TILE],
    part: usize,
    half: usize,
    rows: &[QuantizedRow<'_>; M],
    group: usize,
) {
    let integers = six_bits::<QUARTER>(tile, part, half);
    let at = 192 + 8 * part + 2 * QUARTER;
    let scales = [_mm256_cvtepi8_epi32(bytes(tile, at, half)), _mm256_cvtepi8_epi32(bytes(tile, at + 1, half))];
    let (d, ones) = (halves(tile, 208, half), _mm256_set1_epi16(1));
    for (sum, row) in sums.iter_mut().zip(rows) {
        let mut dot = _mm256_setzero_si256();
        for (sixteen, scales) in scales.iter().enumerate() {
            // The integers are 32 less than their bits say. Two pairs of at most 2 · 63 · 127 fit, four do not.
            let mut product = _mm256_set1_epi32(-32 * i32::from(row.sums[group][sixteen]));
            for step in [4 * sixteen, 4 * sixteen + 2] {
                let first = _mm256_maddubs_epi16(integers[step], splat(&row.bytes[group], step));
                let second = _mm256_maddubs_epi16(integers[step + 1], splat(&row.bytes[group], step + 1));
                product = _mm256_add_epi32(product, _mm256_madd_epi16(_mm256_add_epi16(first, second), ones));
            }
            dot = _mm256_add_epi32(dot, _mm256_mullo_epi32(product, *scales));
        }
        sum[half] = add_group(sum[half], d, dot, row.scales[group]);
    }
}

/// The integers, plus 32, of a group of `Q6_K` blocks: the `QUARTER` of four in half a block.
///
/// 64 bytes of low bits are four groups: 0 and 1 have their low nibbles, 2 and 3 the high ones. 32 bytes of high bits have two of each.
#[inline]
#[target_feature(enable = "avx2,f16c")]
fn six_bits<const QUARTER: usize>(tile: &[u8; Q6_K_TILE], part: usize, half: usize) -> [__m256i; 8] {
    let (low_bits, high_bits) = (_mm256_set1_epi8(15), _mm256_set1_epi8(0x30));
    let mut integers = units::<8, _>(tile, 0, 16 * part + 8 * (QUARTER % 2), half);
    for (integers, high) in integers.iter_mut().zip(units::<8, _>(tile, 128, 8 * part, half)) {
        let (low, high) = match QUARTER {
            0 => (*integers, _mm256_slli_epi16::<4>(high)),
            1 => (*integers, _mm256_slli_epi16::<2>(high)),
            2 => (_mm256_srli_epi16::<4>(*integers), high),
            _ => (_mm256_srli_epi16::<4>(*integers), _mm256_srli_epi16::<2>(high)),
        };
        *integers = _mm256_or_si256(_mm256_and_si256(low, low_bits), _mm256_and_si256(high, high_bits));
    }
    integers
}

/// Scale and minimum of group `index` of `Q4_K` blocks, 6 bits each, packed in 12 bytes.
#[inline]
#[target_feature(enable = "avx2")]
fn scale_and_minimum(tile: &[u8; Q4_K_TILE], index: usize, half: usize) -> (__m256, __m256) {
    let packed = |index| _mm256_cvtepu8_epi32(bytes(tile, 4 + index, half));
    let (six, four, two) = (_mm256_set1_epi32(63), _mm256_set1_epi32(15), _mm256_set1_epi32(0x30));
    let (scale, minimum) = if index < 4 {
        (_mm256_and_si256(packed(index), six), _mm256_and_si256(packed(index + 4), six))
    } else {
        let low = packed(index + 4);
        let top = |bytes| _mm256_and_si256(_mm256_srli_epi32::<2>(bytes), two);
        (
            _mm256_or_si256(_mm256_and_si256(low, four), top(packed(index - 4))),
            _mm256_or_si256(_mm256_srli_epi32::<4>(low), top(packed(index))),
        )
    };
    (_mm256_cvtepi32_ps(scale), _mm256_cvtepi32_ps(minimum))
}

/// The f16 field at byte `at` of half a tile's blocks.
#[inline]
#[target_feature(enable = "avx2,f16c")]
fn halves<const N: usize>(tile: &[u8; N], at: usize, half: usize) -> __m256 {
    let field = &tile[ROWS * at + ROWS * half..][..ROWS];
    // SAFETY: 16 bytes.
    _mm256_cvtph_ps(unsafe { _mm_loadu_si128(field.as_ptr().cast()) })
}

/// The field of one byte at `at` of half a tile's blocks.
#[inline]
#[target_feature(enable = "avx2")]
fn bytes<const N: usize>(tile: &[u8; N], at: usize, half: usize) -> __m128i {
    let field = &tile[ROWS * at + ROWS / 2 * half..][..ROWS / 2];
    // SAFETY: 8 bytes.
    unsafe { _mm_loadl_epi64(field.as_ptr().cast()) }
}

/// Four bytes of integers of half a tile's blocks: the field `step` of those that begin at byte `at`.
#[inline]
#[target_feature(enable = "avx2")]
fn unit<const N: usize>(tile: &[u8; N], at: usize, step: usize, half: usize) -> __m256i {
    let field = &tile[ROWS * (at + 4 * step) + 2 * ROWS * half..][..2 * ROWS];
    // SAFETY: 32 bytes.
    unsafe { _mm256_loadu_si256(field.as_ptr().cast()) }
}

/// Several of them.
#[inline]
#[target_feature(enable = "avx2")]
fn units<const S: usize, const N: usize>(tile: &[u8; N], at: usize, first: usize, half: usize) -> [__m256i; S] {
    let mut units = [_mm256_setzero_si256(); S];
    for (step, bytes) in units.iter_mut().enumerate() {
        *bytes = unit(tile, at, first + step, half);
    }
    units
}

/// Four activations in every lane.
#[inline]
#[target_feature(enable = "avx2")]
fn splat(values: &[i8; 32], step: usize) -> __m256i {
    let [a, b, c, d] = [0, 1, 2, 3].map(|index| values[4 * step + index] as u8);
    _mm256_set1_epi32(i32::from_le_bytes([a, b, c, d]))
}

#[inline]
#[target_feature(enable = "avx2")]
fn add_group(sum: __m256, scales: __m256, dot: __m256i, scale: f32) -> __m256 {
    let product = _mm256_mul_ps(scales, _mm256_cvtepi32_ps(dot));
    _mm256_add_ps(sum, _mm256_mul_ps(_mm256_set1_ps(scale), product))
}

#[inline]
#[target_feature(enable = "avx2")]
fn stored<const M: usize>(sums: [[__m256; 2]; M]) -> [[f32; ROWS]; M] {
    let mut outputs = [[0.0; ROWS]; M];
    for (output, sums) in outputs.iter_mut().zip(sums) {
        for (half, sum) in output.chunks_exact_mut(8).zip(sums) {
            // SAFETY: 8 floats.
            unsafe { _mm256_storeu_ps(half.as_mut_ptr(), sum) };
        }
    }
    outputs
}
