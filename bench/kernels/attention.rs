//! Speed of attention on this machine, by each tier that it has:
//! `cargo run --release -p wick-kernels --example attention -- [threads] [tiers]`.

#![expect(clippy::print_stdout, reason = "prints its table")]

use std::time::{Duration, Instant};

use wick_kernels::attention::{Queries, TileResults, attention};
use wick_kernels::kv_element::KvElement;
use wick_kernels::kv_store::{KvShape, KvStore};
use wick_kernels::synthetic::values;
use wick_kernels::{Result, ThreadPool, Tier};

/// Qwen3-0.6B's, with so many layers that the caches do not hold the next one.
const SHAPE: KvShape = KvShape { layers: 7, kv_heads: 8, head_dim: 128, block_size: 32 };
const HEADS: usize = 16;
const CONTEXT: usize = 2048;
const TIME: Duration = Duration::from_millis(500);

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let threads = arguments.get(1).and_then(|threads| threads.parse().ok()).unwrap_or(1);
    let wanted = arguments.get(2..).unwrap_or_default();
    println!("{HEADS} heads, {SHAPE:?}, {CONTEXT} positions, {threads} threads");
    println!("{:>4} {:>10} {:>16} {:>20}", "type", "tier", "decode GB/s", "prefill GFLOP/s");
    for tier in Tier::available().filter(|tier| wanted.is_empty() || wanted.contains(&format!("{tier:?}"))) {
        let pool = ThreadPool::for_tier(threads, tier)?;
        measure::<u16>("f16", &pool)?;
        measure::<f32>("f32", &pool)?;
        measure::<i8>("q8", &pool)?;
    }
    Ok(())
}

fn measure<T: KvElement>(name: &str, pool: &ThreadPool) -> Result<()> {
    let mut store = KvStore::<T>::new(SHAPE)?;
    let blocks: Vec<u32> = (0..(CONTEXT / SHAPE.block_size) as u32).collect();
    store.reserve(blocks.len())?;
    let (width, slots) = (SHAPE.kv_heads * SHAPE.head_dim, (0..CONTEXT as u32).collect::<Vec<_>>());
    let stored = values(CONTEXT * width, 1, 1.0);
    for layer in 0..SHAPE.layers {
        store.write(pool, layer, &slots, &stored, &stored)?;
    }
    let mut results = TileResults::new(HEADS, SHAPE.head_dim)?;
    let mut seconds = [f64::INFINITY; 2];
    let rows = [1, 256];
    for (best, rows) in seconds.iter_mut().zip(rows) {
        let query = values(rows * HEADS * SHAPE.head_dim, 2, 1.0);
        let mut output = vec![0.0; query.len()];
        let positions: Vec<u32> = ((CONTEXT - rows) as u32..CONTEXT as u32).collect();
        let start = Instant::now();
        while start.elapsed() < TIME {
            for layer in 0..SHAPE.layers {
                let queries = Queries {
                    values: &query,
                    heads: HEADS,
                    positions: &positions,
                    sequence_starts: &[0, rows as u32],
                    block_tables: &blocks,
                    block_table_starts: &[0, blocks.len() as u32],
                    scale: 0.1,
                    window: None,
                };
                let once = Instant::now();
                attention(pool, &queries, &store, layer, &mut results, &mut output)?;
                *best = best.min(once.elapsed().as_secs_f64());
            }
        }
    }
    let bandwidth = (2 * CONTEXT * width * size_of::<T>()) as f64 / seconds[0] / 1e9;
    let products = rows[1] * HEADS * SHAPE.head_dim * (CONTEXT - rows[1] / 2);
    let tier = format!("{:?}", pool.tier());
    println!("{name:>4} {tier:>10} {bandwidth:>16.2} {:>20.2}", (4 * products) as f64 / seconds[1] / 1e9);
    Ok(())
}
