//! Matrix products of activation rows with weights.

mod float;
mod panels;
mod quantized;

use std::ops::Range;

use crate::bf16_rows::Bf16Rows;
use crate::block_type::BlockType;
use crate::blocks::with_block;
use crate::disjoint::Disjoint;
use crate::error::{Result, check};
use crate::packed::Packed;
use crate::panel::ROWS;
use crate::pool::ThreadPool;
use crate::quantized_rows::QuantizedRows;
#[cfg(target_arch = "x86_64")]
use crate::row_blocks::BLOCK_ROWS;
use crate::simd::{Kernel, Simd};
use crate::tier::Tier;

/// Activation rows computed against one weight row before the next is opened.
const ROW_TILE: usize = 32;
/// Tasks for each thread, so that a thread that is held up costs little.
const TASKS_PER_THREAD: usize = 4;
/// Weight rows of a task at least: below this, taking a task costs more than it saves. Tasks have whole panels.
const MIN_COLUMNS: usize = ROWS;
/// Multiply-adds below which a product is not worth waking anyone for.
const MIN_PARALLEL_WORK: usize = 1 << 16;

/// The left side of a product: `(rows, width)`.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// Row-major values; read by products with F32 and F16 weights.
    pub values: &'a [f32],
    /// The same rows rounded; read by products with BF16 weights.
    pub rounded: &'a Bf16Rows,
    /// The same rows quantised; read by products with quantised weights.
    pub quantized: &'a QuantizedRows,
    /// Rows.
    pub rows: usize,
}

/// One product of an input.
pub struct Product<'a> {
    /// `(out, width)`.
    pub weight: &'a Packed,
    /// `(out,)`, added once at the end.
    pub bias: Option<&'a [f32]>,
    /// Adds to `output` instead of replacing it: a residual connection.
    pub accumulate: bool,
    /// `(rows, out)`.
    pub output: &'a mut [f32],
}

/// A product whose output is shared by tasks.
struct Job<'a> {
    weight: &'a Packed,
    bias: Option<&'a [f32]>,
    accumulate: bool,
    output: Disjoint<'a, f32>,
}

impl Job<'_> {
    /// Writes the outputs of a panel: [`Self::write`] of each.
    #[inline(always)]
    fn write_panel(&self, row: usize, column: usize, sums: &[f32; ROWS]) {
        let at = row * self.weight.rows() + column;
        let mut sums = *sums;
        if let Some(bias) = self.bias {
            for (sum, bias) in sums.iter_mut().zip(&bias[column..column + ROWS]) {
                *sum += bias;
            }
        }
        // SAFETY: columns belong to one task each.
        let outputs = unsafe { self.output.slice(at..at + ROWS) };
        if self.accumulate {
            for (output, sum) in outputs.iter_mut().zip(&sums) {
                *output += sum;
            }
        } else {
            outputs.copy_from_slice(&sums);
        }
    }

    /// Asks for outputs of a panel: those of one row lie far from another's.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn prefetch_panel(&self, simd: impl Simd, rows: Range<usize>, column: usize) {
        for row in rows {
            simd.prefetch(self.output.address(row * self.weight.rows() + column));
        }
    }

    /// Writes one output. `row` and `column` are inside the output, and nobody else writes this element.
    #[inline(always)]
    fn write(&self, row: usize, column: usize, sum: f32) {
        let at = row * self.weight.rows() + column;
        let sum = match self.bias {
            Some(bias) => sum + bias[column],
            None => sum,
        };
        // SAFETY: columns belong to one task each.
        let output = unsafe { self.output.slice(at..at + 1) };
        output[0] = if self.accumulate { output[0] + sum } else { sum };
    }
}

/// Computes all `products` of one input in one parallel region: `output = input · weightᵀ + bias`.
///
/// Each output is one sum whose order depends on the weight's type alone, see [`crate`].
///
/// # Errors
/// `Shape` when the slices do not fit; `TaskPanicked`.
pub fn matmul<const N: usize>(pool: &ThreadPool, input: Input<'_>, products: [Product<'_>; N]) -> Result<()> {
    let rows = input.rows;
    if rows == 0 {
        return Ok(());
    }
    let mut columns = 0;
    let mut work = 0;
    for product in &products {
        let weight = product.weight;
        check(product.output.len() == rows * weight.rows(), "output of a product is not (rows, out)")?;
        check(product.bias.is_none_or(|bias| bias.len() == weight.rows()), "bias of a product is not (out,)")?;
        if weight.block_type().is_quantized() {
            let quantized = input.quantized;
            let fits = quantized.rows() == rows && quantized.width() == weight.columns();
            check(fits, "quantised input of a product is not (rows, in)")?;
        } else if weight.block_type() == BlockType::BF16 {
            let fits = input.rounded.rows() == rows && input.rounded.width() == weight.columns();
            check(fits, "rounded input of a product is not (rows, in)")?;
        } else {
            check(input.values.len() == rows * weight.columns(), "input of a product is not (rows, in)")?;
        }
        columns += weight.rows();
        work += rows * weight.rows() * weight.columns();
    }
    let chunk = if work < MIN_PARALLEL_WORK {
        usize::MAX
    } else {
        columns.div_ceil(pool.threads() * TASKS_PER_THREAD).next_multiple_of(MIN_COLUMNS)
    };
    let jobs = products.map(|product| Job {
        weight: product.weight,
        bias: product.bias,
        accumulate: product.accumulate,
        output: Disjoint::new(product.output),
    });
    let tasks = jobs.iter().map(|job| job.weight.rows().div_ceil(chunk)).sum();
    pool.run(tasks, &|mut task| {
        for job in &jobs {
            let count = job.weight.rows().div_ceil(chunk);
            if task < count {
                let first = task * chunk;
                let columns = first..first.saturating_add(chunk).min(job.weight.rows());
                let tier = job.weight.panels().map_or(pool.tier(), |_| job.weight.tier());
                if job.weight.block_type() == BlockType::BF16 {
                    tier.run_bf16(Bf16Columns { input, job, columns });
                } else {
                    let alone = blocks_of_rows(tier, &input, job, &columns);
                    tier.run(Columns { input, job, range: columns, alone });
                }
                return;
            }
            task -= count;
        }
    })
}

/// Computes rows that come in blocks with the panels among some columns. Answers with the first row that comes alone.
fn blocks_of_rows(tier: Tier, input: &Input<'_>, job: &Job<'_>, columns: &Range<usize>) -> usize {
    #[cfg(target_arch = "x86_64")]
    if let Some(amx) = tier.amx()
        && job.weight.block_type().is_quantized()
        && input.quantized.blocks() > 0
    {
        let panelled = job.weight.panelled_rows().clamp(columns.start, columns.end);
        amx.run(panels::Blocks {
            multiplier: &amx.tiles(),
            input: input.quantized,
            job,
            columns: columns.start..panelled,
        });
        return input.rows.min(input.quantized.blocks() * BLOCK_ROWS);
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (tier, input, job, columns);
    0
}

/// All rows of some columns of one product, but for those that were computed in blocks with panels.
struct Columns<'a> {
    input: Input<'a>,
    job: &'a Job<'a>,
    range: Range<usize>,
    /// The first row that was not.
    alone: usize,
}

impl Kernel for Columns<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { input, job, range: columns, alone } = self;
        if !job.weight.block_type().is_quantized() {
            return float_columns(simd, &input, job, columns);
        }
        let panelled = job.weight.panelled_rows().clamp(columns.start, columns.end);
        if S::PANELS {
            panels::run(simd, input.quantized, alone, job, columns.start..panelled);
        }
        let columns = panelled..columns.end;
        if columns.is_empty() {
            return;
        }
        let mut first = 0;
        while first < input.rows {
            let tile = first..(first + ROW_TILE).min(input.rows);
            let columns = columns.clone();
            with_block!(job.weight.block_type(), (), quantized_tile::<_>(simd, input.quantized, job, tile, columns));
            first += ROW_TILE;
        }
    }
}

use float::{Bf16Columns, float_columns};
use quantized::quantized_tile;

/// Bytes a product reads of its weight, for measurements.
pub fn weight_bytes(block_type: BlockType, rows: usize, columns: usize) -> Option<usize> {
    block_type.row_bytes(columns)?.checked_mul(rows)
}
