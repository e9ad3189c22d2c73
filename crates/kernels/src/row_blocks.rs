//! Quantised activations in blocks of 16 rows, for instructions that multiply so many at once.

use crate::aligned::Plain;
use crate::quantized_rows::Group;
use crate::simd::amx::{Left, SIDE};

/// Rows of a block.
pub(crate) const BLOCK_ROWS: usize = SIDE;
/// Rows that are left after whole blocks get a block of their own if they are so many; fewer are computed faster one by one.
const MIN_ROWS: usize = 10;

/// One group of each row.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct RowBlock {
    pub(crate) values: Left,
    pub(crate) scales: [f32; BLOCK_ROWS],
    /// Sums of the integers.
    pub(crate) sums: [f32; BLOCK_ROWS],
}

// SAFETY: numbers of 512, 64 and 64 bytes, so there is no padding.
unsafe impl Plain for RowBlock {}

impl RowBlock {
    /// Blocks that so many rows are computed in.
    pub(crate) fn count(rows: usize) -> usize {
        rows / BLOCK_ROWS + usize::from(rows % BLOCK_ROWS >= MIN_ROWS)
    }

    /// Puts a row's group into its place.
    pub(crate) fn put(&mut self, row: usize, group: &Group) {
        self.values[row].copy_from_slice(group.values.as_flattened());
        self.scales[row] = group.scale;
        self.sums[row] = group.sum;
    }
}
