//! What tiles give, kept until they are merged: where there are fewer heads than threads have work for, several compute the tiles of one.

use std::ops::Range;

use super::softmax::{Running, merge};
use crate::aligned::Aligned;
use crate::disjoint::Disjoint;
use crate::error::Result;

/// Tiles kept at a time, of all rows together: 8,192 positions of one row.
const ROW_TILES: usize = if cfg!(target_family = "wasm") { 0 } else { 64 };
/// Maximum and sum of a tile, after its weighted value.
const SOFTMAX: usize = 2;

/// Room for tiles of models of one shape.
pub struct TileResults {
    /// `(rows, heads, tiles, head_dim + SOFTMAX)`.
    results: Aligned<f32>,
    /// What was merged so far, `(rows, heads)`.
    running: Box<[Running]>,
    heads: usize,
    head_dim: usize,
}

impl TileResults {
    /// Room for `heads` query heads.
    ///
    /// # Errors
    /// `Allocation`.
    pub fn new(heads: usize, head_dim: usize) -> Result<Self> {
        Ok(Self {
            results: Aligned::zeroed(Self::len(heads, head_dim))?,
            running: vec![Running::NONE; ROW_TILES * heads].into(),
            heads,
            head_dim,
        })
    }

    /// What [`Self::size`] will be.
    pub fn bytes_for(heads: usize, head_dim: usize) -> usize {
        let running = (ROW_TILES * size_of::<Running>()).saturating_mul(heads);
        Self::len(heads, head_dim).saturating_mul(size_of::<f32>()).saturating_add(running)
    }

    /// Saturates, so that no memory is had for sizes that are no model's.
    fn len(heads: usize, head_dim: usize) -> usize {
        head_dim.saturating_add(SOFTMAX).saturating_mul(heads).saturating_mul(ROW_TILES)
    }

    /// Bytes held.
    pub fn size(&self) -> usize {
        size_of_val(&*self.results) + size_of_val(&*self.running)
    }

    /// Whether it is for queries of this shape.
    pub(super) fn fits(&self, heads: usize, head_dim: usize) -> bool {
        (self.heads, self.head_dim) == (heads, head_dim)
    }

    /// Tiles of each of so many rows that there is room for.
    pub(super) fn tiles(rows: usize) -> usize {
        ROW_TILES / rows.max(1)
    }

    /// Begins with so many rows.
    pub(super) fn start(&mut self, rows: usize) -> Kept<'_> {
        let running = &mut self.running[..rows * self.heads];
        running.fill(Running::NONE);
        Kept {
            results: Disjoint::new(&mut self.results),
            running: Disjoint::new(running),
            tiles: Self::tiles(rows),
            head_dim: self.head_dim,
        }
    }
}

/// The results of one call, shared by its tasks. Queries are numbered `row * heads + head`.
pub(super) struct Kept<'a> {
    results: Disjoint<'a, f32>,
    running: Disjoint<'a, Running>,
    tiles: usize,
    head_dim: usize,
}

impl Kept<'_> {
    /// Tiles follow each other, no more than there is room for.
    fn place(&self, query: usize, tile: usize) -> Range<usize> {
        let width = self.head_dim + SOFTMAX;
        let start = (query * self.tiles + tile % self.tiles) * width;
        start..start + width
    }

    /// Keeps what a tile gave a query.
    ///
    /// # Safety
    /// Nobody else has this tile of this query.
    #[inline(always)]
    pub(super) unsafe fn keep(&self, query: usize, tile: usize, (maximum, sum): (f32, f32), partial: &[f32]) {
        // SAFETY: the caller's promise; places of other tiles are others.
        let result = unsafe { self.results.slice(self.place(query, tile)) };
        let (value, softmax) = result.split_at_mut(self.head_dim);
        value.copy_from_slice(partial);
        softmax.copy_from_slice(&[maximum, sum]);
    }

    /// Merges `tiles` of a query, all kept, into its output, and divides by the sum of weights after the last.
    ///
    /// # Safety
    /// Nobody else has this query.
    #[inline(always)]
    pub(super) unsafe fn merge(&self, query: usize, tiles: Range<usize>, last: bool, output: &mut [f32]) {
        // SAFETY: the caller's promise.
        let running = unsafe { &mut self.running.slice(query..query + 1)[0] };
        for tile in tiles {
            // SAFETY: the caller's promise.
            let result = unsafe { self.results.slice(self.place(query, tile)) };
            let (partial, softmax) = result.split_at(self.head_dim);
            merge(running, output, (softmax[0], softmax[1]), partial);
        }
        if last {
            running.normalise(output);
        }
    }
}
