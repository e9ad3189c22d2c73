//! Steps of `CpuBackend`, in each tier that this CPU has, against `CandleBackend`: random shapes, sequences and chunks.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::sync::Arc;

use candle_core::Device;
use proptest::prelude::*;
use support::random_model::MAX_ROWS;
use support::{RandomModel, Spec};
use wick_core::backend::candle::CandleBackend;
use wick_core::backend::cpu::CpuBackend;
use wick_core::backend::{Backend, KvDType, StepPlan};
use wick_kernels::synthetic::Random;
use wick_kernels::{BlockType, ThreadPool, Tier};

/// Positions of a sequence at most, in whole blocks of either size.
const CONTEXT: usize = 96;

/// Steps over a few sequences that begin, go on and sample whenever `seed` says.
fn plans(spec: &Spec, seed: u64) -> Vec<StepPlan> {
    let mut random = Random(seed);
    let blocks = (CONTEXT / spec.block_size) as u32;
    let mut lengths = vec![0_usize; 1 + random.below(3)];
    (0..=random.below(4))
        .map(|_| {
            let mut plan = StepPlan::new(spec.block_size as u32);
            for (sequence, length) in lengths.iter_mut().enumerate() {
                let left = CONTEXT - *length;
                let count = [1, 1 + random.below(9), 1 + random.below(60)][random.below(3)].min(left);
                if count == 0 {
                    continue;
                }
                let tokens: Vec<u32> = (0..count).map(|_| random.below(spec.vocabulary) as u32).collect();
                let first = sequence as u32 * blocks;
                plan.push_sequence(&tokens, *length as u32, &(first..first + blocks).collect::<Vec<_>>(), false);
                *length += count;
            }
            plan.sampled_rows = (0..plan.rows() as u32).filter(|_| random.below(3) > 0).collect();
            plan
        })
        .filter(|plan| (1..=MAX_ROWS).contains(&plan.rows()))
        .collect()
}

/// Logits of all steps.
fn run<B: Backend>(backend: B, spec: &Spec, plans: &[StepPlan]) -> Vec<f32> {
    let mut model = RandomModel::on(backend, spec, 3 * CONTEXT / spec.block_size).unwrap();
    let mut logits = Vec::new();
    for plan in plans {
        let rows = model.step(plan).unwrap();
        assert_eq!(rows.len(), plan.sampled_rows.len() * spec.vocabulary);
        logits.extend_from_slice(rows);
    }
    logits
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_tier_agrees_with_candle(index in 0..BlockType::ALL.len(), seed in any::<u64>(), threads in 1_usize..4) {
        let block_type = BlockType::ALL[index];
        let mut spec = Spec::random(block_type, seed % 100_000);
        // Candle has no keys and values of 8 bits.
        if spec.kv_dtype == KvDType::Q8 {
            spec.kv_dtype = KvDType::F32;
        }
        let plans = plans(&spec, seed);
        let candle = run(CandleBackend::new(Device::Cpu), &spec, &plans);
        // What integers of 8 bits keep of activations, which both round in their own way, and bfloat16, which candle keeps as floats.
        let bound = match (block_type, spec.kv_dtype) {
            (BlockType::BF16, _) => 3e-4,
            (BlockType::F32 | BlockType::F16, KvDType::F16 | KvDType::Q8) => 1e-6,
            (BlockType::F32 | BlockType::F16, KvDType::F32) => 1e-10,
            _ => 4e-3,
        };
        let mut first: Option<Vec<u32>> = None;
        for tier in Tier::available() {
            let pool = Arc::new(ThreadPool::for_tier(threads, tier).unwrap());
            let logits = run(CpuBackend::new(pool), &spec, &plans);
            let square = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>();
            let error = square(&mut logits.iter().zip(&candle).map(|(&own, &theirs)| f64::from(own) - f64::from(theirs)));
            let signal = square(&mut candle.iter().map(|&value| f64::from(value)));
            prop_assert!(error <= bound * signal, "{tier:?} {:e} {spec:?}", error / signal);
            let bits: Vec<u32> = logits.iter().map(|value| value.to_bits()).collect();
            match &first {
                Some(first) => prop_assert!(first == &bits, "{tier:?} has other bits: {spec:?}"),
                None => first = Some(bits),
            }
        }
    }
}
