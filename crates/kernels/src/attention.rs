//! Causal attention over block KV, prefill and decode alike.
//!
//! Positions are cut at multiples of [`TILE`], counted from position 0 of the sequence whatever the window or the chunk. A tile
//! gives each query a maximum, a sum and a weighted value; tiles are merged ascending by online softmax (Milakov and Gimelshein
//! 2018). So a query's bits depend on its position and the keys it sees, and where there are few heads threads share
//! the tiles of one.
//!
//! Where stored keys and values have scales, a score is `q · integers * scale * key_scale` and a value's weight
//! `e^(score - maximum) * value_scale`: one multiplication for a position instead of one for each of its elements.
//!
//! Queries and weights of halves and bytes are shortened ([`crate::short`]): their products are exact, and added by one instruction where
//! there is one.

mod ahead;
mod kv_head;
mod products;
mod softmax;
mod tasks;
mod tile_results;

use std::ops::Range;

use crate::disjoint::Disjoint;
use crate::error::{Result, check};
use crate::kv_element::KvElement;
use crate::kv_store::KvStore;
use crate::pool::ThreadPool;
use kv_head::{Attend, Destination, KvHead, MergeKept};
use tasks::Tasks;

pub use tile_results::TileResults;

/// Positions whose softmax is computed in one go.
const TILE: usize = 128;
/// Positions that lie in one block wherever they start; divides every block size.
const STRIP: usize = 16;
/// Positions that are scored at a time; divides a tile.
const SPAN: usize = 4 * STRIP;
/// Widest head. The scratch of a task lies on its stack.
pub const MAX_HEAD_DIM: usize = 256;
/// Queries of a task in prefill: rows times the query heads of one KV head.
const QUERIES: usize = 32;
/// The same in decode, so that less scratch is touched.
const FEW_QUERIES: usize = 8;
/// Tasks for each thread below which the tiles of a head are divided.
const TASKS_PER_THREAD: usize = 4;
/// Tiles that are worth a task of their own.
const MIN_TILES: usize = 2;

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
/// A row sees the positions up to its own, which the store must hold. Where there are few heads for the pool's threads, `results` are of
/// use.
///
/// # Errors
/// `Shape` when the slices do not fit, a block table is too short or names a block that does not exist; `TaskPanicked`.
pub fn attention<T: KvElement>(
    pool: &ThreadPool,
    queries: &Queries<'_>,
    store: &KvStore<T>,
    layer: usize,
    results: &mut TileResults,
    output: &mut [f32],
) -> Result<()> {
    check_shapes(queries, store, layer, results, output)?;
    let tasks = Tasks { queries, store, layer, group: queries.heads / store.shape().kv_heads };
    let rows = queries.positions.len();
    let output = &Disjoint::new(output);
    let (count, together, longest) = (tasks.count(), TileResults::tiles(rows), tasks.longest());
    let parts = (pool.threads() * TASKS_PER_THREAD).div_ceil(count.max(1)).min(longest.min(together) / MIN_TILES);
    if pool.threads() == 1 || parts <= 1 {
        return pool.run(count, &|task| {
            let (_, head, range) = tasks.get(task);
            attend(pool, head, range, 0..usize::MAX, Destination::Output(output));
        });
    }
    let kept = &results.start(rows);
    for first in (0..longest).step_by(together) {
        let of_round = |tiles: Range<usize>| {
            (tiles.start + first).min(tiles.end)..(tiles.start + first).saturating_add(together).min(tiles.end)
        };
        pool.run(count * parts, &|task| {
            let (sequence, head, range) = tasks.get(task / parts);
            let (tiles, part) = (of_round(tasks.tiles(sequence)), task % parts);
            let at = |part: usize| (tiles.start + tiles.len() * part / parts) * TILE;
            attend(pool, head, range, at(part)..at(part + 1), Destination::Kept(kept));
        })?;
        pool.run(count, &|task| {
            let (sequence, head, range) = tasks.get(task);
            let tiles = of_round(tasks.tiles(sequence));
            pool.tier().run(MergeKept { head, range, tiles, kept, output });
        })?;
    }
    Ok(())
}

/// The queries of a task, over the tiles of some positions.
fn attend<T: KvElement>(
    pool: &ThreadPool,
    head: KvHead<'_, T>,
    range: Range<usize>,
    positions: Range<usize>,
    destination: Destination<'_>,
) {
    if range.len() <= FEW_QUERIES {
        pool.tier().run(Attend::<T, FEW_QUERIES, 0> { head, range, positions, destination });
    } else {
        pool.tier().run(Attend::<T, QUERIES, { SPAN * MAX_HEAD_DIM }> { head, range, positions, destination });
    }
}

fn check_shapes<T: KvElement>(
    queries: &Queries<'_>,
    store: &KvStore<T>,
    layer: usize,
    results: &TileResults,
    output: &[f32],
) -> Result<()> {
    let shape = store.shape();
    let rows = queries.positions.len();
    check(layer < shape.layers, "a KV layer does not exist")?;
    check(shape.head_dim <= MAX_HEAD_DIM, "a head is wider than attention's scratch")?;
    check(queries.heads > 0 && queries.heads.is_multiple_of(shape.kv_heads), "KV heads do not divide the heads")?;
    let width = queries.heads * shape.head_dim;
    check(queries.values.len() == rows * width, "queries are not (rows, heads * head_dim)")?;
    check(output.len() == queries.values.len(), "output of attention differs from its queries")?;
    check(results.fits(queries.heads, shape.head_dim), "results of tiles are of another shape")?;
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
