//! Steps of `CpuBackend`, and their operations alone, in each tier that this CPU has, against `CandleBackend`: random shapes, sequences
//! and chunks.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::sync::Arc;

use candle_core::Device;
use proptest::prelude::*;
use support::random_model::{MAX_ROWS, Operations};
use support::{RandomModel, Spec};
use wick_core::backend::candle::CandleBackend;
use wick_core::backend::cpu::CpuBackend;
use wick_core::backend::{Backend, KvDType, StepPlan};
use wick_kernels::synthetic::Random;
use wick_kernels::{BlockType, ThreadPool, Tier};

/// Positions of a sequence at most, in whole blocks of either size.
const CONTEXT: usize = 96;
/// The same for operations alone: several tiles of attention.
const LONG_CONTEXT: usize = 480;

/// Steps over a few sequences that begin, go on and sample whenever `seed` says.
fn plans(spec: &Spec, seed: u64, context: usize) -> Vec<StepPlan> {
    let mut random = Random(seed);
    let blocks = (context / spec.block_size) as u32;
    let mut lengths = vec![0_usize; 1 + random.below(3)];
    (0..=random.below(context / 24))
        .map(|_| {
            let mut plan = StepPlan::new(spec.block_size as u32);
            for (sequence, length) in lengths.iter_mut().enumerate() {
                let left = context - *length;
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
fn logits<B: Backend>(backend: B, spec: &Spec, plans: &[StepPlan]) -> Vec<f32> {
    let mut model = RandomModel::on(backend, spec, 3 * CONTEXT / spec.block_size).unwrap();
    let mut logits = Vec::new();
    for plan in plans {
        let rows = model.step(plan).unwrap();
        assert_eq!(rows.len(), plan.sampled_rows.len() * spec.vocabulary);
        logits.extend_from_slice(rows);
    }
    logits
}

/// What `operations` alone give in all steps that sample.
fn states<B: Backend>(backend: B, spec: &Spec, plans: &[StepPlan], operations: Operations) -> Vec<f32> {
    let mut model = RandomModel::on(backend, spec, 3 * LONG_CONTEXT / spec.block_size).unwrap();
    let mut states = Vec::new();
    for plan in plans {
        let rows = model.states(plan, operations).unwrap();
        if !plan.sampled_rows.is_empty() {
            assert_eq!(rows.len(), plan.sampled_rows.len() * spec.hidden);
            states.extend_from_slice(rows);
        }
    }
    states
}

/// Candle has no keys and values of 8 bits.
fn spec(index: usize, seed: u64) -> Spec {
    let mut spec = Spec::random(BlockType::ALL[index], seed % 100_000);
    if spec.kv_dtype == KvDType::Q8 {
        spec.kv_dtype = KvDType::F32;
    }
    spec
}

/// What integers of 8 bits keep of activations, which both round in their own way, and bfloat16, which candle keeps as floats.
fn bound(spec: &Spec) -> f64 {
    match (spec.block_type, spec.kv_dtype) {
        (BlockType::BF16, _) => 3e-4,
        (BlockType::F32 | BlockType::F16, KvDType::F16 | KvDType::Q8) => 1e-6,
        (BlockType::F32 | BlockType::F16, KvDType::F32) => 1e-10,
        _ => 4e-3,
    }
}

/// What `run` gives on each tier that there is has the same bits, near `candle`.
fn agree(
    spec: &Spec,
    threads: usize,
    candle: &[f32],
    bound: f64,
    run: impl Fn(CpuBackend) -> Vec<f32>,
) -> Result<(), TestCaseError> {
    let mut first: Option<Vec<u32>> = None;
    for tier in Tier::available() {
        let own = run(CpuBackend::new(Arc::new(ThreadPool::for_tier(threads, tier).unwrap())));
        prop_assert_eq!(own.len(), candle.len());
        let square = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>();
        let error = square(&mut own.iter().zip(candle).map(|(&own, &theirs)| f64::from(own) - f64::from(theirs)));
        let signal = square(&mut candle.iter().map(|&value| f64::from(value)));
        prop_assert!(error <= bound * signal, "{tier:?} {:e} {spec:?}", error / signal);
        let bits: Vec<u32> = own.iter().map(|value| value.to_bits()).collect();
        match &first {
            Some(first) => prop_assert!(first == &bits, "{tier:?} has other bits: {spec:?}"),
            None => first = Some(bits),
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_tier_agrees_with_candle(index in 0..BlockType::ALL.len(), seed in any::<u64>(), threads in 1_usize..4) {
        let spec = spec(index, seed);
        let plans = plans(&spec, seed, CONTEXT);
        let candle = logits(CandleBackend::new(Device::Cpu), &spec, &plans);
        agree(&spec, threads, &candle, bound(&spec), |backend| logits(backend, &spec, &plans))?;
    }

    #[test]
    fn rows_of_the_embedding_agree(index in 0..BlockType::ALL.len(), seed in any::<u64>(), threads in 1_usize..4) {
        let (spec, operations) = (spec(index, seed), Operations::None);
        let plans = plans(&spec, seed, CONTEXT);
        let candle = states(CandleBackend::new(Device::Cpu), &spec, &plans, operations);
        agree(&spec, threads, &candle, 1e-11, |backend| states(backend, &spec, &plans, operations))?;
    }

    #[test]
    fn attention_agrees(index in 0..BlockType::ALL.len(), seed in any::<u64>(), threads in 1_usize..6) {
        let (spec, operations) = (spec(index, seed), Operations::Attention);
        let plans = plans(&spec, seed, LONG_CONTEXT);
        let candle = states(CandleBackend::new(Device::Cpu), &spec, &plans, operations);
        agree(&spec, threads, &candle, bound(&spec), |backend| states(backend, &spec, &plans, operations))?;
    }

    #[test]
    fn the_feed_forward_agrees(index in 0..BlockType::ALL.len(), seed in any::<u64>(), threads in 1_usize..4) {
        let (spec, operations) = (spec(index, seed), Operations::FeedForward);
        let plans = plans(&spec, seed, CONTEXT);
        let candle = states(CandleBackend::new(Device::Cpu), &spec, &plans, operations);
        agree(&spec, threads, &candle, bound(&spec), |backend| states(backend, &spec, &plans, operations))?;
    }
}
