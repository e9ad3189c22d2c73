//! Products with F32 and F16 weights, in f32, and of bfloat16 with bfloat16.
//!
//! One output is `(sum of the even steps) + (sum of the odd steps)`, each ascending, each float operation rounded once. A step is one
//! element, and two of bfloat16: the second first, as x86's instruction for them does. Where that is used numbers below 2^-126 count
//! as zero.

use std::marker::PhantomData;
use std::ops::Range;

use super::{Input, Job};
use crate::block_type::BlockType;
use crate::half_float::{bf16_to_f32, f16_to_f32};
use crate::panel::ROWS;
use crate::simd::{Kernel, Simd};

/// Sums of an output that do not wait for each other.
const CHAINS: usize = 2;

/// How weights are stored, and multiplied.
trait Element {
    /// Bytes of a step.
    const BYTES: usize;
    /// Activations of a step, as they are stored.
    const UNITS: usize = 1;
    /// What is multiplied with a step of several rows.
    type Weights<S: Simd>: Copy;

    /// Reads a step of `LANES` outputs.
    ///
    /// # Safety
    /// They can be read.
    unsafe fn load<S: Simd>(simd: S, from: *const u8) -> Self::Weights<S>;

    /// `sum` plus a step.
    ///
    /// # Safety
    /// `units` points to the activations of the step.
    unsafe fn add<S: Simd>(simd: S, sum: S::Floats, weights: Self::Weights<S>, units: *const f32) -> S::Floats;

    /// The same of one output, from bytes as the file has them; a last step may be short.
    fn add_one(sum: f32, weights: &[u8], units: &[f32]) -> f32;
}

struct F32;
struct F16;
/// With activations as floats.
struct Bf16;
/// With activations in pairs.
struct Bf16Pairs;

impl Element for F32 {
    const BYTES: usize = 4;
    type Weights<S: Simd> = S::Floats;

    #[inline(always)]
    unsafe fn load<S: Simd>(simd: S, from: *const u8) -> S::Floats {
        // SAFETY: the caller's promise; registers are read from anywhere.
        unsafe { simd.load(from.cast()) }
    }

    #[inline(always)]
    unsafe fn add<S: Simd>(simd: S, sum: S::Floats, weights: S::Floats, units: *const f32) -> S::Floats {
        // SAFETY: the caller's promise.
        simd.add(sum, simd.mul(weights, simd.splat(unsafe { *units })))
    }

    #[inline(always)]
    fn add_one(sum: f32, weights: &[u8], units: &[f32]) -> f32 {
        sum + weights.first_chunk().map_or(0.0, |bytes| f32::from_le_bytes(*bytes)) * units[0]
    }
}

impl Element for F16 {
    const BYTES: usize = 2;
    type Weights<S: Simd> = S::Floats;

    #[inline(always)]
    unsafe fn load<S: Simd>(simd: S, from: *const u8) -> S::Floats {
        // SAFETY: as above.
        unsafe { simd.load_f16(from.cast()) }
    }

    #[inline(always)]
    unsafe fn add<S: Simd>(simd: S, sum: S::Floats, weights: S::Floats, units: *const f32) -> S::Floats {
        // SAFETY: as above.
        simd.add(sum, simd.mul(weights, simd.splat(unsafe { *units })))
    }

    #[inline(always)]
    fn add_one(sum: f32, weights: &[u8], units: &[f32]) -> f32 {
        sum + weights.first_chunk().map_or(0.0, |bytes| f16_to_f32(u16::from_le_bytes(*bytes))) * units[0]
    }
}

impl Element for Bf16 {
    const BYTES: usize = 4;
    const UNITS: usize = 2;
    type Weights<S: Simd> = [S::Floats; 2];

    #[inline(always)]
    unsafe fn load<S: Simd>(simd: S, from: *const u8) -> [S::Floats; 2] {
        // SAFETY: as above.
        simd.bf16_pairs(unsafe { simd.load_integers(from) })
    }

    #[inline(always)]
    unsafe fn add<S: Simd>(simd: S, sum: S::Floats, weights: [S::Floats; 2], units: *const f32) -> S::Floats {
        // SAFETY: as above.
        let [first, second] = unsafe { [*units, *units.wrapping_add(1)] };
        let sum = simd.add(sum, simd.mul(weights[1], simd.splat(second)));
        simd.add(sum, simd.mul(weights[0], simd.splat(first)))
    }

    #[inline(always)]
    fn add_one(mut sum: f32, weights: &[u8], units: &[f32]) -> f32 {
        for (weight, unit) in weights.as_chunks().0.iter().zip(units).rev() {
            sum += bf16_to_f32(u16::from_le_bytes(*weight)) * unit;
        }
        sum
    }
}

impl Element for Bf16Pairs {
    const BYTES: usize = 4;
    type Weights<S: Simd> = S::Integers;

    #[inline(always)]
    unsafe fn load<S: Simd>(simd: S, from: *const u8) -> S::Integers {
        // SAFETY: as above.
        unsafe { simd.load_integers(from) }
    }

    #[inline(always)]
    unsafe fn add<S: Simd>(simd: S, sum: S::Floats, weights: S::Integers, units: *const f32) -> S::Floats {
        // SAFETY: as above.
        simd.add_bf16(sum, weights, simd.splat_integer(unsafe { *units.cast() }))
    }

    #[inline(always)]
    fn add_one(sum: f32, weights: &[u8], units: &[f32]) -> f32 {
        let pair = units[0].to_bits();
        Bf16::add_one(sum, weights, &[pair << 16, pair & 0xffff_0000].map(f32::from_bits))
    }
}

/// Activations as they are stored.
#[derive(Clone, Copy)]
struct Rows<'a> {
    /// `(count, of_row)`.
    units: &'a [f32],
    of_row: usize,
    count: usize,
}

impl<'a> Rows<'a> {
    fn get(self, row: usize) -> &'a [f32] {
        &self.units[row * self.of_row..(row + 1) * self.of_row]
    }
}

/// All rows of some columns of F32 or F16.
#[inline(always)]
pub(super) fn float_columns<S: Simd>(simd: S, input: &Input<'_>, job: &Job<'_>, columns: Range<usize>) {
    let rows = Rows { units: input.values, of_row: job.weight.columns(), count: input.rows };
    match job.weight.block_type() {
        BlockType::F16 => run::<S, F16>(simd, rows, job, columns),
        _ => run::<S, F32>(simd, rows, job, columns),
    }
}

/// All rows of some columns of bfloat16. A kernel of its own: nothing else has a use for the instructions.
pub(super) struct Bf16Columns<'a> {
    pub(super) input: Input<'a>,
    pub(super) job: &'a Job<'a>,
    pub(super) columns: Range<usize>,
}

impl Kernel for Bf16Columns<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { input: Input { rounded, rows, .. }, job, columns } = self;
        let rows = Rows { units: rounded.units(), of_row: rounded.units_of_row(), count: rows };
        if rounded.are_pairs() {
            run::<S, Bf16Pairs>(simd, rows, job, columns);
        } else {
            run::<S, Bf16>(simd, rows, job, columns);
        }
    }
}

#[inline(always)]
fn run<S: Simd, E: Element>(simd: S, rows: Rows<'_>, job: &Job<'_>, columns: Range<usize>) {
    let panelled = job.weight.panelled_rows().clamp(columns.start, columns.end);
    for column in (columns.start..panelled).step_by(ROWS) {
        let mut row = 0;
        while row < rows.count {
            row += match rows.count - row {
                8.. if S::REGISTERS >= 32 => panel::<S, E, 8>(simd, rows, row, job, column),
                4.. => panel::<S, E, 4>(simd, rows, row, job, column),
                2.. => panel::<S, E, 2>(simd, rows, row, job, column),
                _ => panel::<S, E, 1>(simd, rows, row, job, column),
            };
        }
    }
    for column in panelled..columns.end {
        for row in 0..rows.count {
            job.write(row, column, product::<E>(job.weight.row(column), rows.get(row)));
        }
    }
}

/// Answers with the number of rows.
#[inline(always)]
fn panel<S: Simd, E: Element, const M: usize>(
    simd: S,
    rows: Rows<'_>,
    row: usize,
    job: &Job<'_>,
    column: usize,
) -> usize {
    let mut units = [&[][..]; M];
    for (index, units) in units.iter_mut().enumerate() {
        *units = rows.get(row + index);
    }
    let bytes = job.weight.panel(column / ROWS);
    let sums = simd.vectorize(Panel::<E, M> { bytes, units, of_element: PhantomData });
    for (index, sums) in sums.iter().enumerate() {
        job.write_panel(row + index, column, sums);
    }
    M
}

/// The outputs of a panel for `M` rows. A kernel of its own, so that the registers are all its own too.
struct Panel<'a, E: Element, const M: usize> {
    bytes: &'a [u8],
    units: [&'a [f32]; M],
    of_element: PhantomData<E>,
}

impl<E: Element, const M: usize> Kernel for Panel<'_, E, M> {
    type Output = [[f32; ROWS]; M];

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> [[f32; ROWS]; M] {
        let Self { bytes, units, .. } = self;
        let steps = bytes.len() / (ROWS * E::BYTES);
        assert!(units.iter().all(|units| units.len() >= steps * E::UNITS), "a row is as wide as the weight");
        let mut outputs = [[0.0; ROWS]; M];
        for first in (0..ROWS).step_by(S::LANES) {
            let mut sums = [[simd.splat(0.0); CHAINS]; M];
            let mut step = 0;
            while step < steps {
                for chain in 0..CHAINS {
                    if step == steps {
                        break;
                    }
                    // SAFETY: a step of the panel, and of the rows by the assertion.
                    unsafe {
                        let weights = E::load(simd, bytes.as_ptr().wrapping_add(E::BYTES * (ROWS * step + first)));
                        for (sums, units) in sums.iter_mut().zip(&units) {
                            let units = units.as_ptr().wrapping_add(E::UNITS * step);
                            sums[chain] = E::add(simd, sums[chain], weights, units);
                        }
                    }
                    step += 1;
                }
            }
            for (outputs, [even, odd]) in outputs.iter_mut().zip(&sums) {
                simd.write(simd.add(*even, *odd), &mut outputs[first..]);
            }
        }
        outputs
    }
}

/// One output of a weight's row that is in no panel.
#[inline(always)]
fn product<E: Element>(weights: &[u8], units: &[f32]) -> f32 {
    let mut sums = [0.0; CHAINS];
    for (step, (weights, units)) in weights.chunks(E::BYTES).zip(units.chunks(E::UNITS)).enumerate() {
        let sum = &mut sums[step % CHAINS];
        *sum = E::add_one(*sum, weights, units);
    }
    sums[0] + sums[1]
}
