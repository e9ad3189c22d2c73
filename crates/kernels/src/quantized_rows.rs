//! Activations quantised to int8 for products with quantised weights.

use crate::aligned::{Aligned, Plain};
use crate::blocks::GROUP;
use crate::disjoint::Disjoint;
use crate::error::{Result, check};
use crate::math::ROUND;
use crate::pool::ThreadPool;
use crate::simd::{Kernel, Simd};

/// Values of which all are below this count as zero: their scale's inverse would overflow.
const TINY: f32 = 1e-30;
/// Whether some tier of this architecture has panels, whose products read bytes.
const HAS_PANELS: bool = cfg!(target_arch = "x86_64");
/// Rows a task quantises.
const ROWS_PER_TASK: usize = 8;

/// Rows of int8 values, each 32 with one f32 scale: `value = scale * integer`, `scale = max |value| / 127`, rounded half to even.
///
/// A group that holds NaN or infinity gets the scale NaN, so that it cannot pass for a number. The integers are kept as i16,
/// which the widening multiplies of SSE2 and simd128 take as they are, and as i8 for products with panels.
#[derive(Debug)]
pub struct QuantizedRows {
    values: Aligned<i16>,
    packed: Aligned<Group>,
    scales: Aligned<f32>,
    /// Sums of the integers, two of 16 for each group.
    sums: Aligned<i16>,
    rows: usize,
    groups: usize,
}

/// A group as products with panels read it.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(crate) struct Group {
    pub(crate) values: [[i8; 4]; GROUP / 4],
    pub(crate) scale: f32,
    /// Sums of both halves.
    pub(crate) sums: [i16; 2],
    /// The sum of both.
    pub(crate) sum: f32,
}

impl Group {
    /// Nothing but zeros.
    pub(crate) const ZERO: Self = Self { values: [[0; 4]; GROUP / 4], scale: 0.0, sums: [0; 2], sum: 0.0 };
}

// SAFETY: numbers of 32, 4, 4 and 4 bytes, so there is no padding.
unsafe impl Plain for Group {}

/// One row.
#[derive(Clone, Copy)]
pub(crate) struct QuantizedRow<'a> {
    pub(crate) values: &'a [[i16; GROUP]],
    pub(crate) scales: &'a [f32],
    pub(crate) sums: &'a [[i16; 2]],
}

impl QuantizedRows {
    /// Room for `elements` values in rows of whole groups of 32.
    ///
    /// # Errors
    /// `Allocation`.
    pub fn with_capacity(elements: usize) -> Result<Self> {
        let groups = elements.div_ceil(GROUP);
        Ok(Self {
            values: Aligned::zeroed(groups * GROUP)?,
            packed: Aligned::zeroed(if HAS_PANELS { groups } else { 0 })?,
            scales: Aligned::zeroed(groups)?,
            sums: Aligned::zeroed(2 * groups)?,
            rows: 0,
            groups: 0,
        })
    }

    /// Bytes that [`Self::with_capacity`] takes.
    pub fn bytes_for(elements: usize) -> usize {
        let packed = if HAS_PANELS { size_of::<Group>() } else { 0 };
        let group = GROUP * size_of::<i16>() + packed + size_of::<f32>() + 2 * size_of::<i16>();
        elements.div_ceil(GROUP).saturating_mul(group)
    }

    /// Rows of the last [`Self::quantize`].
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Elements of a row.
    pub fn width(&self) -> usize {
        self.groups * GROUP
    }

    /// Bytes held.
    pub fn size(&self) -> usize {
        size_of_val(&*self.values) + size_of_val(&*self.packed) + size_of_val(&*self.scales) + size_of_val(&*self.sums)
    }

    /// Replaces the contents by `input`, `(rows, width)`; `width` is a multiple of 32.
    ///
    /// # Errors
    /// `Shape` when `input` is not that or exceeds the capacity; `TaskPanicked`.
    pub fn quantize(&mut self, pool: &ThreadPool, input: &[f32], width: usize) -> Result<()> {
        check(width > 0 && width.is_multiple_of(GROUP), "quantised activations come in groups of 32")?;
        check(input.len().is_multiple_of(width), "activations are not whole rows")?;
        check(input.len() <= self.values.len(), "more activations than the arena holds")?;
        self.groups = width / GROUP;
        self.rows = input.len() / width;
        let (rows, groups) = (self.rows, self.groups);
        let values = Disjoint::new(&mut self.values);
        let packed = Disjoint::new(&mut self.packed);
        let scales = Disjoint::new(&mut self.scales);
        let sums = Disjoint::new(&mut self.sums);
        pool.run(rows.div_ceil(ROWS_PER_TASK), &|task| {
            let first = task * ROWS_PER_TASK * groups;
            let last = rows.min((task + 1) * ROWS_PER_TASK) * groups;
            // SAFETY: tasks own the groups of different rows.
            let (values, scales, sums) = unsafe {
                (values.slice(first * GROUP..last * GROUP), scales.slice(first..last), sums.slice(2 * first..2 * last))
            };
            let (values, _) = values.as_chunks_mut::<GROUP>();
            let (sums, _) = sums.as_chunks_mut::<2>();
            let (input, _) = input[first * GROUP..last * GROUP].as_chunks::<GROUP>();
            // SAFETY: as above.
            let packed = unsafe { packed.slice(if HAS_PANELS { first..last } else { 0..0 }) };
            pool.tier().run(Quantize { input, values, packed, scales, sums });
        })
    }

    /// Groups of a row, where this architecture has panels.
    #[inline]
    pub(crate) fn packed_row(&self, row: usize) -> &[Group] {
        if HAS_PANELS { &self.packed[row * self.groups..(row + 1) * self.groups] } else { &[] }
    }

    #[inline]
    pub(crate) fn row(&self, row: usize) -> QuantizedRow<'_> {
        let range = row * self.groups..(row + 1) * self.groups;
        QuantizedRow {
            values: &self.values.as_chunks::<GROUP>().0[range.clone()],
            scales: &self.scales[range.clone()],
            sums: &self.sums.as_chunks::<2>().0[range],
        }
    }
}

/// Some groups.
struct Quantize<'a> {
    input: &'a [[f32; GROUP]],
    values: &'a mut [[i16; GROUP]],
    packed: &'a mut [Group],
    scales: &'a mut [f32],
    sums: &'a mut [[i16; 2]],
}

impl Kernel for Quantize<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Self { input, values, packed, scales, sums } = self;
        for (((input, values), scale), sums) in input.iter().zip(&mut *values).zip(&mut *scales).zip(&mut *sums) {
            *scale = quantize_group(input, values, sums);
        }
        for (((group, values), scale), sums) in packed.iter_mut().zip(values).zip(scales).zip(sums) {
            for (byte, value) in group.values.as_flattened_mut().iter_mut().zip(values) {
                *byte = *value as i8;
            }
            (group.scale, group.sums) = (*scale, *sums);
            group.sum = f32::from(sums[0] + sums[1]);
        }
    }
}

/// Scale of values to be kept as int8, `max |value| / 127`, and what multiplies them before they are rounded.
///
/// Values too small to count have the scale 0, those among which is NaN or infinity the scale NaN; both the multiplier 0.
#[inline(always)]
pub(crate) fn int8_scale(values: &[f32]) -> (f32, f32) {
    // The magnitude bits of floats order like integers, with infinity and NaN on top.
    let mut largest = 0_i32;
    for value in values {
        largest = largest.max((value.to_bits() & 0x7fff_ffff) as i32);
    }
    let largest = f32::from_bits(largest as u32);
    if largest.is_nan() || largest.is_infinite() {
        (f32::NAN, 0.0)
    } else if largest < TINY {
        (0.0, 0.0)
    } else {
        (largest / 127.0, 127.0 / largest)
    }
}

/// Quantises one group and returns its scale.
#[inline(always)]
fn quantize_group(input: &[f32; GROUP], values: &mut [i16; GROUP], sums: &mut [i16; 2]) -> f32 {
    let (scale, inverse) = int8_scale(input);
    if inverse == 0.0 {
        *values = [0; GROUP];
        *sums = [0; 2];
        return scale;
    }
    for (value, quantized) in input.iter().zip(values.iter_mut()) {
        *quantized = ((value * inverse + ROUND).to_bits().wrapping_sub(ROUND.to_bits())) as i16;
    }
    for (sum, half) in sums.iter_mut().zip(values.chunks_exact(GROUP / 2)) {
        *sum = half.iter().sum();
    }
    scale
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(input: [f32; GROUP]) -> (f32, [i16; GROUP], [i16; 2]) {
        let (mut values, mut sums) = ([7; GROUP], [7; 2]);
        let scale = quantize_group(&input, &mut values, &mut sums);
        (scale, values, sums)
    }

    #[test]
    fn rounds_half_to_even() {
        let mut input = [0.0; GROUP];
        input[0] = 127.0;
        input[1..9].copy_from_slice(&[0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.5, 0.499]);
        let (scale, values, sums) = group(input);
        assert_eq!(scale.to_bits(), 1.0_f32.to_bits());
        assert_eq!(values[..9], [127, 0, 2, 2, 0, -2, -2, 126, 0]);
        assert_eq!(sums, [127 + 2 + 2 - 2 - 2 + 126, 0]);
    }

    #[test]
    fn stays_within_int8_at_any_magnitude() {
        for magnitude in [1.1e-30_f32, 1e-20, 1.0, 3.3e38] {
            let (scale, values, _) = group(std::array::from_fn(|i| magnitude * (1.0 - i as f32 / 16.0)));
            assert!(values.iter().all(|value| (-127..=127).contains(value)), "{magnitude}");
            assert!((f32::from(values[0]) * scale / magnitude - 1.0).abs() < 1e-5);
        }
        assert_eq!(group([1e-31; GROUP]).0.to_bits(), 0.0_f32.to_bits());
    }

    #[test]
    fn keeps_what_is_not_a_number() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -f32::NAN] {
            let mut input = [1.0; GROUP];
            input[13] = bad;
            assert!(group(input).0.is_nan());
        }
    }

    #[test]
    fn refuses_what_does_not_fit() {
        let pool = ThreadPool::new(1).unwrap();
        let mut rows = QuantizedRows::with_capacity(64).unwrap();
        assert!(rows.quantize(&pool, &[0.0; 64], 32).is_ok());
        assert!(rows.quantize(&pool, &[0.0; 96], 32).is_err());
        assert!(rows.quantize(&pool, &[0.0; 64], 33).is_err());
        assert!(rows.quantize(&pool, &[0.0; 48], 32).is_err());
        assert!(rows.quantize(&pool, &[], 0).is_err());
    }
}
