//! Speed of the matrix products on this machine, by each tier that it has:
//! `cargo run --release -p wick-kernels --example throughput -- [threads] [types]`.

#![expect(clippy::print_stdout, reason = "prints its table")]

use std::time::{Duration, Instant};

use wick_kernels::matmul::{Input, Product, matmul};
use wick_kernels::synthetic::{values, weight_for};
use wick_kernels::{Activations, Bf16Rows, BlockType, QuantizedRows, Result, ThreadPool, Tier};

/// Outputs and inputs of the measured weights, larger than any cache.
const SHAPE: (usize, usize) = (30720, 1024);
/// Weights gone through in turn, so that the caches do not hold the next one.
const COPIES: u64 = 6;
const TIME: Duration = Duration::from_millis(400);

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let threads = arguments.get(1).and_then(|threads| threads.parse().ok()).unwrap_or(1);
    let (outputs, inputs) = SHAPE;
    println!("({outputs}, {inputs}) weights, {threads} threads");
    println!(
        "{:>6} {:>10} {:>12} {:>12} {:>12} {:>12}",
        "type", "tier", "m=1 GB/s", "m=1 GFLOP/s", "m=4 GFLOP/s", "m=64 GFLOP/s"
    );
    let wanted = arguments.get(2..).unwrap_or_default();
    let is_wanted = |block_type: &BlockType| wanted.is_empty() || wanted.contains(&format!("{block_type:?}"));
    for (block_type, tier) in BlockType::ALL
        .into_iter()
        .filter(is_wanted)
        .flat_map(|block_type| Tier::available().map(move |t| (block_type, t)))
    {
        let weights: Vec<_> = (0..COPIES)
            .map(|seed| weight_for(tier, block_type, (outputs, inputs), seed, 0.05))
            .collect::<Result<_>>()?;
        let pool = ThreadPool::for_tier(threads, tier)?;
        let mut rates = [0.0; 3];
        for (rate, rows) in rates.iter_mut().zip([1, 4, 64]) {
            let input = values(rows * inputs, 1, 1.0);
            let mut output = vec![0.0; rows * outputs];
            let mut quantized = QuantizedRows::with_capacity(input.len())?;
            let mut rounded = Bf16Rows::with_capacity(input.len())?;
            let mut times = Vec::new();
            let start = Instant::now();
            while start.elapsed() < TIME {
                for weight in &weights {
                    let once = Instant::now();
                    let activations = Activations::Plain { values: &input, width: inputs };
                    if block_type.is_quantized() {
                        quantized.quantize(&pool, &activations)?;
                    }
                    if block_type == BlockType::BF16 {
                        rounded.round(&pool, &activations)?;
                    }
                    let product = Product { weight, bias: None, accumulate: false, output: &mut output };
                    matmul(&pool, Input { values: &input, rounded: &rounded, quantized: &quantized, rows }, [product])?;
                    times.push(once.elapsed().as_secs_f64());
                }
            }
            times.sort_by(f64::total_cmp);
            *rate = (2 * rows * outputs * inputs) as f64 / times[times.len() / 2] / 1e9;
        }
        let bytes = block_type.row_bytes(inputs).unwrap_or(0) * outputs;
        let bandwidth = rates[0] / (2 * outputs * inputs) as f64 * bytes as f64;
        let (name, tier) = (format!("{block_type:?}"), format!("{tier:?}"));
        println!("{name:>6} {tier:>10} {bandwidth:>12.2} {:>12.2} {:>12.2} {:>12.2}", rates[0], rates[1], rates[2]);
    }
    Ok(())
}
