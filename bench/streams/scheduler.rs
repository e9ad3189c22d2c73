//! Microseconds of a step of eight greedy sequences, everything but the model's forward, alone and while a request waits
//! for blocks with 62,000 tokens of which one of them has 30,000: `cargo run --release -p wick-core --example scheduler`.

#![expect(clippy::print_stdout, reason = "a program whose output is its result")]

#[path = "../letters.rs"]
mod letters;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use letters::Letters;
use wick_core::backend::StepPlan;
use wick_core::engine::{AnswerKind, Engine, EngineOptions, Job, Mailbox, Memory, Progress, Taken};
use wick_core::error::Result;
use wick_core::language_model::{KvLayout, LanguageModel};
use wick_core::sampler::{SamplingOptions, SamplingParams};
use wick_core::text::TextOptions;

const SEQUENCES: usize = 8;
const VOCABULARY: usize = 4096;
const TOKENS: u64 = 4000;
const CONTEXT: usize = 65_536;
const BLOCK: usize = 32;
const LONG_PROMPT: usize = 30_000;

/// Copies the same logits for each row, and says how long that took.
struct Constant {
    row: Vec<f32>,
    logits: Vec<f32>,
    nanoseconds: Arc<AtomicU64>,
}

impl LanguageModel for Constant {
    fn forward(&mut self, plan: &StepPlan) -> Result<()> {
        let start = Instant::now();
        self.logits.clear();
        for _ in &plan.sampled_rows {
            self.logits.extend_from_slice(&self.row);
        }
        self.nanoseconds.fetch_add(start.elapsed().as_nanos() as u64, Relaxed);
        Ok(())
    }

    fn logits(&mut self) -> &mut [f32] {
        &mut self.logits
    }

    fn hidden(&mut self) -> &[f32] {
        &[]
    }

    fn hidden_size(&self) -> usize {
        0
    }

    fn vocabulary_size(&self) -> usize {
        VOCABULARY
    }

    fn context_length(&self) -> usize {
        CONTEXT
    }

    fn kv_layout(&self) -> KvLayout {
        KvLayout { block_size: BLOCK, block_bytes: 1 }
    }

    fn reserve_kv_blocks(&mut self, _: usize) -> Result<()> {
        Ok(())
    }

    fn copy_kv_block(&mut self, _: u32, _: u32) -> Result<()> {
        Ok(())
    }
}

fn job(prompt: Vec<u32>) -> Result<Job> {
    let greedy = SamplingOptions { temperature: Some(0.0), ..SamplingOptions::default() };
    Ok(Job {
        kind: AnswerKind::Chat,
        prompt,
        sampling: SamplingParams::new(&greedy, VOCABULARY)?,
        seed: 0,
        n: 1,
        max_tokens: Some(TOKENS),
        min_tokens: 0,
        end_tokens: None,
        ignore_eos: true,
        priority: 0,
        reasoning_limit: None,
        grammar: None,
        logprobs: false,
        text: TextOptions::default(),
        echo: None,
        drop_leading_space: false,
        prompt_progress: false,
        deadline: None,
    })
}

fn main() -> Result<()> {
    let (alone, beside) = (step_microseconds(false)?, step_microseconds(true)?);
    println!("{alone} {beside}");
    Ok(())
}

fn step_microseconds(someone_waits: bool) -> Result<f64> {
    let nanoseconds = Arc::new(AtomicU64::new(0));
    let row = (0..VOCABULARY).map(|token| (token * 37 % 1009) as f32 / 100.0).collect();
    let model = Constant { row, logits: Vec::new(), nanoseconds: Arc::clone(&nanoseconds) };
    // Room for those who decode, and none for who waits.
    let tokens = SEQUENCES * (TOKENS as usize + BLOCK) + LONG_PROMPT;
    let options = EngineOptions {
        max_sequences: SEQUENCES + 1,
        kv_memory_bytes: Some((tokens / BLOCK) as u64),
        ..EngineOptions::default()
    };
    let mut engine = Engine::new(
        Box::new(model),
        Arc::new(Letters { vocabulary: VOCABULARY, token: " abc" }),
        vec![0],
        options,
        Memory::uncounted().open(None),
    );
    let long: Vec<u32> = (0..LONG_PROMPT as u32).map(|token| 1 + token * 7 % 1000).collect();
    let mut prompts = vec![long.clone()];
    prompts.extend((1..SEQUENCES as u32).map(|index| vec![5 + index; 8]));
    if someone_waits {
        prompts.push([long, vec![1; tokens - LONG_PROMPT - 2 * BLOCK]].concat());
    }
    let start = Instant::now();
    let mut mailboxes = Vec::new();
    for (prompt, index) in prompts.into_iter().zip(0..) {
        let mailbox = Arc::new(Mailbox::new(AnswerKind::Chat, 16, Box::new(|| {}), Box::new(|| {})));
        mailbox.begin(format!("chatcmpl-{index}"), "model".to_owned(), 0, 1);
        mailbox.enter(&engine.places());
        engine.add(job(prompt)?, Arc::clone(&mailbox), Duration::ZERO);
        mailboxes.push(mailbox);
        if index == 0 {
            for _ in 0..LONG_PROMPT / EngineOptions::default().prefill_chunk {
                engine.step(&|| start.elapsed());
            }
        }
    }
    nanoseconds.store(0, Relaxed);
    let mut steps = 0_u64;
    let mut stepping = Duration::ZERO;
    let mut open = SEQUENCES;
    while open == SEQUENCES {
        let before = Instant::now();
        let progress = engine.step(&|| start.elapsed());
        stepping += before.elapsed();
        steps += u64::from(progress == Progress::Worked);
        for mailbox in &mailboxes {
            while let Taken::Event(response) = mailbox.take() {
                open -= usize::from(response.is_terminal());
            }
        }
    }
    let forward = Duration::from_nanos(nanoseconds.load(Relaxed));
    Ok(stepping.saturating_sub(forward).as_secs_f64() * 1e6 / steps as f64)
}
