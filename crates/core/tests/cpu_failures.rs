//! What `CpuBackend` answers when something is wrong.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::Arc;

mod support;

use support::{RandomModel, Spec};
use wick_core::ErrorCode;
use wick_core::backend::cpu::CpuBackend;
use wick_core::backend::{Backend, StepPlan};
use wick_core::weight::{DType, Weight, WeightBytes};
use wick_kernels::{BlockType, ThreadPool, finite::is_usable};

fn plan(spec: &Spec) -> StepPlan {
    let mut plan = StepPlan::new(spec.block_size as u32);
    plan.push_sequence(&[1, 2, 3], 0, &[0], true);
    plan
}

#[test]
fn a_panic_in_the_pool_is_an_error_and_the_next_model_works() {
    let spec = Spec::random(BlockType::Q8_0, 3);
    for threads in [1, 2] {
        let expected = RandomModel::new(&spec, threads, 1).unwrap().step(&plan(&spec)).unwrap().to_vec();
        let mut model = RandomModel::new(&spec, threads, 1).unwrap();
        model.backend.inject_panic();
        assert_eq!(model.step(&plan(&spec)).unwrap_err().code(), ErrorCode::EngineFailed);
        // This one as well as a fresh one.
        assert_eq!(model.step(&plan(&spec)).unwrap(), expected);
        drop(model);
        assert_eq!(RandomModel::new(&spec, threads, 1).unwrap().step(&plan(&spec)).unwrap(), expected);
    }
}

#[test]
fn plans_that_do_not_fit_are_errors() {
    let spec = Spec { block_size: 16, ..Spec::random(BlockType::F32, 3) };
    let mut model = RandomModel::new(&spec, 1, 1).unwrap();
    let good = plan(&spec);
    let broken: Vec<(&str, StepPlan)> = vec![
        ("token", StepPlan { tokens: vec![1, 2, spec.vocabulary as u32], ..good.clone() }),
        ("slot", StepPlan { slots: vec![0, 1, 16], ..good.clone() }),
        ("block", StepPlan { block_tables: vec![1], ..good.clone() }),
        ("table", StepPlan { block_tables: vec![], ..good.clone() }),
        ("position", StepPlan { positions: vec![0, 1, 16], ..good.clone() }),
        ("sampled", StepPlan { sampled_rows: vec![3], ..good.clone() }),
        ("order", StepPlan { sampled_rows: vec![2, 1], ..good.clone() }),
        ("starts", StepPlan { sequence_starts: vec![0, 4], ..good.clone() }),
        ("rows", StepPlan { tokens: vec![1; 1000], ..good.clone() }),
    ];
    for (what, plan) in broken {
        assert_eq!(model.step(&plan).unwrap_err().code(), ErrorCode::Internal, "{what}");
    }
    assert!(is_usable(model.step(&good).unwrap()));
}

#[test]
fn an_empty_step_is_fine() {
    let spec = Spec::random(BlockType::Q4_K, 3);
    let mut model = RandomModel::new(&spec, 2, 1).unwrap();
    assert!(model.step(&StepPlan::new(spec.block_size as u32)).unwrap().is_empty());
}

#[test]
fn weights_that_do_not_fit_are_errors_with_their_name() {
    let mut backend = CpuBackend::new(Arc::new(ThreadPool::new(1).unwrap()));
    let weight = |dtype, shape: &[usize], bytes: usize| Weight {
        name: "blk.0.ffn_up.weight".into(),
        dtype,
        shape: shape.to_vec(),
        bytes: WeightBytes::Owned(vec![0; bytes].into()),
    };
    for bad in [
        weight(DType::Q4_0, &[2, 33], 36),
        weight(DType::Q4_0, &[2, 32], 35),
        weight(DType::F32, &[2, 0], 0),
        weight(DType::F32, &[8], 32),
        weight(DType::F32, &[usize::MAX, 4], 16),
    ] {
        let Err(error) = backend.linear(bad, None) else { panic!("accepted") };
        assert_eq!(error.code(), ErrorCode::ModelInvalid);
        assert_eq!(error.info().location.as_deref(), Some("blk.0.ffn_up.weight"));
    }
    let bias = weight(DType::F32, &[3], 12);
    assert!(backend.linear(weight(DType::F32, &[2, 4], 32), Some(bias)).is_err());
    assert!(backend.norm(weight(DType::F32, &[2, 4], 32), 1e-5).is_err());
    assert!(backend.reserve_kv_blocks(1).is_err(), "not prepared");
}

#[test]
fn weights_that_are_no_numbers_give_unusable_logits() {
    let spec = Spec { tied: true, ..Spec::random(BlockType::F32, 3) };
    let mut model = RandomModel::new(&spec, 1, 1).unwrap();
    let plan = plan(&spec);
    let nan = vec![0xff_u8; 4 * spec.hidden];
    let norm = Weight {
        name: "output_norm.weight".into(),
        dtype: DType::F32,
        shape: vec![spec.hidden],
        bytes: WeightBytes::Owned(nan.into()),
    };
    model.replace_norm(norm);
    assert!(!is_usable(model.step(&plan).unwrap()));
}
