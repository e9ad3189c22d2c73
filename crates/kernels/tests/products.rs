//! Products and embeddings against naive f64, and their bits against themselves under every split.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use wick_kernels::embedding::embedding;
use wick_kernels::matmul::{Input, Product, matmul};
use wick_kernels::synthetic::{Random, values, weight, weight_for};
use wick_kernels::{Activations, Bf16Rows, BlockType, Packed, QuantizedRows, ThreadPool, Tier};

fn dequantized(weight: &Packed) -> Vec<f32> {
    let tokens: Vec<u32> = (0..weight.rows() as u32).collect();
    let mut output = vec![0.0; weight.rows() * weight.columns()];
    embedding(&ThreadPool::new(1).unwrap(), weight, &tokens, &mut output).unwrap();
    output
}

fn product(pool: &ThreadPool, weight: &Packed, bias: Option<&[f32]>, input: &[f32]) -> Vec<f32> {
    let rows = input.len() / weight.columns();
    let mut quantized = QuantizedRows::with_capacity(rows, weight.columns()).unwrap();
    let mut rounded = Bf16Rows::with_capacity(input.len()).unwrap();
    let activations = Activations::Plain { values: input, width: weight.columns() };
    if weight.block_type().is_quantized() {
        quantized.quantize(pool, &activations).unwrap();
    }
    rounded.round(pool, &activations).unwrap();
    let mut output = vec![f32::NAN; rows * weight.rows()];
    let input = Input { values: input, rounded: &rounded, quantized: &quantized, rows };
    matmul(pool, input, [Product { weight, bias, accumulate: false, output: &mut output }]).unwrap();
    output
}

/// Squared error over squared signal.
fn normalised_error(got: &[f32], exact: &[f64]) -> f64 {
    let error: f64 = got.iter().zip(exact).map(|(&got, exact)| (f64::from(got) - exact).powi(2)).sum();
    error / exact.iter().map(|exact| exact * exact).sum::<f64>()
}

#[test]
fn products_agree_with_f64() {
    let pool = ThreadPool::new(2).unwrap();
    for block_type in BlockType::ALL {
        let columns = if block_type.is_quantized() { 512 } else { 519 };
        let weight = weight(block_type, 37, columns, 1, 0.1).unwrap();
        let dense = dequantized(&weight);
        let bias = values(37, 2, 0.5);
        let input = values(5 * columns, 3, 2.0);
        let mut exact = Vec::new();
        for row in input.chunks(columns) {
            for (weights, bias) in dense.chunks(columns).zip(&bias) {
                let sum: f64 = row.iter().zip(weights).map(|(&x, &w)| f64::from(x) * f64::from(w)).sum();
                exact.push(sum + f64::from(*bias));
            }
        }
        let error = normalised_error(&product(&pool, &weight, Some(&bias), &input), &exact);
        let bound = match block_type {
            BlockType::F32 | BlockType::F16 => 1e-12,
            BlockType::BF16 => 3e-6,
            _ => 5e-4,
        };
        assert!(error < bound, "{block_type:?}: {error}");
    }
}

/// Against the same activations rounded as documented, only float rounding is left: the integer part is exact.
#[test]
fn products_are_exact_but_for_rounding() {
    let pool = ThreadPool::new(1).unwrap();
    for block_type in BlockType::ALL {
        let columns = 768;
        let weight = weight(block_type, 21, columns, 4, 0.1).unwrap();
        let dense = dequantized(&weight);
        let input = values(3 * columns, 5, 3.0);
        let mut exact = Vec::new();
        for row in input.chunks(columns) {
            let integers = |group: &[f32]| {
                let largest = group.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
                let (inverse, scale) = (127.0 / largest, largest / 127.0);
                let integer = |x: &f32| f64::from((x * inverse).round_ties_even()) * f64::from(scale);
                group.iter().map(integer).collect::<Vec<_>>()
            };
            let rounded: Vec<f64> = match block_type {
                BlockType::F32 | BlockType::F16 => row.iter().map(|&x| f64::from(x)).collect(),
                BlockType::BF16 => row.iter().map(|&x| half::bf16::from_f32(x).to_f64()).collect(),
                _ => row.chunks(32).flat_map(integers).collect(),
            };
            for weights in dense.chunks(columns) {
                exact.push(rounded.iter().zip(weights).map(|(x, &w)| x * f64::from(w)).sum::<f64>());
            }
        }
        let error = normalised_error(&product(&pool, &weight, None, &input), &exact);
        assert!(error < 1e-12, "{block_type:?}: {error}");
    }
}

#[test]
fn bits_do_not_depend_on_rows_or_threads() {
    let mut random = Random(7);
    for block_type in BlockType::ALL {
        let columns = if block_type.is_quantized() { 512 } else { 531 };
        let weight = weight(block_type, 173, columns, 8, 0.1).unwrap();
        let input = values(70 * columns, 9, 2.0);
        let whole = product(&ThreadPool::new(1).unwrap(), &weight, None, &input);
        for threads in [1, 2, 4] {
            let pool = ThreadPool::new(threads).unwrap();
            for _ in 0..12 {
                let first = random.below(70);
                let rows = 1 + random.below(70 - first);
                let part = product(&pool, &weight, None, &input[first * columns..(first + rows) * columns]);
                let expected = &whole[first * 173..(first + rows) * 173];
                let same = part.iter().zip(expected).all(|(a, b)| a.to_bits() == b.to_bits());
                assert!(same, "{block_type:?}, {threads} threads, rows {first}..{}", first + rows);
            }
        }
    }
}

/// A tier is another way to the same sums, whatever of a weight is in whole panels.
#[test]
fn every_tier_has_the_same_bits() {
    let pools = Tier::available().map(|tier| (tier, ThreadPool::for_tier(2, tier).unwrap())).collect::<Vec<_>>();
    let mut random = Random(11);
    for block_type in BlockType::ALL {
        for _ in 0..40 {
            let columns = 256 * (1 + random.below(3));
            let shape = (1 + random.below(70), if block_type.is_quantized() { columns } else { columns - 5 });
            let rows = 1 + random.below(40);
            let seed = random.below(1000) as u64;
            let mut input = values(rows * shape.1, seed, 3.0);
            // Every sign and the largest integers.
            input[..32].fill(-2.5);
            let weight = |tier| weight_for(tier, block_type, shape, seed, 0.1).unwrap();
            let on = |tier, pool| (product(pool, &weight(tier), None, &input), dequantized(&weight(tier)));
            let expected = on(Tier::Portable, &pools[0].1);
            for (tier, pool) in &pools {
                let got = on(*tier, pool);
                let same = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits());
                assert!(same(&got.0, &expected.0), "{block_type:?}, {tier:?}, {shape:?}, {rows} rows");
                assert!(same(&got.1, &expected.1), "{block_type:?}, {tier:?}, {shape:?}: the table itself");
            }
        }
    }
}

#[test]
fn several_products_and_residuals_share_one_run() {
    let pool = ThreadPool::new(3).unwrap();
    let input = values(9 * 256, 1, 1.0);
    let weights = [(BlockType::Q4_K, 300), (BlockType::F16, 7), (BlockType::Q6_K, 64), (BlockType::BF16, 9)]
        .map(|(block_type, rows)| weight(block_type, rows, 256, 2, 0.1).unwrap());
    let alone = [0, 1, 2, 3].map(|index| product(&pool, &weights[index], None, &input));
    let mut together = [300, 7, 64, 9].map(|columns| vec![1.0_f32; 9 * columns]);
    let mut quantized = QuantizedRows::with_capacity(9, 256).unwrap();
    let mut rounded = Bf16Rows::with_capacity(input.len()).unwrap();
    let activations = Activations::Plain { values: &input, width: 256 };
    quantized.quantize(&pool, &activations).unwrap();
    rounded.round(&pool, &activations).unwrap();
    let [a, b, c, d] = &mut together;
    let products = [
        Product { weight: &weights[0], bias: None, accumulate: false, output: a },
        Product { weight: &weights[1], bias: None, accumulate: true, output: b },
        Product { weight: &weights[2], bias: None, accumulate: false, output: c },
        Product { weight: &weights[3], bias: None, accumulate: false, output: d },
    ];
    let input = Input { values: &input, rounded: &rounded, quantized: &quantized, rows: 9 };
    matmul(&pool, input, products).unwrap();
    assert_eq!(together[0], alone[0]);
    assert_eq!(together[1], alone[1].iter().map(|x| 1.0 + x).collect::<Vec<_>>());
    assert_eq!(together[2..], alone[2..]);
}

#[test]
fn not_a_number_is_not_lost() {
    let pool = ThreadPool::new(1).unwrap();
    for block_type in BlockType::ALL {
        let weight = weight(block_type, 3, 256, 1, 0.1).unwrap();
        let mut input = values(2 * 256, 1, 1.0);
        input[256 + 100] = f32::NAN;
        let output = product(&pool, &weight, None, &input);
        assert!(output[..3].iter().all(|x| x.is_finite()), "the other row is not touched");
        assert!(output[3..].iter().all(|x| x.is_nan()), "{block_type:?}");
    }
}

#[test]
fn refuses_what_does_not_fit() {
    let pool = ThreadPool::new(1).unwrap();
    let plain = weight(BlockType::F32, 4, 8, 1, 1.0).unwrap();
    let [blocks, halves] = [BlockType::Q8_0, BlockType::BF16].map(|of| weight(of, 4, 32, 1, 1.0).unwrap());
    let mut quantized = QuantizedRows::with_capacity(2, 32).unwrap();
    let mut rounded = Bf16Rows::with_capacity(64).unwrap();
    quantized.quantize(&pool, &Activations::Plain { values: &[1.0; 64], width: 32 }).unwrap();
    rounded.round(&pool, &Activations::Plain { values: &[1.0; 64], width: 32 }).unwrap();
    let run = |weight, values, rows, outputs: usize, bias| {
        let product = Product { weight, bias, accumulate: false, output: &mut vec![0.0; outputs] };
        matmul(&pool, Input { values, rounded: &rounded, quantized: &quantized, rows }, [product]).is_ok()
    };
    assert!(run(&plain, &[0.0; 16], 2, 8, None));
    assert!(!run(&plain, &[0.0; 15], 2, 8, None));
    assert!(!run(&plain, &[0.0; 16], 2, 7, None));
    assert!(!run(&plain, &[0.0; 16], 2, 8, Some(&[0.0; 3])));
    assert!(run(&blocks, &[], 2, 8, None));
    assert!(!run(&blocks, &[], 1, 4, None));
    assert!(run(&halves, &[], 2, 8, None));
    assert!(!run(&halves, &[], 1, 4, None));
    assert!(embedding(&pool, &plain, &[4], &mut [0.0; 8]).is_err());
    assert!(embedding(&pool, &plain, &[3], &mut [0.0; 7]).is_err());
}
