//! Speed of the matrix products on this machine: `cargo run --release -p wick-kernels --example throughput -- [threads]`.

#![expect(clippy::print_stdout, reason = "prints its table")]

use std::time::{Duration, Instant};

use wick_kernels::matmul::{Input, Product, matmul};
use wick_kernels::synthetic::{values, weight};
use wick_kernels::{BlockType, QuantizedRows, Result, ThreadPool};

/// Outputs and inputs of the measured weight.
const SHAPE: (usize, usize) = (3072, 1024);
/// Weights gone through in turn, so that the caches do not hold the next one.
const COPIES: u64 = 16;
const TIME: Duration = Duration::from_millis(400);

fn main() -> Result<()> {
    let threads = std::env::args().nth(1).and_then(|threads| threads.parse().ok()).unwrap_or(1);
    let pool = ThreadPool::new(threads)?;
    let (outputs, inputs) = SHAPE;
    println!("({outputs}, {inputs}) weights, {threads} threads");
    println!("{:>6} {:>12} {:>12} {:>12} {:>12}", "type", "m=1 GB/s", "m=1 GFLOP/s", "m=4 GFLOP/s", "m=64 GFLOP/s");
    for block_type in BlockType::ALL {
        let weights: Vec<_> =
            (0..COPIES).map(|seed| weight(block_type, outputs, inputs, seed, 0.05)).collect::<Result<_>>()?;
        let mut rates = [0.0; 3];
        for (rate, rows) in rates.iter_mut().zip([1, 4, 64]) {
            let input = values(rows * inputs, 1, 1.0);
            let mut output = vec![0.0; rows * outputs];
            let mut quantized = QuantizedRows::with_capacity(input.len())?;
            let mut best = f64::INFINITY;
            let start = Instant::now();
            while start.elapsed() < TIME {
                for weight in &weights {
                    let once = Instant::now();
                    if block_type.is_quantized() {
                        quantized.quantize(&pool, &input, inputs)?;
                    }
                    let product = Product { weight, bias: None, accumulate: false, output: &mut output };
                    matmul(&pool, Input { values: &input, quantized: &quantized, rows }, [product])?;
                    best = best.min(once.elapsed().as_secs_f64());
                }
            }
            *rate = (2 * rows * outputs * inputs) as f64 / best / 1e9;
        }
        let bytes = block_type.row_bytes(inputs).unwrap_or(0) * outputs;
        let bandwidth = rates[0] / (2 * outputs * inputs) as f64 * bytes as f64;
        let name = format!("{block_type:?}");
        println!("{name:>6} {bandwidth:>12.2} {:>12.2} {:>12.2} {:>12.2}", rates[0], rates[1], rates[2]);
    }
    Ok(())
}
