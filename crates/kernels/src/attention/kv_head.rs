//! The queries of a task against one KV head of their sequence.

use std::ops::Range;

use super::ahead::Ahead;
use super::products::{Keys, Values, add_values, score};
use super::softmax::{Running, merge, tile_softmax};
use super::tile_results::Kept;
use super::{MAX_HEAD_DIM, Queries, SPAN, STRIP, TILE};
use crate::disjoint::Disjoint;
use crate::kv_element::KvElement;
use crate::kv_store::KvStore;
use crate::short::{Product, shorten};
use crate::simd::{Kernel, Simd};

/// One KV head of one sequence.
pub(super) struct KvHead<'a, T: KvElement> {
    pub(super) queries: &'a Queries<'a>,
    pub(super) store: &'a KvStore<T>,
    pub(super) layer: usize,
    pub(super) blocks: &'a [u32],
    pub(super) index: usize,
    /// Query heads of this KV head.
    pub(super) group: usize,
    pub(super) first_row: usize,
}

/// Where tiles go.
#[derive(Clone, Copy)]
pub(super) enum Destination<'a> {
    /// Merged into the output, all of a query's by one task.
    Output(&'a Disjoint<'a, f32>),
    /// Kept, to be merged when all are there.
    Kept(&'a Kept<'a>),
}

impl Destination<'_> {
    /// Takes what a tile gave a query, of which `running` is what came before.
    ///
    /// # Safety
    /// Nobody else has this tile of this query; where it goes into the output, nobody else has the query.
    #[inline(always)]
    unsafe fn take<T: KvElement>(
        self,
        head: &KvHead<'_, T>,
        query: usize,
        tile: usize,
        running: &mut Running,
        softmax: (f32, f32),
        partial: &[f32],
    ) {
        match self {
            // SAFETY: the caller's promise.
            Self::Output(output) => merge(running, unsafe { output.slice(head.place(query)) }, softmax, partial),
            // SAFETY: as above.
            Self::Kept(kept) => unsafe { kept.keep(head.number(query), tile, softmax, partial) },
        }
    }
}

/// Attends queries `range`, at most `N`: query `i` is head `i % group` of row `i / group`. With room for `C` floats, a span's, what is
/// stored is converted once for all queries; with none, where it is used.
pub(super) struct Attend<'a, T: KvElement, const N: usize, const C: usize> {
    pub(super) head: KvHead<'a, T>,
    pub(super) range: Range<usize>,
    /// Positions of the tiles to compute.
    pub(super) positions: Range<usize>,
    pub(super) destination: Destination<'a>,
}

impl<T: KvElement, const N: usize, const C: usize> Kernel for Attend<'_, T, N, C> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { head, range, positions, destination } = self;
        let (head_dim, count) = (head.store.shape().head_dim, range.len());
        let mut rows = [&[][..]; N];
        let mut visible = [(0, 0); N];
        let mut short = [[0.0; MAX_HEAD_DIM]; N];
        for ((index, query), short) in range.clone().enumerate().zip(&mut short) {
            let row = &head.queries.values[head.place(query)];
            rows[index] = if T::Product::SHORT { shortened(row, &mut short[..head_dim]) } else { row };
            visible[index] = head.visible(query);
        }
        let (rows, visible) = (&rows[..count], &visible[..count]);
        let first = visible.iter().map(|visible| visible.0).min().unwrap_or(0).max(positions.start);
        let last = visible.iter().map(|visible| visible.1).max().unwrap_or(0).min(positions.end);
        let mut converted = [0.0; C];
        let mut scores = [[0.0; TILE]; N];
        let mut partial = [[0.0; MAX_HEAD_DIM]; N];
        let mut running = [Running::NONE; N];
        for tile in (first / TILE * TILE..last).step_by(TILE) {
            // Of each query, the positions it sees in this tile, counted from the tile's start.
            let seen = |query: usize| {
                let (start, end): (usize, usize) = visible[query];
                start.clamp(tile, tile + TILE) - tile..end.clamp(tile, tile + TILE) - tile
            };
            let end = last.min(tile + TILE);
            for span in (first.max(tile) / SPAN * SPAN..end).step_by(SPAN) {
                // What a strip gives that no query sees is not used: where there is none, any will do.
                let (low, high) = (first / STRIP * STRIP, (end - 1) / STRIP * STRIP);
                let strips: [usize; SPAN / STRIP] =
                    std::array::from_fn(|strip| (span + strip * STRIP).clamp(low, high));
                let scores = &mut scores[..count];
                if C == 0 {
                    let keys = strips.map(|position| head.keys(position));
                    let ahead = if span + SPAN < end {
                        head.keys_ahead(span + SPAN, last)
                    } else {
                        head.values_ahead(first.max(tile) / STRIP * STRIP)
                    };
                    score::<_, _, T::Product>(simd, rows, keys, ahead, head.queries.scale, span - tile, scores);
                } else {
                    let (strip, _) = converted.as_chunks_mut::<{ STRIP * MAX_HEAD_DIM }>();
                    for (strip, position) in strip.iter_mut().zip(strips) {
                        head.keys(position).convert(simd, strip);
                    }
                    let keys = std::array::from_fn(|index| Keys { elements: &strip[index], stride: STRIP, head_dim });
                    let scale = head.queries.scale;
                    score::<_, _, T::Product>(simd, rows, keys, Ahead::NOTHING, scale, span - tile, scores);
                }
                head.scale(&strips, KvStore::key_scales, span - tile, scores, |score| score);
            }
            let mut of_tile = [(0.0, 0.0); N];
            for query in 0..count {
                of_tile[query] = tile_softmax::<T::Product>(&mut scores[query], seen(query));
                partial[query][..head_dim].fill(0.0);
            }
            for strip in (first.max(tile) / STRIP * STRIP..end).step_by(STRIP) {
                let at = strip - tile;
                head.scale(&[strip], KvStore::value_scales, at, &mut scores[..count], shorten);
                let seen = |query| {
                    let seen: Range<usize> = seen(query);
                    (seen.start.clamp(at, at + STRIP), seen.end.clamp(at, at + STRIP))
                };
                let (weights, partial) = (&scores[..count], &mut partial[..count]);
                let values = head.values(strip);
                if C == 0 {
                    let ahead = if strip + STRIP < end {
                        head.values_ahead(strip + STRIP)
                    } else if end < last {
                        head.keys_ahead(end, last)
                    } else {
                        Ahead::NOTHING
                    };
                    let values = Values { elements: values, head_dim, at };
                    add_values::<_, _, T::Product>(simd, values, ahead, seen, weights, partial);
                } else {
                    let converted = &mut converted[..STRIP * head_dim];
                    for (to, from) in converted.chunks_mut(S::LANES).zip(values.chunks(S::LANES)) {
                        T::convert(simd, from, to);
                    }
                    let values = Values { elements: converted, head_dim, at };
                    add_values::<_, _, T::Product>(simd, values, Ahead::NOTHING, seen, weights, partial);
                }
            }
            for query in 0..count {
                if seen(query).is_empty() {
                    continue;
                }
                let partial = &partial[query][..head_dim];
                let (running, place) = (&mut running[query], range.start + query);
                // SAFETY: a tile of a query belongs to one task; all of its tiles do where they go into its output.
                unsafe { destination.take(&head, place, tile / TILE, running, of_tile[query], partial) };
            }
        }
        if let Destination::Output(output) = destination {
            for (query, running) in running.iter().enumerate().take(count) {
                // SAFETY: as above.
                running.normalise(unsafe { output.slice(head.place(range.start + query)) });
            }
        }
    }
}

/// Merges what was kept of those `tiles` that queries `range` see.
pub(super) struct MergeKept<'a, T: KvElement> {
    pub(super) head: KvHead<'a, T>,
    pub(super) range: Range<usize>,
    pub(super) tiles: Range<usize>,
    pub(super) kept: &'a Kept<'a>,
    pub(super) output: &'a Disjoint<'a, f32>,
}

impl<T: KvElement> Kernel for MergeKept<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Self { head, range, tiles, kept, output } = self;
        for query in range {
            let (start, end) = head.visible(query);
            let (start, end) = (start / TILE, end.div_ceil(TILE));
            let merged = tiles.start.max(start)..tiles.end.min(end);
            // A row that ends before them, or whose window begins after.
            if merged.is_empty() {
                continue;
            }
            let last = merged.end == end;
            // SAFETY: a query belongs to one task.
            unsafe { kept.merge(head.number(query), merged, last, output.slice(head.place(query))) };
        }
    }
}

impl<'a, T: KvElement> KvHead<'a, T> {
    /// The number of a query, of all rows and heads.
    #[inline(always)]
    fn number(&self, query: usize) -> usize {
        let head = self.index * self.group + query % self.group;
        (self.first_row + query / self.group) * self.queries.heads + head
    }

    /// Where a query and its output are.
    #[inline(always)]
    fn place(&self, query: usize) -> Range<usize> {
        let head_dim = self.store.shape().head_dim;
        let start = self.number(query) * head_dim;
        start..start + head_dim
    }

    /// The first position that a query sees, and the one after the last.
    #[inline(always)]
    fn visible(&self, query: usize) -> (usize, usize) {
        let end = self.queries.positions[self.first_row + query / self.group] as usize + 1;
        (self.queries.window.map_or(0, |window| end.saturating_sub(window as usize)), end)
    }

    /// Keys of the strip at `position`, a multiple of the strip.
    #[inline(always)]
    fn keys(&self, position: usize) -> Keys<'a, T> {
        let shape = self.store.shape();
        let (block, offset) = self.block(position);
        let elements = &self.store.keys(block, self.layer, self.index)[offset..];
        Keys { elements, stride: shape.block_size, head_dim: shape.head_dim }
    }

    /// Values of the strip at `position`, `(STRIP, head_dim)`.
    #[inline(always)]
    fn values(&self, position: usize) -> &'a [T] {
        let head_dim = self.store.shape().head_dim;
        let (block, offset) = self.block(position);
        &self.store.values(block, self.layer, self.index)[offset * head_dim..(offset + STRIP) * head_dim]
    }

    /// Keys of the span at `position`, up to `last`.
    #[inline(always)]
    fn keys_ahead(&self, position: usize, last: usize) -> Ahead {
        let shape = self.store.shape();
        let strips = (position..last.min(position + SPAN)).step_by(STRIP);
        Ahead::rows(strips.map(|position| self.keys(position).elements), shape.block_size, shape.head_dim)
    }

    /// Values of the strip at `position`.
    #[inline(always)]
    fn values_ahead(&self, position: usize) -> Ahead {
        Ahead::whole(self.values(position))
    }

    /// Multiplies the scores or weights of some strips, the first from `at`, with the scales that `of` finds in a block, and keeps what
    /// `then` makes of them.
    #[inline(always)]
    fn scale(
        &self,
        strips: &[usize],
        of: fn(&KvStore<T>, usize, usize, usize) -> &[f32],
        at: usize,
        scores: &mut [[f32; TILE]],
        then: impl Fn(f32) -> f32,
    ) {
        if !T::SCALED {
            return;
        }
        for (index, position) in strips.iter().enumerate() {
            let (block, offset) = self.block(*position);
            let scales = &of(self.store, block, self.layer, self.index)[offset..offset + STRIP];
            for scores in scores.iter_mut() {
                for (score, scale) in scores[at + index * STRIP..][..STRIP].iter_mut().zip(scales) {
                    *score = then(*score * scale);
                }
            }
        }
    }

    /// The block of a position and the place in it.
    #[inline(always)]
    fn block(&self, position: usize) -> (usize, usize) {
        let block_size = self.store.shape().block_size;
        (self.blocks[position / block_size] as usize, position % block_size)
    }
}

/// A query short enough for exact products.
#[inline(always)]
fn shortened<'a>(row: &[f32], short: &'a mut [f32]) -> &'a [f32] {
    for (short, value) in short.iter_mut().zip(row) {
        *short = shorten(*value);
    }
    short
}
