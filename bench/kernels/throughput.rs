//! Speed of the matrix products on this machine, by each tier that it has, or by the `fastest`:
//! `cargo run --release -p wick-kernels --example throughput -- [threads] [types and tiers]`.

#![expect(clippy::print_stdout, reason = "prints its table")]

use std::time::{Duration, Instant};

use wick_kernels::matmul::{Input, Product, matmul};
use wick_kernels::synthetic::{values, weight_for};
use wick_kernels::{Activations, Bf16Rows, BlockType, QuantizedRows, Result, ThreadPool, Tier};

/// Outputs and inputs of the measured weights, as a layer of a small model has them.
const SHAPE: (usize, usize) = (3072, 1024);
/// Weights gone through in turn, so that the caches do not hold the next one.
const COPIES: u64 = 240;
const TIME: Duration = Duration::from_millis(400);

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let threads = arguments.get(1).and_then(|threads| threads.parse().ok()).unwrap_or(1);
    let (outputs, inputs) = SHAPE;
    println!("({outputs}, {inputs}) weights, {threads} threads");
    println!(
        "{:>6} {:>10} {:>12} {:>12} {:>12} {:>12} {:>12}",
        "type", "tier", "m=1 GB/s", "m=1 GFLOP/s", "m=4 GFLOP/s", "m=64 GFLOP/s", "m=256 GFLOP/s"
    );
    let wanted = arguments.get(2..).unwrap_or_default();
    let names = |of: &[String]| wanted.iter().filter(|name| of.contains(name)).cloned().collect::<Vec<_>>();
    let types = names(&BlockType::ALL.map(|block_type| format!("{block_type:?}")));
    let mut tiers = names(&Tier::ALL.iter().map(|tier| format!("{tier:?}")).collect::<Vec<_>>());
    if wanted.iter().any(|name| name == "fastest") {
        tiers.push(format!("{:?}", Tier::detect()));
    }
    let is_wanted = |names: &[String], name: String| names.is_empty() || names.contains(&name);
    for (block_type, tier) in
        BlockType::ALL.into_iter().flat_map(|block_type| Tier::available().map(move |tier| (block_type, tier))).filter(
            |(block_type, tier)| is_wanted(&types, format!("{block_type:?}")) && is_wanted(&tiers, format!("{tier:?}")),
        )
    {
        let weights: Vec<_> = (0..COPIES)
            .map(|seed| weight_for(tier, block_type, (outputs, inputs), seed, 0.05))
            .collect::<Result<_>>()?;
        let pool = ThreadPool::for_tier(threads, tier)?;
        let mut rates = [0.0; 4];
        for (rate, rows) in rates.iter_mut().zip([1, 4, 64, 256]) {
            let input = values(rows * inputs, 1, 1.0);
            let mut output = vec![0.0; rows * outputs];
            let mut quantized = QuantizedRows::with_capacity(rows, inputs)?;
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
        let [one, four, many, chunk] = rates;
        println!("{name:>6} {tier:>10} {bandwidth:>12.2} {one:>12.2} {four:>12.2} {many:>12.2} {chunk:>13.2}");
    }
    Ok(())
}
