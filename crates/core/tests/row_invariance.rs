//! A row's logits have the same bits whatever runs beside it, however its sequence was cut, on any number of threads, in fresh or
//! used memory.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use support::random_model::MAX_ROWS;
use support::{RandomModel, Spec};
use wick_core::backend::StepPlan;
use wick_kernels::BlockType;
use wick_kernels::synthetic::Random;

/// One sequence of a case and how far it is.
struct Sequence {
    tokens: Vec<u32>,
    blocks: Vec<u32>,
    done: usize,
    /// Logits of each row, computed alone, in one step, on one thread, in fresh memory.
    expected: Vec<Vec<u32>>,
}

fn bits(logits: &[f32]) -> Vec<u32> {
    logits.iter().map(|logit| logit.to_bits()).collect()
}

fn alone(spec: &Spec, tokens: &[u32]) -> Vec<Vec<u32>> {
    let count = tokens.len().div_ceil(spec.block_size);
    let mut model = RandomModel::new(spec, 1, count).unwrap();
    let mut plan = StepPlan::new(spec.block_size as u32);
    plan.push_sequence(tokens, 0, &(0..count as u32).collect::<Vec<_>>(), false);
    plan.sampled_rows = (0..tokens.len() as u32).collect();
    let logits = model.step(&plan).unwrap();
    assert!(logits.iter().all(|logit| logit.is_finite()));
    logits.chunks(spec.vocabulary).map(bits).collect()
}

fn shuffled(count: usize, random: &mut Random) -> Vec<u32> {
    let mut blocks: Vec<u32> = (0..count as u32).collect();
    for index in (1..count).rev() {
        blocks.swap(index, random.below(index + 1));
    }
    blocks
}

/// Leaves other rows' numbers, NaN among them, in the arena and every KV block.
fn soil(model: &mut RandomModel, blocks: usize, random: &mut Random) {
    let spec = model.spec.clone();
    for block in 0..blocks as u32 {
        let tokens: Vec<u32> = (0..spec.block_size).map(|_| random.below(spec.vocabulary) as u32).collect();
        let mut plan = StepPlan::new(spec.block_size as u32);
        plan.push_sequence(&tokens, 0, &[block], true);
        model.step(&plan).unwrap().fill(f32::NAN);
    }
}

fn check(spec: &Spec, lengths: &[usize], random: &mut Random) {
    let mut sequences: Vec<Sequence> = lengths
        .iter()
        .map(|&len| {
            let tokens: Vec<u32> = (0..len).map(|_| random.below(spec.vocabulary) as u32).collect();
            let expected = alone(spec, &tokens);
            Sequence { tokens, blocks: Vec::new(), done: 0, expected }
        })
        .collect();
    let needed: usize = lengths.iter().map(|len| len.div_ceil(spec.block_size)).sum();
    for threads in [1, 2, 4] {
        for warm in [false, true] {
            let total = needed + random.below(3);
            let mut model = RandomModel::new(spec, threads, 1).unwrap();
            model.backend_reserve(total);
            if warm {
                soil(&mut model, total, random);
            }
            let mut free = shuffled(total, random);
            for sequence in &mut sequences {
                sequence.done = 0;
                sequence.blocks = free.split_off(free.len() - sequence.tokens.len().div_ceil(spec.block_size));
            }
            while sequences.iter().any(|sequence| sequence.done < sequence.tokens.len()) {
                step(spec, &mut model, &mut sequences, random, (threads, warm));
            }
        }
    }
}

/// One step over a random choice of sequences, each by a random chunk, sampling random rows.
fn step(spec: &Spec, model: &mut RandomModel, sequences: &mut [Sequence], random: &mut Random, place: (usize, bool)) {
    let mut plan = StepPlan::new(spec.block_size as u32);
    let mut owners = Vec::new();
    let (budget, longest) = (1 + random.below(64), [1, 4, 40, 64][random.below(4)]);
    for (index, sequence) in sequences.iter_mut().enumerate() {
        let left = (sequence.tokens.len() - sequence.done).min(budget.saturating_sub(plan.rows()));
        if left == 0 || random.below(4) == 0 {
            continue;
        }
        let rows = 1 + random.below(left.min(longest));
        let end = sequence.done + rows;
        let covering = &sequence.blocks[..end.div_ceil(spec.block_size)];
        plan.push_sequence(&sequence.tokens[sequence.done..end], sequence.done as u32, covering, false);
        owners.extend((sequence.done..end).map(|row| (index, row)));
        sequence.done = end;
    }
    let rows = plan.rows() as u32;
    plan.sampled_rows = (0..rows).filter(|&row| row + 1 == rows || random.below(2) == 0).collect();
    let sampled = plan.sampled_rows.clone();
    let logits = model.step(&plan).unwrap();
    for (&row, logits) in sampled.iter().zip(logits.chunks(spec.vocabulary)) {
        let (index, row) = owners[row as usize];
        let expected = &sequences[index].expected[row];
        assert!(
            bits(logits) == *expected,
            "row {row} of sequence {index} differs: {rows} rows in the step, (threads, warm) {place:?}, {spec:?}"
        );
    }
}

impl RandomModel {
    fn backend_reserve(&mut self, blocks: usize) {
        use wick_core::backend::Backend;
        // In two steps, so that blocks lie in several slabs.
        self.backend.reserve_kv_blocks(blocks / 2).unwrap();
        self.backend.reserve_kv_blocks(blocks).unwrap();
    }
}

#[test]
fn bits_of_a_row_depend_on_nothing_else() {
    let mut random = Random(2026);
    for (index, block_type) in BlockType::ALL.into_iter().enumerate() {
        for case in 0..3 {
            let spec = Spec::random(block_type, (index * 10 + case) as u64);
            let count = 1 + random.below(4);
            let mut lengths: Vec<usize> = (0..count).map(|_| 1 + random.below(48)).collect();
            if case == 0 {
                // Over the boundary of an attention tile.
                lengths[0] = 130 + random.below(MAX_ROWS - 130);
            }
            check(&spec, &lengths, &mut random);
        }
    }
}
