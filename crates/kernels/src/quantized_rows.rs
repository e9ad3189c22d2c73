//! Activations quantised to int8 for products with quantised weights.

#[cfg(target_arch = "x86_64")]
use std::ops::Range;

use crate::activations::Activations;
use crate::aligned::{Aligned, Plain};
use crate::blocks::GROUP;
use crate::disjoint::Disjoint;
use crate::error::{Result, check};
use crate::math::ROUND;
use crate::pool::ThreadPool;
#[cfg(target_arch = "x86_64")]
use crate::row_blocks::{BLOCK_ROWS, RowBlock};
use crate::simd::{Kernel, Simd};
#[cfg(target_arch = "x86_64")]
use crate::tier::Tier;

/// Values of which all are below this count as zero: their scale's inverse would overflow.
const TINY: f32 = 1e-30;
/// Rows a task quantises: whole blocks of them.
const ROWS_PER_TASK: usize = 16;

/// An integer of the activations: where no instruction multiplies bytes, as wide as one takes it.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128", not(target_feature = "relaxed-simd")))]
pub(crate) type Value = i16;
/// An integer of the activations.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128", not(target_feature = "relaxed-simd"))))]
pub(crate) type Value = i8;

/// Rows of int8 values, each 32 with one f32 scale: `value = scale * integer`, `scale = max |value| / 127`, rounded half to even.
///
/// A group that holds NaN or infinity gets the scale NaN, so that it cannot pass for a number.
#[derive(Debug)]
pub struct QuantizedRows {
    groups: Aligned<Group>,
    /// The same in blocks of rows, for tiers that multiply those.
    #[cfg(target_arch = "x86_64")]
    blocks: Aligned<RowBlock>,
    /// Blocks of the last rows, of which each has as many as there are groups in a row.
    #[cfg(target_arch = "x86_64")]
    row_blocks: usize,
    rows: usize,
    /// Groups of a row.
    width: usize,
}

/// 32 values.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(crate) struct Group {
    pub(crate) values: [[Value; 4]; GROUP / 4],
    pub(crate) scale: f32,
    /// Sums of both halves.
    pub(crate) sums: [i16; 2],
    /// The sum of both.
    pub(crate) sum: f32,
    /// The same times -8: what a dot product starts from where weights are 8 less than their bits say.
    pub(crate) less_8: i32,
    /// Sums of both halves times -32, in the same way.
    pub(crate) halves_less_32: [i32; 2],
}

impl Group {
    /// Nothing but zeros.
    pub(crate) const ZERO: Self =
        Self { values: [[0; 4]; GROUP / 4], scale: 0.0, sums: [0; 2], sum: 0.0, less_8: 0, halves_less_32: [0; 2] };
}

// SAFETY: numbers of 32 or 64, 4, 4, 4, 4 and 8 bytes, so there is no padding.
unsafe impl Plain for Group {}

impl QuantizedRows {
    /// Room for `(rows, width)` values in groups of 32.
    ///
    /// # Errors
    /// `Allocation`.
    pub fn with_capacity(rows: usize, width: usize) -> Result<Self> {
        Ok(Self {
            groups: Aligned::zeroed(groups_of(rows, width))?,
            #[cfg(target_arch = "x86_64")]
            blocks: Aligned::zeroed(blocks_of(rows, width))?,
            #[cfg(target_arch = "x86_64")]
            row_blocks: 0,
            rows: 0,
            width: 0,
        })
    }

    /// Bytes that [`Self::with_capacity`] takes.
    pub fn bytes_for(rows: usize, width: usize) -> usize {
        let groups = groups_of(rows, width).saturating_mul(size_of::<Group>());
        #[cfg(target_arch = "x86_64")]
        let groups = groups.saturating_add(blocks_of(rows, width).saturating_mul(size_of::<RowBlock>()));
        groups
    }

    /// Rows of the last [`Self::quantize`].
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Elements of a row.
    pub fn width(&self) -> usize {
        self.width * GROUP
    }

    /// Bytes held.
    pub fn size(&self) -> usize {
        let groups = size_of_val(&*self.groups);
        #[cfg(target_arch = "x86_64")]
        let groups = groups + size_of_val(&*self.blocks);
        groups
    }

    /// Replaces the contents by `input`, of rows whose width is a multiple of 32.
    ///
    /// # Errors
    /// As [`Activations::rows`]; `Shape` when the width is not that or the capacity is exceeded; `TaskPanicked`.
    pub fn quantize(&mut self, pool: &ThreadPool, input: &Activations<'_>) -> Result<()> {
        let (rows, width) = (input.rows()?, input.width());
        check(width.is_multiple_of(GROUP), "quantised activations come in groups of 32")?;
        check(rows * width <= self.groups.len() * GROUP, "more activations than the arena holds")?;
        self.width = width / GROUP;
        self.rows = rows;
        let width = self.width;
        #[cfg(target_arch = "x86_64")]
        {
            self.row_blocks = if pool.tier().amx().is_some() { RowBlock::count(rows) } else { 0 };
            check(self.row_blocks * width <= self.blocks.len(), "more rows of activations than the arena holds")?;
        }
        let groups = Disjoint::new(&mut self.groups);
        #[cfg(target_arch = "x86_64")]
        let (blocks, row_blocks) = (Disjoint::new(&mut self.blocks), self.row_blocks);
        pool.run(rows.div_ceil(ROWS_PER_TASK), &|task| {
            let first = task * ROWS_PER_TASK;
            // SAFETY: tasks own the groups of different rows.
            let groups = unsafe { groups.slice(first * width..rows.min(first + ROWS_PER_TASK) * width) };
            pool.tier().run(Quantize { input, first, groups });
            #[cfg(target_arch = "x86_64")]
            if task < row_blocks {
                // SAFETY: a block is one task's rows.
                put_into(unsafe { blocks.slice(task * width..(task + 1) * width) }, groups);
            }
        })
    }

    /// Puts the rows into blocks on a CPU that has no use for them.
    #[cfg(all(test, target_arch = "x86_64"))]
    pub(crate) fn put_into_blocks(&mut self) -> Result<()> {
        self.row_blocks = RowBlock::count(self.rows);
        self.blocks = Aligned::zeroed(self.row_blocks * self.width)?;
        let blocks = self.blocks.chunks_exact_mut(self.width);
        for (block, groups) in blocks.zip(self.groups.chunks(BLOCK_ROWS * self.width)) {
            put_into(block, groups);
        }
        Ok(())
    }

    /// Blocks of rows that there are; rows after the last come alone.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    pub(crate) fn blocks(&self) -> usize {
        self.row_blocks
    }

    /// The rows of a block.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    pub(crate) fn rows_of_block(&self, index: usize) -> Range<usize> {
        index * BLOCK_ROWS..self.rows.min((index + 1) * BLOCK_ROWS)
    }

    /// The groups of a block of rows.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    pub(crate) fn block(&self, index: usize) -> &[RowBlock] {
        &self.blocks[index * self.width..(index + 1) * self.width]
    }

    /// Groups of a row.
    #[inline]
    pub(crate) fn row(&self, row: usize) -> &[Group] {
        &self.groups[row * self.width..(row + 1) * self.width]
    }
}

/// Groups of so many values.
fn groups_of(rows: usize, width: usize) -> usize {
    rows.saturating_mul(width).div_ceil(GROUP)
}

/// Blocks of so many rows, where the CPU has a use for them.
#[cfg(target_arch = "x86_64")]
fn blocks_of(rows: usize, width: usize) -> usize {
    if Tier::detect().amx().is_some() { rows.div_ceil(BLOCK_ROWS).saturating_mul(width.div_ceil(GROUP)) } else { 0 }
}

/// Copies the groups of up to 16 rows into their block. Rows that are not there stay what they were: nobody looks at them.
#[cfg(target_arch = "x86_64")]
fn put_into(block: &mut [RowBlock], groups: &[Group]) {
    for (row, groups) in groups.chunks_exact(block.len()).enumerate() {
        for (block, group) in block.iter_mut().zip(groups) {
            block.put(row, group);
        }
    }
}

/// Some rows.
struct Quantize<'a> {
    input: &'a Activations<'a>,
    first: usize,
    groups: &'a mut [Group],
}

impl Kernel for Quantize<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Self { input, first, groups } = self;
        for (row, groups) in groups.chunks_exact_mut(input.width() / GROUP).enumerate() {
            let row = first + row;
            let factor = input.factor(row);
            for (index, group) in groups.iter_mut().enumerate() {
                let mut values = [0.0; GROUP];
                input.read(row, factor, index * GROUP, &mut values);
                quantize_group(&values, group);
            }
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

#[inline(always)]
fn quantize_group(input: &[f32; GROUP], group: &mut Group) {
    let (scale, inverse) = int8_scale(input);
    *group = Group { scale, ..Group::ZERO };
    if inverse == 0.0 {
        return;
    }
    let mut integers = [0_i16; GROUP];
    for (value, integer) in input.iter().zip(integers.iter_mut()) {
        *integer = ((value * inverse + ROUND).to_bits().wrapping_sub(ROUND.to_bits())) as i16;
    }
    for (value, integer) in group.values.as_flattened_mut().iter_mut().zip(&integers) {
        *value = *integer as Value;
    }
    for (sum, half) in group.sums.iter_mut().zip(integers.chunks_exact(GROUP / 2)) {
        *sum = half.iter().sum();
    }
    let halves = group.sums.map(i32::from);
    let sum = halves[0] + halves[1];
    group.sum = sum as f32;
    group.less_8 = -8 * sum;
    group.halves_less_32 = halves.map(|sum| -32 * sum);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::values;
    use crate::tier::Tier;

    fn group(input: [f32; GROUP]) -> (f32, [Value; GROUP], [i16; 2]) {
        let mut group = Group {
            values: [[7; 4]; GROUP / 4],
            scale: 7.0,
            sums: [7; 2],
            sum: 7.0,
            less_8: 7,
            halves_less_32: [7; 2],
        };
        quantize_group(&input, &mut group);
        let mut values = [0; GROUP];
        values.copy_from_slice(group.values.as_flattened());
        assert_eq!(group.sum.to_bits(), f32::from(group.sums[0] + group.sums[1]).to_bits());
        let halves = group.sums.map(i32::from);
        assert_eq!((group.less_8, group.halves_less_32), (-8 * (halves[0] + halves[1]), halves.map(|sum| -32 * sum)));
        (group.scale, values, group.sums)
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
        let mut rows = QuantizedRows::with_capacity(2, 32).unwrap();
        let mut fits = |values: &[f32], width| rows.quantize(&pool, &Activations::Plain { values, width }).is_ok();
        assert!(fits(&[0.0; 64], 32));
        assert!(!fits(&[0.0; 96], 32));
        assert!(!fits(&[0.0; 64], 33));
        assert!(!fits(&[0.0; 48], 32));
        assert!(!fits(&[], 0));
        let (zeros, weight) = ([0.0; 64], [1.0; 32]);
        for (len, fits) in [(64, true), (32, false)] {
            let (mut output, mut gate) = (vec![0.0; len], vec![0.0; len]);
            let normed = Activations::Normed { values: &zeros, weight: &weight, epsilon: 0.0, output: &mut output };
            assert_eq!(rows.quantize(&pool, &normed).is_ok(), fits);
            let gated = Activations::Gated { gate: &mut gate, up: &zeros, width: 32 };
            assert_eq!(rows.quantize(&pool, &gated).is_ok(), fits);
        }
    }

    /// What is quantised as it is computed is what would have been quantised after.
    #[test]
    fn has_the_bits_of_values_that_were_written_first() {
        const WIDTH: usize = 3 * GROUP;
        for (tier, rows) in Tier::available().flat_map(|tier| [1, 3, 19].map(|rows| (tier, rows))) {
            let pool = ThreadPool::for_tier(2, tier).unwrap();
            let len = rows * WIDTH;
            let (first, second) = (values(len, 1, 3.0), values(len, 2, 2.0));
            let weight = values(WIDTH, 3, 1.0);
            let (mut output, mut gate) = (vec![0.0; len], first.clone());
            let normed = Activations::Normed { values: &first, weight: &weight, epsilon: 1e-5, output: &mut output };
            let gated = Activations::Gated { gate: &mut gate, up: &second, width: WIDTH };
            for activations in [normed, gated] {
                let mut fused = QuantizedRows::with_capacity(rows, WIDTH).unwrap();
                fused.quantize(&pool, &activations).unwrap();
                let values = activations.into_values(&pool).unwrap();
                let mut apart = QuantizedRows::with_capacity(rows, WIDTH).unwrap();
                apart.quantize(&pool, &Activations::Plain { values, width: WIDTH }).unwrap();
                for (fused, apart) in fused.groups.iter().zip(&*apart.groups) {
                    assert_eq!(
                        (fused.scale.to_bits(), fused.values),
                        (apart.scale.to_bits(), apart.values),
                        "{tier:?}"
                    );
                }
            }
        }
    }
}
