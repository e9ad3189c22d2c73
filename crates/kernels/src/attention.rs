//! Causal attention over block KV, prefill and decode alike.
//!
//! Positions are cut at multiples of [`TILE`], counted from position 0 of the sequence whatever the window or the chunk. A tile
//! gives each query a maximum, a sum and a weighted value; tiles are merged ascending by online softmax (Milakov and Gimelshein
//! 2018). So a query's bits depend on its position and the keys it sees, and tiles could run on any thread.
//!
//! Where stored keys and values have scales, a score is `q · integers * scale * key_scale` and a value's weight
//! `e^(score - maximum) * value_scale`: one multiplication for a position instead of one for each of its elements.

use std::ops::Range;

use crate::disjoint::Disjoint;
use crate::error::{Result, check};
use crate::kv_element::KvElement;
use crate::kv_store::KvStore;
use crate::math::exp;
use crate::pool::ThreadPool;

/// Positions whose softmax is computed in one go.
const TILE: usize = 128;
/// Positions whose keys or values are converted at a time; divides the tile and every block size.
const STRIP: usize = 16;
/// Widest head. The scratch of a task lies on its stack.
pub const MAX_HEAD_DIM: usize = 256;
/// Queries of a task in prefill: rows times the query heads of one KV head.
const QUERIES: usize = 32;
/// The same in decode, so that less scratch is touched.
const FEW_QUERIES: usize = 8;

/// What attention reads besides the stored keys and values.
#[derive(Debug, Clone, Copy)]
pub struct Queries<'a> {
    /// `(rows, heads * head_dim)`.
    pub values: &'a [f32],
    /// Query heads; a multiple of the KV heads.
    pub heads: usize,
    /// Position of each row in its sequence, `(rows,)`, ascending by one within a sequence.
    pub positions: &'a [u32],
    /// First row of each sequence and the end, `(sequences + 1,)`.
    pub sequence_starts: &'a [u32],
    /// Block ids of all sequences.
    pub block_tables: &'a [u32],
    /// Where each sequence's blocks begin and the end, `(sequences + 1,)`.
    pub block_table_starts: &'a [u32],
    /// Multiplies each score.
    pub scale: f32,
    /// Positions a row sees, itself included; all up to its own when absent.
    pub window: Option<u32>,
}

/// Attends `queries` to `layer` of `store`: `output` is `(rows, heads * head_dim)`.
///
/// A row sees the positions up to its own, which the store must hold.
///
/// # Errors
/// `Shape` when the slices do not fit, a block table is too short or names a block that does not exist; `TaskPanicked`.
pub fn attention<T: KvElement>(
    pool: &ThreadPool,
    queries: &Queries<'_>,
    store: &KvStore<T>,
    layer: usize,
    output: &mut [f32],
) -> Result<()> {
    check_shapes(queries, store, layer, output)?;
    let kv_heads = store.shape().kv_heads;
    let group = queries.heads / kv_heads;
    let sequences = queries.sequence_starts.len() - 1;
    let rows =
        |sequence: usize| queries.sequence_starts[sequence] as usize..queries.sequence_starts[sequence + 1] as usize;
    let chunks = |sequence: usize| (rows(sequence).len() * group).div_ceil(QUERIES);
    let tasks = (0..sequences).map(chunks).sum::<usize>() * kv_heads;
    let output = Disjoint::new(output);
    pool.run(tasks, &|mut task| {
        for sequence in 0..sequences {
            let chunks = chunks(sequence);
            if task < chunks * kv_heads {
                let rows = rows(sequence);
                let first = task % chunks * QUERIES;
                let last = (first + QUERIES).min(rows.len() * group);
                let tables = queries.block_table_starts;
                let blocks = &queries.block_tables[tables[sequence] as usize..tables[sequence + 1] as usize];
                let head = KvHead { queries, store, layer, blocks, index: task / chunks, group, first_row: rows.start };
                if last - first <= FEW_QUERIES {
                    head.run::<FEW_QUERIES>(first..last, &output);
                } else {
                    head.run::<QUERIES>(first..last, &output);
                }
                return;
            }
            task -= chunks * kv_heads;
        }
    })
}

fn check_shapes<T: KvElement>(queries: &Queries<'_>, store: &KvStore<T>, layer: usize, output: &[f32]) -> Result<()> {
    let shape = store.shape();
    let rows = queries.positions.len();
    check(layer < shape.layers, "a KV layer does not exist")?;
    check(shape.head_dim <= MAX_HEAD_DIM, "a head is wider than attention's scratch")?;
    check(queries.heads > 0 && queries.heads.is_multiple_of(shape.kv_heads), "KV heads do not divide the heads")?;
    let width = queries.heads * shape.head_dim;
    check(queries.values.len() == rows * width, "queries are not (rows, heads * head_dim)")?;
    check(output.len() == queries.values.len(), "output of attention differs from its queries")?;
    check(queries.window != Some(0), "a window sees nothing")?;
    let starts = queries.sequence_starts;
    check(starts.len() == queries.block_table_starts.len() && !starts.is_empty(), "sequences and tables differ")?;
    check(starts[0] == 0 && starts[starts.len() - 1] as usize == rows, "sequences do not cover the rows")?;
    for (starts, tables) in starts.windows(2).zip(queries.block_table_starts.windows(2)) {
        check(starts[0] <= starts[1] && starts[1] as usize <= rows, "sequences do not ascend")?;
        let positions = &queries.positions[starts[0] as usize..starts[1] as usize];
        let blocks = queries.block_tables.get(tables[0] as usize..tables[1] as usize);
        let Some(blocks) = blocks else { return check(false, "block tables do not ascend") };
        check(blocks.iter().all(|&block| (block as usize) < store.blocks()), "a block does not exist")?;
        let covered = blocks.len() * shape.block_size;
        check(positions.iter().all(|&position| (position as usize) < covered), "a block table is too short")?;
    }
    Ok(())
}

/// One KV head of one sequence.
struct KvHead<'a, T: KvElement> {
    queries: &'a Queries<'a>,
    store: &'a KvStore<T>,
    layer: usize,
    blocks: &'a [u32],
    index: usize,
    /// Query heads of this KV head.
    group: usize,
    first_row: usize,
}

/// Running softmax of one query; its weighted values are in the output.
#[derive(Clone, Copy)]
struct Running {
    maximum: f32,
    sum: f32,
    /// Whether a tile was merged.
    started: bool,
}

impl<T: KvElement> KvHead<'_, T> {
    /// Attends queries `range`: query `i` is head `i % group` of row `i / group`.
    fn run<const N: usize>(&self, range: Range<usize>, output: &Disjoint<'_, f32>) {
        let head_dim = self.store.shape().head_dim;
        let count = range.len();
        let mut strip = [0.0_f32; STRIP * MAX_HEAD_DIM];
        let mut scores = [[0.0_f32; TILE]; N];
        let mut partial = [[0.0_f32; MAX_HEAD_DIM]; N];
        let mut running = [Running { maximum: f32::NEG_INFINITY, sum: 0.0, started: false }; N];
        let mut visible = [(0_usize, 0_usize); N];
        for (visible, query) in visible.iter_mut().zip(range.clone()) {
            let end = self.queries.positions[self.first_row + query / self.group] as usize + 1;
            let start = self.queries.window.map_or(0, |window| end.saturating_sub(window as usize));
            *visible = (start, end);
        }
        let visible = &visible[..count];
        let (Some(first), Some(last)) =
            (visible.iter().map(|visible| visible.0).min(), visible.iter().map(|visible| visible.1).max())
        else {
            return;
        };

        for tile in (first / TILE * TILE..last).step_by(TILE) {
            // Of each query, the positions it sees in this tile, counted from the tile's start.
            let seen = |query: usize| {
                let (start, end) = visible[query];
                start.clamp(tile, tile + TILE) - tile..end.clamp(tile, tile + TILE) - tile
            };
            let strips = (first.max(tile) / STRIP * STRIP..last.min(tile + TILE)).step_by(STRIP);
            for position in strips.clone() {
                self.load_keys(position, &mut strip);
                let key_scales = self.scales(position, KvStore::key_scales);
                for (query, scores) in scores.iter_mut().enumerate().take(count) {
                    let seen = seen(query);
                    let at = position - tile;
                    if seen.start < at + STRIP && at < seen.end {
                        let sums = score(self.query(range.start + query), &strip);
                        let scores = &mut scores[at..at + STRIP];
                        for (score, sum) in scores.iter_mut().zip(sums) {
                            *score = sum * self.queries.scale;
                        }
                        if T::SCALED {
                            for (score, scale) in scores.iter_mut().zip(key_scales) {
                                *score *= scale;
                            }
                        }
                    }
                }
            }
            let mut tile_running = [(0.0_f32, 0.0_f32); N];
            for query in 0..count {
                let seen = seen(query);
                tile_running[query] = tile_softmax(&mut scores[query], seen);
                partial[query][..head_dim].fill(0.0);
            }
            for position in strips {
                self.load_values(position, &mut strip);
                let value_scales = self.scales(position, KvStore::value_scales);
                for query in 0..count {
                    let seen = seen(query);
                    let at = position - tile;
                    let (start, end) = (seen.start.clamp(at, at + STRIP), seen.end.clamp(at, at + STRIP));
                    let (seen, values) = (start - at..end - at, &strip[(start - at) * head_dim..(end - at) * head_dim]);
                    let weights = &mut scores[query][start..end];
                    if T::SCALED {
                        for (weight, scale) in weights.iter_mut().zip(&value_scales[seen]) {
                            *weight *= scale;
                        }
                    }
                    add_values(&mut partial[query][..head_dim], weights, values);
                }
            }
            for query in 0..count {
                if seen(query).is_empty() {
                    continue;
                }
                // SAFETY: a query belongs to one task.
                let output = unsafe { output.slice(self.place(range.start + query)) };
                merge(&mut running[query], output, tile_running[query], &partial[query][..head_dim]);
            }
        }
        for (query, running) in running.iter().enumerate().take(count) {
            // SAFETY: as above.
            let output = unsafe { output.slice(self.place(range.start + query)) };
            let inverse = 1.0 / running.sum;
            for value in output {
                *value *= inverse;
            }
        }
    }

    /// Where a query and its output are.
    fn place(&self, query: usize) -> Range<usize> {
        let head_dim = self.store.shape().head_dim;
        let head = self.index * self.group + query % self.group;
        let start = ((self.first_row + query / self.group) * self.queries.heads + head) * head_dim;
        start..start + head_dim
    }

    fn query(&self, query: usize) -> &[f32] {
        &self.queries.values[self.place(query)]
    }

    /// Keys of the strip at `position` as `(head_dim, STRIP)`.
    fn load_keys(&self, position: usize, strip: &mut [f32]) {
        let block_size = self.store.shape().block_size;
        let block = self.blocks[position / block_size] as usize;
        let offset = position % block_size;
        let keys = self.store.keys(block, self.layer, self.index);
        let (strip, _) = strip.as_chunks_mut::<STRIP>();
        for (lanes, keys) in strip.iter_mut().zip(keys.chunks_exact(block_size)) {
            for (lane, key) in lanes.iter_mut().zip(&keys[offset..offset + STRIP]) {
                *lane = key.to_f32();
            }
        }
    }

    /// Values of the strip at `position` as `(STRIP, head_dim)`.
    fn load_values(&self, position: usize, strip: &mut [f32]) {
        let shape = self.store.shape();
        let block = self.blocks[position / shape.block_size] as usize;
        let offset = position % shape.block_size;
        let values = self.store.values(block, self.layer, self.index);
        let values = &values[offset * shape.head_dim..(offset + STRIP) * shape.head_dim];
        for (out, value) in strip.iter_mut().zip(values) {
            *out = value.to_f32();
        }
    }

    /// Scales of the strip at `position` that `of` finds in a block; of no use when `T` is not scaled.
    #[inline(always)]
    fn scales(&self, position: usize, of: impl Fn(&'_ KvStore<T>, usize, usize, usize) -> &'_ [f32]) -> [f32; STRIP] {
        let mut strip = [0.0; STRIP];
        if T::SCALED {
            let block_size = self.store.shape().block_size;
            let block = self.blocks[position / block_size] as usize;
            let scales = of(self.store, block, self.layer, self.index);
            strip.copy_from_slice(&scales[position % block_size..][..STRIP]);
        }
        strip
    }
}

/// Scores of a query with the keys of a strip: one lane is one position, summed over the head ascending.
#[inline(always)]
fn score(query: &[f32], keys: &[f32]) -> [f32; STRIP] {
    let mut sums = [0.0_f32; STRIP];
    let (keys, _) = keys.as_chunks::<STRIP>();
    for (query, keys) in query.iter().zip(keys) {
        for (sum, key) in sums.iter_mut().zip(keys) {
            *sum += query * key;
        }
    }
    sums
}

/// Replaces the scores a query sees by `e^(score - maximum)`, the others by 0, and returns maximum and sum.
///
/// The sum's lanes belong to positions, so that it is the same wherever a window starts.
#[inline(always)]
fn tile_softmax(scores: &mut [f32; TILE], seen: Range<usize>) -> (f32, f32) {
    scores[..seen.start].fill(0.0);
    scores[seen.end..].fill(0.0);
    let mut maximum = f32::NEG_INFINITY;
    for &score in &scores[seen.clone()] {
        maximum = if score > maximum { score } else { maximum };
    }
    for score in &mut scores[seen] {
        *score = exp(*score - maximum);
    }
    let mut lanes = [0.0; crate::lanes::LANES];
    crate::lanes::add(&mut lanes, scores);
    (maximum, crate::lanes::reduce(&lanes))
}

/// `out[d] += weights[p] * values[p][d]`, positions ascending.
#[inline(always)]
fn add_values(out: &mut [f32], weights: &[f32], values: &[f32]) {
    let head_dim = out.len();
    let (chunks, rest) = out.as_chunks_mut::<STRIP>();
    let rest_at = chunks.len() * STRIP;
    for (index, chunk) in chunks.iter_mut().enumerate() {
        let mut sums = *chunk;
        for (weight, values) in weights.iter().zip(values.chunks_exact(head_dim)) {
            for (sum, value) in sums.iter_mut().zip(&values[index * STRIP..(index + 1) * STRIP]) {
                *sum += weight * value;
            }
        }
        *chunk = sums;
    }
    for (weight, values) in weights.iter().zip(values.chunks_exact(head_dim)) {
        for (sum, value) in rest.iter_mut().zip(&values[rest_at..]) {
            *sum += weight * value;
        }
    }
}

/// Adds a tile to what the tiles before it gave.
#[inline(always)]
fn merge(running: &mut Running, output: &mut [f32], (maximum, sum): (f32, f32), partial: &[f32]) {
    if !running.started {
        *running = Running { maximum, sum, started: true };
        output.copy_from_slice(partial);
        return;
    }
    let largest = if maximum > running.maximum { maximum } else { running.maximum };
    let (before, now) = (exp(running.maximum - largest), exp(maximum - largest));
    running.maximum = largest;
    running.sum = running.sum * before + sum * now;
    for (output, partial) in output.iter_mut().zip(partial) {
        *output = *output * before + partial * now;
    }
}
