//! Rows of a weight as f32: token embeddings.

use crate::block_type::BlockType;
use crate::blocks::{GROUP, MAX_GROUPS, Minimum, OpenBlocks, QuantizedBlock, with_block};
use crate::disjoint::Disjoint;
use crate::error::{Result, check};
use crate::half_float::{bf16_to_f32, f16_to_f32};
use crate::packed::Packed;
use crate::pool::ThreadPool;

/// Rows a task looks up.
const ROWS_PER_TASK: usize = 16;

/// Looks up `tokens` in `table` `(vocabulary, width)`: `output` is `(tokens, width)`.
///
/// # Errors
/// `Shape` when a token is outside the table or the output does not fit; `TaskPanicked`.
pub fn embedding(pool: &ThreadPool, table: &Packed, tokens: &[u32], output: &mut [f32]) -> Result<()> {
    let width = table.columns();
    check(output.len() == tokens.len() * width, "output of an embedding is not (rows, width)")?;
    check(tokens.iter().all(|&token| (token as usize) < table.rows()), "a token is outside the embedding")?;
    let output = Disjoint::new(output);
    pool.run(tokens.len().div_ceil(ROWS_PER_TASK), &|task| {
        let first = task * ROWS_PER_TASK;
        for (row, &token) in tokens.iter().enumerate().skip(first).take(ROWS_PER_TASK) {
            // SAFETY: a row belongs to one task.
            let output = unsafe { output.slice(row * width..(row + 1) * width) };
            dequantize_row(table, token as usize, output);
        }
    })
}

/// Row `row` of `weight` as f32, `(columns,)`. Within a rounding of ggml's dequantisers.
fn dequantize_row(weight: &Packed, row: usize, output: &mut [f32]) {
    with_block!(
        weight.block_type(),
        dequantize_plain(weight, row, output),
        dequantize_blocks::<_>(weight, row, output)
    );
}

/// Bytes of 256 elements of the largest block.
const MAX_STEP: usize = MAX_GROUPS * 34;

fn dequantize_blocks<B: QuantizedBlock>(weight: &Packed, row: usize, output: &mut [f32]) {
    const { assert!(B::STEP <= MAX_STEP) };
    let mut open = OpenBlocks::new();
    let mut outputs = output.chunks_mut(MAX_GROUPS * GROUP);
    weight.read_row::<MAX_STEP>(row, B::STEP, |blocks| {
        B::open(blocks, &mut open);
        for (group, output) in outputs.next().unwrap_or_default().chunks_exact_mut(GROUP).enumerate() {
            let (scale, minimum) = (open.scales[group], open.minima[group]);
            let half_minima = match B::MINIMUM {
                Minimum::None => [0.0; 2],
                Minimum::Group => [minimum; 2],
                Minimum::Half => open.half_minima[group].map(|half| minimum * half as f32),
            };
            for (index, (output, value)) in output.iter_mut().zip(&open.values[group]).enumerate() {
                *output = scale * f32::from(*value) + half_minima[index / (GROUP / 2)];
            }
        }
    });
}

fn dequantize_plain(weight: &Packed, row: usize, mut output: &mut [f32]) {
    weight.read_row::<MAX_STEP>(row, MAX_STEP / 4 * 4, |bytes| {
        let count = match weight.block_type() {
            BlockType::F16 => halves(bytes, f16_to_f32, output),
            BlockType::BF16 => halves(bytes, bf16_to_f32, output),
            _ => {
                let (singles, _) = bytes.as_chunks();
                for (output, single) in output.iter_mut().zip(singles) {
                    *output = f32::from_le_bytes(*single);
                }
                singles.len()
            }
        };
        output = std::mem::take(&mut output).get_mut(count..).unwrap_or_default();
    });
}

/// Answers with the number of elements.
fn halves(bytes: &[u8], convert: fn(u16) -> f32, output: &mut [f32]) -> usize {
    let (halves, _) = bytes.as_chunks();
    for (output, half) in output.iter_mut().zip(halves) {
        *output = convert(u16::from_le_bytes(*half));
    }
    halves.len()
}
