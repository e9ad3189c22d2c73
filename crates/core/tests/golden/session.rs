//! The least that can drive a model: one sequence in blocks 0, 1, 2, …

use wick_core::{
    backend::StepPlan, engine::EngineOptions, engine::LOGITS_ROWS_PER_STEP, language_model::LanguageModel,
};

/// A model and the plan it is driven with. Every run starts a new sequence over the same blocks.
pub(crate) struct Session {
    model: Box<dyn LanguageModel>,
    plan: StepPlan,
    blocks: Vec<u32>,
}

impl Session {
    pub(crate) fn new(mut model: Box<dyn LanguageModel>) -> Self {
        let block_size = model.kv_layout().block_size;
        let blocks: Vec<u32> = (0..512_u32.div_ceil(block_size as u32)).collect();
        model.reserve_kv_blocks(blocks.len()).unwrap();
        Self { plan: StepPlan::new(block_size as u32), model, blocks }
    }

    /// Runs `tokens` from `position` on and gives the logits of the last `sampled` of them.
    fn step(&mut self, tokens: &[u32], position: usize, sampled: usize) -> Vec<Vec<f32>> {
        let used = (position + tokens.len()).div_ceil(self.plan.block_size as usize);
        self.plan.clear();
        self.plan.push_sequence(tokens, position as u32, &self.blocks[..used], false);
        self.plan.sampled_rows.extend(tokens.len() as u32 - sampled as u32..tokens.len() as u32);
        self.model.forward(&self.plan).unwrap();
        let width = self.model.vocabulary_size();
        self.model.logits().chunks(width).map(<[f32]>::to_vec).collect()
    }

    /// Logits of the last `last` positions of `tokens`.
    pub(crate) fn logits(&mut self, tokens: &[u32], last: usize) -> Vec<Vec<f32>> {
        let quiet = tokens.len() - last;
        let chunk = EngineOptions::default().prefill_chunk;
        for start in (0..quiet).step_by(chunk) {
            self.step(&tokens[start..quiet.min(start + chunk)], start, 0);
        }
        let mut rows = Vec::with_capacity(last);
        for start in (quiet..tokens.len()).step_by(LOGITS_ROWS_PER_STEP) {
            let part = &tokens[start..tokens.len().min(start + LOGITS_ROWS_PER_STEP)];
            rows.extend(self.step(part, start, part.len()));
        }
        rows
    }

    /// The `count` most likely tokens after `prompt`, one at a time.
    pub(crate) fn greedy(&mut self, prompt: &[u32], count: usize) -> Vec<u32> {
        let mut next = argmax(&self.logits(prompt, 1)[0]);
        let mut tokens = vec![next];
        for index in 1..count {
            next = argmax(&self.step(&[next], prompt.len() + index - 1, 1)[0]);
            tokens.push(next);
        }
        tokens
    }
}

/// The first index of the greatest value.
pub(crate) fn argmax(logits: &[f32]) -> u32 {
    let mut best = 0;
    for (index, value) in logits.iter().enumerate() {
        if *value > logits[best] {
            best = index;
        }
    }
    best as u32
}
