//! What attention is divided into.

use std::ops::Range;

use super::kv_head::KvHead;
use super::{QUERIES, Queries, TILE};
use crate::kv_element::KvElement;
use crate::kv_store::KvStore;

/// What is to be done: for each sequence, each of its KV heads, and each of its chunks of queries.
pub(super) struct Tasks<'a, T: KvElement> {
    pub(super) queries: &'a Queries<'a>,
    pub(super) store: &'a KvStore<T>,
    pub(super) layer: usize,
    /// Query heads of a KV head.
    pub(super) group: usize,
}

impl<'a, T: KvElement> Tasks<'a, T> {
    fn sequences(&self) -> Range<usize> {
        0..self.queries.sequence_starts.len() - 1
    }

    fn rows(&self, sequence: usize) -> Range<usize> {
        let starts = self.queries.sequence_starts;
        starts[sequence] as usize..starts[sequence + 1] as usize
    }

    /// Chunks of the queries of one KV head of a sequence.
    fn chunks(&self, sequence: usize) -> usize {
        (self.rows(sequence).len() * self.group).div_ceil(QUERIES)
    }

    pub(super) fn count(&self) -> usize {
        self.sequences().map(|sequence| self.chunks(sequence)).sum::<usize>() * self.store.shape().kv_heads
    }

    /// The sequence, the head and the queries of a task.
    pub(super) fn get(&self, mut task: usize) -> (usize, KvHead<'a, T>, Range<usize>) {
        let Self { queries, store, layer, group } = *self;
        let mut sequence = 0;
        while task >= self.chunks(sequence) * store.shape().kv_heads {
            task -= self.chunks(sequence) * store.shape().kv_heads;
            sequence += 1;
        }
        let (rows, chunks) = (self.rows(sequence), self.chunks(sequence));
        let first = task % chunks * QUERIES;
        let tables = queries.block_table_starts;
        let blocks = &queries.block_tables[tables[sequence] as usize..tables[sequence + 1] as usize];
        let head = KvHead { queries, store, layer, blocks, index: task / chunks, group, first_row: rows.start };
        (sequence, head, first..(first + QUERIES).min(rows.len() * group))
    }

    /// Tiles that some row of a sequence sees.
    pub(super) fn tiles(&self, sequence: usize) -> Range<usize> {
        let positions = &self.queries.positions[self.rows(sequence)];
        let (Some(first), Some(last)) = (positions.first(), positions.last()) else { return 0..0 };
        let start = self.queries.window.map_or(0, |window| (*first as usize + 1).saturating_sub(window as usize));
        start / TILE..(*last as usize + 1).div_ceil(TILE)
    }

    /// Tiles of the sequence that has most.
    pub(super) fn longest(&self) -> usize {
        self.sequences().map(|sequence| self.tiles(sequence).len()).max().unwrap_or(0)
    }
}
