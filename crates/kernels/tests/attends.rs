//! Attention against naive f64, and its bits against themselves under every chunking.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::ops::Range;

use wick_kernels::attention::{Queries, TileResults, attention};
use wick_kernels::kv_element::KvElement;
use wick_kernels::kv_store::{KvShape, KvStore};
use wick_kernels::synthetic::{Random, values};
use wick_kernels::{ThreadPool, Tier};

/// One sequence of `len` positions in shuffled blocks of a store whose other blocks hold NaN.
struct Case {
    heads: usize,
    shape: KvShape,
    len: usize,
    window: Option<u32>,
    queries: Vec<f32>,
    keys: Vec<f32>,
    values: Vec<f32>,
    blocks: Vec<u32>,
}

impl Case {
    fn new(heads: usize, shape: KvShape, len: usize, window: Option<u32>) -> Self {
        let width = shape.kv_heads * shape.head_dim;
        let count = len.div_ceil(shape.block_size) as u32;
        let blocks = (0..count).map(|block| 2 * (count - 1 - block) + 1).collect();
        Self {
            heads,
            shape,
            len,
            window,
            queries: values(len * heads * shape.head_dim, 1, 2.0),
            keys: values(len * width, 2, 2.0),
            values: values(len * width, 3, 1.0),
            blocks,
        }
    }

    fn store<T: KvElement>(&self, pool: &ThreadPool) -> KvStore<T> {
        let mut store = KvStore::new(self.shape).unwrap();
        store.reserve(2 * self.blocks.len() + 1).unwrap();
        let size = self.shape.block_size as u32;
        let every: Vec<u32> = (0..store.blocks() as u32 * size).collect();
        let width = self.shape.kv_heads * self.shape.head_dim;
        let stale = vec![f32::NAN; every.len() * width];
        store.write(pool, 0, &every, &stale, &stale).unwrap();
        let slots: Vec<u32> =
            (0..self.len as u32).map(|p| self.blocks[(p / size) as usize] * size + p % size).collect();
        store.write(pool, 0, &slots, &self.keys, &self.values).unwrap();
        store
    }

    /// Rows `range` as one chunk.
    fn run<T: KvElement>(&self, pool: &ThreadPool, store: &KvStore<T>, range: Range<usize>) -> Vec<f32> {
        self.run_chunks(pool, store, &[range])
    }

    /// Some chunks at once, each as if of a sequence of its own.
    fn run_chunks<T: KvElement>(&self, pool: &ThreadPool, store: &KvStore<T>, chunks: &[Range<usize>]) -> Vec<f32> {
        let width = self.heads * self.shape.head_dim;
        let rows = || chunks.iter().cloned().flatten();
        let positions: Vec<u32> = rows().map(|p| p as u32).collect();
        let mut output = vec![f32::NAN; positions.len() * width];
        let values: Vec<f32> = rows().flat_map(|p| self.queries[p * width..][..width].to_vec()).collect();
        let ends = |lengths: &mut dyn Iterator<Item = usize>| -> Vec<u32> {
            let ends = lengths.scan(0, |end, length| {
                *end += length as u32;
                Some(*end)
            });
            std::iter::once(0).chain(ends).collect()
        };
        let queries = Queries {
            values: &values,
            heads: self.heads,
            positions: &positions,
            sequence_starts: &ends(&mut chunks.iter().map(Range::len)),
            block_tables: &self.blocks.repeat(chunks.len()),
            block_table_starts: &ends(&mut chunks.iter().map(|_| self.blocks.len())),
            scale: 0.25,
            window: self.window,
        };
        let mut results = TileResults::new(self.heads, self.shape.head_dim).unwrap();
        attention(pool, &queries, store, 0, &mut results, &mut output).unwrap();
        output
    }

    fn exact(&self) -> Vec<f64> {
        let KvShape { kv_heads, head_dim, .. } = self.shape;
        let mut output = Vec::new();
        for position in 0..self.len {
            let start = self.window.map_or(0, |window| (position + 1).saturating_sub(window as usize));
            for head in 0..self.heads {
                let kv_head = head / (self.heads / kv_heads);
                let query = &self.queries[(position * self.heads + head) * head_dim..][..head_dim];
                let at = |p: usize| (p * kv_heads + kv_head) * head_dim;
                let weights: Vec<f64> = (start..=position)
                    .map(|p| {
                        let key = &self.keys[at(p)..][..head_dim];
                        let score: f64 = query.iter().zip(key).map(|(&q, &k)| f64::from(q) * f64::from(k)).sum();
                        (score * 0.25).exp()
                    })
                    .collect();
                let sum: f64 = weights.iter().sum();
                for d in 0..head_dim {
                    let value = |p: usize| f64::from(self.values[at(p) + d]);
                    output.push((start..=position).zip(&weights).map(|(p, w)| w * value(p)).sum::<f64>() / sum);
                }
            }
        }
        output
    }
}

fn shapes() -> Vec<(usize, KvShape)> {
    let shape = |kv_heads, head_dim, block_size| KvShape { layers: 1, kv_heads, head_dim, block_size };
    vec![(4, shape(2, 32, 16)), (3, shape(1, 20, 32)), (2, shape(2, 64, 256)), (12, shape(1, 16, 48))]
}

#[test]
fn agrees_with_f64() {
    let pool = ThreadPool::new(2).unwrap();
    for (heads, shape) in shapes() {
        for window in [None, Some(1), Some(50), Some(200)] {
            let case = Case::new(heads, shape, 300, window);
            let exact = case.exact();
            for (got, exact) in case.run(&pool, &case.store::<f32>(&pool), 0..300).iter().zip(&exact) {
                assert!((f64::from(*got) - exact).abs() < 3e-6, "{got} {exact}");
            }
            let halves = case.run(&pool, &case.store::<u16>(&pool), 0..300);
            let error: f64 = halves.iter().zip(&exact).map(|(&got, exact)| (f64::from(got) - exact).powi(2)).sum();
            assert!(error / exact.iter().map(|x| x * x).sum::<f64>() < 1e-5);
        }
    }
}

#[test]
fn integers_agree_with_f32() {
    let pool = ThreadPool::new(2).unwrap();
    for (heads, shape) in shapes() {
        for window in [None, Some(1), Some(50), Some(200)] {
            let case = Case::new(heads, shape, 300, window);
            let floats = case.run(&pool, &case.store::<f32>(&pool), 0..300);
            let integers = case.run(&pool, &case.store::<i8>(&pool), 0..300);
            let square = |x: f32| f64::from(x).powi(2);
            let error: f64 = integers.iter().zip(&floats).map(|(a, b)| square(a - b)).sum();
            let error = error / floats.iter().copied().map(square).sum::<f64>();
            println!("{shape:?}, window {window:?}: NMSE {error:.2e}");
            assert!(error < 1e-4, "{error} {shape:?} {window:?}");
        }
    }
}

fn same_bits_in_any_chunks<T: KvElement>() {
    let mut random = Random(11);
    for (heads, shape) in shapes() {
        for window in [None, Some(37), Some(129)] {
            let case = Case::new(heads, shape, 300, window);
            let alone = ThreadPool::new(1).unwrap();
            let store = case.store::<T>(&alone);
            let whole = case.run(&alone, &store, 0..300);
            let width = heads * shape.head_dim;
            for (threads, tier) in
                [1, 2, 4].into_iter().flat_map(|threads| Tier::available().map(move |t| (threads, t)))
            {
                let pool = ThreadPool::for_tier(threads, tier).unwrap();
                let mut start = 0;
                while start < 300 {
                    let end = 300.min(start + 1 + random.below(if start % 2 == 0 { 3 } else { 64 }));
                    let part = case.run(&pool, &store, start..end);
                    let expected = &whole[start * width..end * width];
                    assert!(
                        part.iter().zip(expected).all(|(a, b)| a.to_bits() == b.to_bits()),
                        "{tier:?}, {start}..{end}"
                    );
                    start = end;
                }
            }
        }
    }
}

#[test]
fn bits_do_not_depend_on_chunks_threads_or_tier() {
    same_bits_in_any_chunks::<f32>();
    same_bits_in_any_chunks::<u16>();
    same_bits_in_any_chunks::<i8>();
}

fn same_bits_however_tiles_are_divided<T: KvElement>() {
    for (heads, shape) in shapes() {
        for window in [None, Some(700)] {
            let case = Case::new(heads, shape, 1300, window);
            let alone = ThreadPool::new(1).unwrap();
            let store = case.store::<T>(&alone);
            let chunks: [&[Range<usize>]; 4] = [
                &[1299..1300, 0..0],
                &[100..105, 1000..1001],
                &[0..0, 1284..1300],
                &[1290..1294, 640..641, 3..5, 900..902],
            ];
            for chunks in chunks {
                let whole = case.run_chunks(&alone, &store, chunks);
                assert!(whole.iter().all(|value| value.is_finite()));
                for (threads, tier) in
                    [2, 3, 7].into_iter().zip(Tier::available().collect::<Vec<_>>().into_iter().cycle())
                {
                    let pool = ThreadPool::for_tier(threads, tier).unwrap();
                    let divided = case.run_chunks(&pool, &store, chunks);
                    let same = divided.iter().zip(&whole).all(|(a, b)| a.to_bits() == b.to_bits());
                    assert!(same, "{threads} threads, {tier:?}, {shape:?}, window {window:?}, {chunks:?}");
                }
            }
        }
    }
}

#[test]
fn bits_do_not_depend_on_how_tiles_are_divided() {
    same_bits_however_tiles_are_divided::<f32>();
    same_bits_however_tiles_are_divided::<u16>();
    same_bits_however_tiles_are_divided::<i8>();
}

/// More tiles than are kept at a time.
#[test]
fn long_contexts_are_merged_in_rounds() {
    let shape = KvShape { layers: 1, kv_heads: 1, head_dim: 16, block_size: 256 };
    let case = Case::new(2, shape, 20_000, None);
    let alone = ThreadPool::new(1).unwrap();
    let store = case.store::<u16>(&alone);
    let chunks = [19_999..20_000, 8_191..8_193];
    let whole = case.run_chunks(&alone, &store, &chunks);
    let pool = ThreadPool::new(3).unwrap();
    let divided = case.run_chunks(&pool, &store, &chunks);
    assert!(divided.iter().zip(&whole).all(|(a, b)| a.to_bits() == b.to_bits()));
}

#[test]
fn refuses_what_does_not_fit() {
    let pool = ThreadPool::new(1).unwrap();
    let (heads, shape) = shapes()[0];
    let case = Case::new(heads, shape, 20, None);
    let store = case.store::<f32>(&pool);
    let good = Queries {
        values: &case.queries,
        heads,
        positions: &(0..20).collect::<Vec<u32>>(),
        sequence_starts: &[0, 20],
        block_tables: &case.blocks,
        block_table_starts: &[0, 2],
        scale: 1.0,
        window: None,
    };
    let mut output = vec![0.0; case.queries.len()];
    let mut results = TileResults::new(heads, shape.head_dim).unwrap();
    let mut run = |queries: Queries<'_>| attention(&pool, &queries, &store, 0, &mut results, &mut output).is_ok();
    assert!(run(good));
    assert!(!run(Queries { heads: 5, ..good }));
    assert!(!run(Queries { window: Some(0), ..good }));
    assert!(!run(Queries { sequence_starts: &[0, 21], ..good }));
    assert!(!run(Queries { sequence_starts: &[0, 19], ..good }));
    assert!(!run(Queries { sequence_starts: &[0, 25, 20], block_table_starts: &[0, 1, 2], ..good }));
    assert!(!run(Queries { block_table_starts: &[0, 1], ..good }));
    assert!(!run(Queries { block_table_starts: &[0, 3], ..good }));
    assert!(!run(Queries { block_tables: &[1, 5], ..good }));
    assert!(!run(Queries { sequence_starts: &[], block_table_starts: &[], ..good }));
    assert!(!run(Queries { values: &case.queries[1..], ..good }));
    let mut results = TileResults::new(heads, shape.head_dim / 2).unwrap();
    assert!(attention(&pool, &good, &store, 0, &mut results, &mut output).is_err());
}
