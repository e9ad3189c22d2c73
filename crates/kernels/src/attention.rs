//! Causal attention over block KV, prefill and decode alike.
//!
//! Positions are cut at multiples of [`TILE`], counted from position 0 of the sequence whatever the window or the chunk. A tile
//! gives each query a maximum, a sum and a weighted value; tiles are merged ascending by online softmax (Milakov and Gimelshein
//! 2018). So a query's bits depend on its position and the keys it sees, and tiles could run on any thread.
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

use crate::disjoint::Disjoint;
use crate::error::{Result, check};
use crate::kv_element::KvElement;
use crate::kv_store::KvStore;
use crate::pool::ThreadPool;
use kv_head::{Attend, KvHead};

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
                let (range, output) = (first..last, &output);
                if range.len() <= FEW_QUERIES {
                    pool.tier().run(Attend::<T, FEW_QUERIES, 0> { head, range, output });
                } else {
                    pool.tier().run(Attend::<T, QUERIES, { SPAN * MAX_HEAD_DIM }> { head, range, output });
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
