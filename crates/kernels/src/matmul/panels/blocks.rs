//! Products of blocks of 16 rows with panels: the same sums as of single rows, 256 at a time.

use std::marker::PhantomData;
use std::ops::Range;

use super::ahead::LINE;
use super::open::{Form, OpenGroup, OpenPanel};
use super::{Q4K, Q5K, Q6K, Q40, Q50, Q80};
use crate::matmul::Job;
use crate::panel::{PanelType, ROWS};
use crate::quantized_rows::QuantizedRows;
use crate::row_blocks::{BLOCK_ROWS, RowBlock};
use crate::simd::amx::{BlockProduct, Dots};
use crate::simd::{Kernel, Simd};

/// Groups open at a time: 22 KB, which the first cache holds beside the rows that are multiplied with them.
const OPEN: usize = 32;
/// Blocks of rows gone through while a panel is open, of which sums are kept: 16 KB.
const BLOCKS: usize = 16;

/// Sums of a block of rows with a panel.
type Sums = [[f32; ROWS]; BLOCK_ROWS];

/// All blocks of rows that the input has, with some whole panels.
pub(in crate::matmul) struct Blocks<'a, M> {
    pub(in crate::matmul) multiplier: &'a M,
    pub(in crate::matmul) input: &'a QuantizedRows,
    pub(in crate::matmul) job: &'a Job<'a>,
    pub(in crate::matmul) columns: Range<usize>,
}

impl<M: BlockProduct> Kernel for Blocks<'_, M> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        match self.job.weight.panels() {
            Some(PanelType::Q4_0) => self.run_type::<S, Q40>(simd),
            Some(PanelType::Q5_0) => self.run_type::<S, Q50>(simd),
            Some(PanelType::Q8_0) => self.run_type::<S, Q80>(simd),
            Some(PanelType::Q4_K) => self.run_type::<S, Q4K>(simd),
            Some(PanelType::Q5_K) => self.run_type::<S, Q5K>(simd),
            Some(PanelType::Q6_K) => self.run_type::<S, Q6K>(simd),
            Some(PanelType::F32 | PanelType::F16 | PanelType::BF16) | None => {}
        }
    }
}

impl<M: BlockProduct> Blocks<'_, M> {
    #[inline(always)]
    #[expect(clippy::large_stack_arrays, reason = "45 KB of scratch, which threads have and a step may not allocate")]
    fn run_type<S: Simd, B: OpenPanel>(self, simd: S) {
        let Self { multiplier, input, job, columns } = self;
        let tile = B::TYPE.tile();
        let mut open = [OpenGroup::ZERO; OPEN];
        let mut sums = [[[0.0; ROWS]; BLOCK_ROWS]; BLOCKS];
        let mut dots = [[Dots::ZERO; 2]; 2];
        for column in columns.step_by(ROWS) {
            let panel = job.weight.panel(column / ROWS);
            for first in (0..input.blocks()).step_by(BLOCKS) {
                let blocks = first..input.blocks().min(first + BLOCKS);
                let together = OPEN / B::GROUPS * tile;
                for (index, tiles) in panel.chunks(together).enumerate() {
                    let groups = index * OPEN..index * OPEN + tiles.len() / tile * B::GROUPS;
                    let open = &mut open[..groups.len()];
                    simd.vectorize(Open { tiles, groups: open, of_block: PhantomData::<B> });
                    let then = ((index + 1) * together >= panel.len()).then_some((job, column));
                    let sums = &mut sums[..blocks.len()];
                    if index == 0 {
                        sums.fill([[0.0; ROWS]; BLOCK_ROWS]);
                    }
                    let (blocks, dots, of_block) = (blocks.clone(), &mut dots, PhantomData);
                    let add =
                        Add::<_, B> { multiplier, input, blocks, groups, open, tiles, dots, sums, then, of_block };
                    simd.vectorize(add);
                }
            }
        }
    }
}

/// Opens some tiles.
struct Open<'a, B> {
    tiles: &'a [u8],
    groups: &'a mut [OpenGroup],
    of_block: PhantomData<B>,
}

/// Adds the products of some groups of blocks of rows with an open panel to their sums.
struct Add<'a, M, B> {
    multiplier: &'a M,
    input: &'a QuantizedRows,
    blocks: Range<usize>,
    groups: Range<usize>,
    open: &'a [OpenGroup],
    /// What was opened: what lies after it is opened next.
    tiles: &'a [u8],
    /// Scratch: dot products of two groups, each of both halves where they are apart.
    dots: &'a mut [[Dots; 2]; 2],
    /// Of each block.
    sums: &'a mut [Sums],
    /// Where sums are written when they are whole, and from which column.
    then: Option<(&'a Job<'a>, usize)>,
    of_block: PhantomData<B>,
}

impl<B: OpenPanel> Kernel for Open<'_, B> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        for (tile, groups) in self.tiles.chunks_exact(B::TYPE.tile()).zip(self.groups.chunks_exact_mut(B::GROUPS)) {
            for first in (0..ROWS).step_by(S::LANES) {
                // SAFETY: the chunk is a tile.
                unsafe { B::open(simd, tile.as_ptr(), first, groups) };
            }
        }
    }
}

impl<M: BlockProduct, B: OpenPanel> Kernel for Add<'_, M, B> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { multiplier, input, blocks, groups, open, tiles, dots: [even, odd], sums, then, .. } = self;
        let count = groups.len().min(open.len());
        let mut ahead = tiles.as_ptr_range().end;
        let lines = tiles.len().div_ceil(LINE).div_ceil(blocks.len() * count.div_ceil(2));
        // Groups of a block go by turns into two registers, and on into the next block's if they are even in number.
        let goes_on = count.is_multiple_of(2);
        for first in (0..ROWS).step_by(S::LANES) {
            let mut is_begun = false;
            for (block, sums) in blocks.clone().zip(&mut *sums) {
                let rows = &input.block(block)[groups.clone()];
                let next =
                    if goes_on && block + 1 < blocks.end { &input.block(block + 1)[groups.clone()] } else { &[] };
                let mut lanes = [simd.splat(0.0); BLOCK_ROWS];
                for (lanes, sums) in lanes.iter_mut().zip(&*sums) {
                    *lanes = simd.read(&sums[first..]);
                }
                if let Some((job, column)) = then {
                    job.prefetch_panel(simd, input.rows_of_block(block), column);
                }
                // While the sums of a group are scaled and added, those of the next are read and those of the one after it multiplied.
                if !is_begun {
                    multiply::<_, B, 0>(multiplier, rows, next, open, 0);
                    multiply::<_, B, 1>(multiplier, rows, next, open, 1);
                    read::<_, B, 0>(multiplier, even);
                }
                is_begun = goes_on;
                for group in (0..count).step_by(2) {
                    for _ in 0..lines {
                        simd.prefetch(ahead);
                        ahead = ahead.wrapping_add(LINE);
                    }
                    read::<_, B, 1>(multiplier, odd);
                    multiply::<_, B, 0>(multiplier, rows, next, open, group + 2);
                    add::<S, B>(simd, &mut lanes, first, even, &rows[group], &open[group]);
                    if group + 1 < count {
                        read::<_, B, 0>(multiplier, even);
                        multiply::<_, B, 1>(multiplier, rows, next, open, group + 3);
                        add::<S, B>(simd, &mut lanes, first, odd, &rows[group + 1], &open[group + 1]);
                    }
                }
                for (lanes, sums) in lanes.iter().zip(&mut *sums) {
                    simd.write(*lanes, &mut sums[first..]);
                }
                if let Some((job, column)) = then
                    && first + S::LANES == ROWS
                {
                    for (row, sums) in input.rows_of_block(block).zip(&*sums) {
                        job.write_panel(row, column, sums);
                    }
                }
            }
        }
    }
}

/// Of a group of a block, or of the next; nothing after that.
#[inline(always)]
fn multiply<M: BlockProduct, B: OpenPanel, const REGISTER: usize>(
    multiplier: &M,
    rows: &[RowBlock],
    next: &[RowBlock],
    open: &[OpenGroup],
    group: usize,
) {
    let (rows, group) = if group < rows.len() { (rows, group) } else { (next, group - rows.len()) };
    let (Some(RowBlock { values, .. }), Some(OpenGroup { integers, .. })) = (rows.get(group), open.get(group)) else {
        return;
    };
    match B::FORM {
        Form::Scale | Form::Minimum => multiplier.multiply::<REGISTER>(values, integers),
        Form::Halves => multiplier.multiply_halves::<REGISTER>(values, integers),
    }
}

#[inline(always)]
fn read<M: BlockProduct, B: OpenPanel, const REGISTER: usize>(multiplier: &M, dots: &mut [Dots; 2]) {
    match B::FORM {
        Form::Scale | Form::Minimum => multiplier.read::<REGISTER>(&mut dots[0]),
        Form::Halves => multiplier.read_halves::<REGISTER>(dots),
    }
}

/// Adds a group's products, as [`super::super::quantized`] documents the sum.
#[inline(always)]
fn add<S: Simd, B: OpenPanel>(
    simd: S,
    sums: &mut [S::Floats; BLOCK_ROWS],
    first: usize,
    [dots, second]: &[Dots; 2],
    rows: &RowBlock,
    open: &OpenGroup,
) {
    let [f0, f1, f2] = open.factors.each_ref().map(|factors| simd.read(&factors[first..]));
    for (row, sum) in sums.iter_mut().enumerate() {
        let dot = |dots: &Dots| {
            let dots = &dots.0[row][first..first + S::LANES];
            // SAFETY: four bytes for each lane.
            simd.to_floats(unsafe { simd.load_integers(dots.as_ptr().cast()) })
        };
        let product = match B::FORM {
            Form::Scale => simd.mul(f0, dot(dots)),
            Form::Minimum => simd.add(simd.mul(f0, dot(dots)), simd.mul(f1, simd.splat(rows.sums[row]))),
            Form::Halves => simd.mul(f0, simd.add_exact(simd.mul(f1, dot(dots)), f2, dot(second))),
        };
        *sum = simd.add(*sum, simd.mul(simd.splat(rows.scales[row]), product));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activations::Activations;
    use crate::bf16_rows::Bf16Rows;
    use crate::block_type::BlockType;
    use crate::matmul::{Input, Product, matmul};
    use crate::pool::ThreadPool;
    use crate::simd::Baseline;
    use crate::simd::amx::PlainBlocks;
    use crate::synthetic::{values, weight_bytes, weight_for};
    use crate::tier::Tier;

    /// Whole blocks, and one that is not.
    const INPUT_ROWS: usize = 2 * BLOCK_ROWS + 11;

    /// Blocks of rows, opened panels and plain loops for AMX, on any CPU: the bits of the products of single rows.
    fn have_the_bits_of_single_rows<B: OpenPanel>(block_type: BlockType, columns: usize) {
        let input = values(INPUT_ROWS * columns, 3, 2.0);
        let pool = ThreadPool::for_tier(1, Tier::Portable).unwrap();
        let mut quantized = QuantizedRows::with_capacity(INPUT_ROWS, columns).unwrap();
        quantized.quantize(&pool, &Activations::Plain { values: &input, width: columns }).unwrap();
        quantized.put_into_blocks().unwrap();
        let file = weight_bytes(block_type, ROWS, columns, 4, 0.1);
        let mut panel = vec![0; file.len()];
        B::TYPE.arrange(Tier::Amx, &file, &mut panel);
        let mut open = vec![OpenGroup::ZERO; columns / 32];
        Open { tiles: &panel, groups: &mut open, of_block: PhantomData::<B> }.run(Baseline);
        let mut sums = [[[0.0; ROWS]; BLOCK_ROWS]; 3];
        // As much as is open at a time, and then the rest.
        for groups in [0..columns / 64, columns / 64..columns / 32] {
            let open = &open[groups.clone()];
            Add::<_, B> {
                multiplier: &PlainBlocks::new(),
                input: &quantized,
                blocks: 0..quantized.blocks(),
                groups,
                open,
                tiles: &panel,
                dots: &mut [[Dots::ZERO; 2]; 2],
                sums: &mut sums,
                then: None,
                of_block: PhantomData,
            }
            .run(Baseline);
        }

        let weight = weight_for(Tier::Portable, block_type, (ROWS, columns), 4, 0.1).unwrap();
        let (mut output, rounded) = (vec![0.0; INPUT_ROWS * ROWS], Bf16Rows::with_capacity(0).unwrap());
        let input = Input { values: &input, rounded: &rounded, quantized: &quantized, rows: INPUT_ROWS };
        matmul(&pool, input, [Product { weight: &weight, bias: None, accumulate: false, output: &mut output }])
            .unwrap();
        let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&sums.as_flattened().as_flattened()[..output.len()]), bits(&output), "{block_type:?}");
    }

    #[test]
    fn blocks_have_the_bits_of_single_rows() {
        // Even and odd numbers of groups.
        for columns in [64, 96, 128, 608] {
            have_the_bits_of_single_rows::<Q40>(BlockType::Q4_0, columns);
            have_the_bits_of_single_rows::<Q50>(BlockType::Q5_0, columns);
            have_the_bits_of_single_rows::<Q80>(BlockType::Q8_0, columns);
        }
        for columns in [512, 1024] {
            have_the_bits_of_single_rows::<Q4K>(BlockType::Q4_K, columns);
            have_the_bits_of_single_rows::<Q5K>(BlockType::Q5_K, columns);
            have_the_bits_of_single_rows::<Q6K>(BlockType::Q6_K, columns);
        }
    }
}
