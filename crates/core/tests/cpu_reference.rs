//! A whole step of `CpuBackend` against the same model in naive f64.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use support::{RandomModel, Spec, naive};
use wick_core::backend::{KvDType, StepPlan};
use wick_kernels::BlockType;
use wick_kernels::synthetic::Random;

#[test]
fn a_step_agrees_with_f64() {
    let mut random = Random(5);
    for (index, block_type) in BlockType::ALL.into_iter().enumerate() {
        for case in 0..2 {
            let spec = Spec::random(block_type, 500 + (index * 10 + case) as u64);
            let tokens: Vec<u32> = (0..60).map(|_| random.below(spec.vocabulary) as u32).collect();
            let blocks = tokens.len().div_ceil(spec.block_size);
            let mut model = RandomModel::new(&spec, 2, blocks).unwrap();
            let mut plan = StepPlan::new(spec.block_size as u32);
            plan.push_sequence(&tokens, 0, &(0..blocks as u32).collect::<Vec<_>>(), false);
            plan.sampled_rows = (0..60).collect();
            let logits = model.step(&plan).unwrap();
            let exact = naive::logits(&spec, &tokens);
            assert_eq!(logits.len(), exact.len());
            let error: f64 = logits.iter().zip(&exact).map(|(&got, exact)| (f64::from(got) - exact).powi(2)).sum();
            let error = error / exact.iter().map(|exact| exact * exact).sum::<f64>();
            let largest = logits.iter().zip(&exact).map(|(&got, exact)| (f64::from(got) - exact).abs());
            let largest = largest.fold(0.0, f64::max);
            // Quantised activations: 1 part in 254 of the largest of 32, several times a layer; bfloat16: 1 part in 512 of each.
            let bound = match (block_type, spec.kv_dtype) {
                (BlockType::F32 | BlockType::F16, KvDType::Q8) => 3e-4,
                (BlockType::F32 | BlockType::F16, KvDType::F16) => 1e-6,
                (BlockType::F32 | BlockType::F16, KvDType::F32) => 1e-11,
                (BlockType::BF16, _) => 4e-4,
                (_, KvDType::F16 | KvDType::F32) => 2e-3,
                (_, KvDType::Q8) => 3e-3,
            };
            assert!(error < bound, "{error} {largest} {spec:?}");
        }
    }
}
