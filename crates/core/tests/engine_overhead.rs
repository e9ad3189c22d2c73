//! What the engine costs per token beside the model: scheduling, sampling from 32 logits, text, mailbox, JSON.

mod fake;

use std::sync::Arc;
use std::time::{Duration, Instant};

use fake::FakeTokenizer;
use wick_core::backend::StepPlan;
use wick_core::engine::{AnswerKind, Engine, EngineOptions, Job, Mailbox, Memory, Progress, Taken};
use wick_core::error::Result;
use wick_core::language_model::{KvLayout, LanguageModel};
use wick_core::sampler::{SamplingOptions, SamplingParams};
use wick_core::text::TextOptions;

/// Says one letter for ever, at no cost.
struct OneLetter([f32; 32]);

impl LanguageModel for OneLetter {
    fn forward(&mut self, _: &StepPlan) -> Result<()> {
        self.0 = [0.0; 32];
        self.0[3] = 1.0;
        Ok(())
    }

    fn logits(&mut self) -> &mut [f32] {
        &mut self.0
    }

    fn vocabulary_size(&self) -> usize {
        32
    }

    fn context_length(&self) -> usize {
        32_768
    }

    fn kv_layout(&self) -> KvLayout {
        KvLayout { block_size: 32, block_bytes: 1 }
    }

    fn reserve_kv_blocks(&mut self, _: usize) -> Result<()> {
        Ok(())
    }
}

#[test]
#[ignore = "prints a time; run in release with --ignored --nocapture"]
fn time_per_token() {
    const TOKENS: u64 = 20_000;
    let account = Memory::new(None).open(None);
    let mut engine = Engine::new(
        Box::new(OneLetter([0.0; 32])),
        Arc::new(FakeTokenizer::new()),
        vec![0],
        EngineOptions::default(),
        account,
    );
    let mailbox = Arc::new(Mailbox::new(AnswerKind::Chat, 16, Box::new(|| {}), Box::new(|| {})));
    mailbox.begin("chatcmpl-0123456789abcdef".to_owned(), "model".to_owned(), 1_700_000_000, 1);
    let job = Job {
        kind: AnswerKind::Chat,
        prompt: vec![3],
        sampling: SamplingParams::new(&SamplingOptions { temperature: Some(0.0), ..SamplingOptions::default() }, 32)
            .unwrap(),
        seed: 0,
        n: 1,
        max_tokens: Some(TOKENS),
        min_tokens: 0,
        ignore_eos: false,
        priority: 0,
        logprobs: false,
        text: TextOptions::default(),
        echo: None,
        drop_leading_space: false,
        prompt_progress: false,
        deadline: None,
    };
    engine.add(job, Arc::clone(&mailbox), Duration::ZERO);
    let start = Instant::now();
    let (mut bytes, mut events) = (0, 0_u32);
    loop {
        while engine.step(&|| start.elapsed()) == Progress::Worked && mailbox.unread() < 16 {}
        while let Taken::Event(response) = mailbox.take() {
            bytes += serde_json::to_string(&response).unwrap().len();
            events += 1;
        }
        if mailbox.take() == Taken::Over {
            break;
        }
    }
    let micros = start.elapsed().as_secs_f64() * 1e6 / TOKENS as f64;
    println!("{micros:.2} µs per token, {events} events, {bytes} bytes of JSON");
}
