//! The prefix cache of a real model: logits have the same bits whoever was there before and whatever had to make room.
//!
//! `WICK_CACHE_RUNS=10000 cargo test --release -p wick-core --test cache` asks more often.

#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

mod fake;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fake::{EOS, FakeTokenizer, mix};
use wick_core::backend::cpu::ThreadPools;
use wick_core::engine::{AnswerKind, Engine, EngineOptions, Job, LogitsJob, Mailbox, Memory, Taken};
use wick_core::language_model::LanguageModel;
use wick_core::loader::{LoadOptions, Source, load_weights};
use wick_core::sampler::{SamplingOptions, SamplingParams};
use wick_core::text::TextOptions;
use wick_core::weights::ModelSource;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../test/fixtures/tiny-models/qwen3");
/// Fewer than two prompts and an answer need together.
const BLOCKS: u64 = 12;

fn model(options: &LoadOptions) -> Box<dyn LanguageModel> {
    let source = ModelSource::open(Source::Path(PathBuf::from(FOLDER))).unwrap();
    load_weights(&source, options, &Memory::uncounted(), &ThreadPools::default(), &mut |_| {}, &|| false).unwrap().model
}

fn engine(blocks: u64) -> Engine {
    let options = LoadOptions { context_length: Some(512), threads: Some(1), ..LoadOptions::default() };
    let model = model(&options);
    let bytes = model.kv_layout().block_bytes as u64;
    let engine = EngineOptions { kv_memory_bytes: Some(blocks * bytes), prefill_chunk: 48, ..EngineOptions::default() };
    Engine::new(model, Arc::new(FakeTokenizer::new()), vec![EOS], engine, Memory::uncounted().open(None))
}

/// Leaves the bits of the logits after `tokens` in the result once they are there.
fn ask(engine: &mut Engine, tokens: &[u32]) -> Arc<Mutex<Option<Vec<u32>>>> {
    let answer = Arc::new(Mutex::new(None));
    let done = Arc::clone(&answer);
    engine.add_logits(LogitsJob {
        tokens: tokens.to_vec(),
        last: 1,
        done: Box::new(move |logits| {
            *done.lock().unwrap() = Some(logits.unwrap().iter().map(|logit| logit.to_bits()).collect());
        }),
        cancelled: Box::new(|| false),
    });
    answer
}

fn chat(engine: &mut Engine, prompt: &[u32], seed: u64) -> Arc<Mailbox> {
    let options = SamplingOptions { temperature: Some(1.0), ..SamplingOptions::default() };
    let mailbox = Arc::new(Mailbox::new(AnswerKind::Chat, 16, Box::new(|| {}), Box::new(|| {})));
    let job = Job {
        kind: AnswerKind::Chat,
        prompt: prompt.to_vec(),
        sampling: SamplingParams::new(&options, fake::VOCABULARY).unwrap(),
        seed,
        n: 1 + (seed % 2) as u32,
        max_tokens: Some(40),
        min_tokens: 0,
        ignore_eos: true,
        end_tokens: None,
        priority: 0,
        reasoning_limit: None,
        grammar: None,
        logprobs: false,
        text: TextOptions::default(),
        echo: None,
        drop_leading_space: false,
        prompt_progress: false,
        deadline: None,
    };
    mailbox.enter(&engine.places());
    engine.add(job, Arc::clone(&mailbox), Duration::ZERO);
    mailbox
}

/// Prompts that share beginnings of every length.
fn prompts() -> Vec<Vec<u32>> {
    let token = |family: u64, position: u64| 12 + (mix(family << 32 | position) % 4000) as u32;
    let mut prompts = Vec::new();
    for family in 0..3 {
        for cut in [31, 32, 33, 64, 100, 128] {
            let length = cut + 1 + mix(family * 100 + cut) % 40;
            // The family's own tokens up to the cut, then its own.
            prompts
                .push((0..length).map(|at| token(if at < cut { family } else { family * 1000 + cut }, at)).collect());
        }
    }
    prompts
}

#[test]
fn logits_have_the_same_bits_whoever_was_there_before() {
    let runs = std::env::var("WICK_CACHE_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(1500);
    let prompts = prompts();
    let mut fresh: HashMap<usize, Vec<u32>> = HashMap::new();
    for (index, prompt) in prompts.iter().enumerate() {
        let mut alone = engine(64);
        let answer = ask(&mut alone, prompt);
        while answer.lock().unwrap().is_none() {
            alone.step(&|| Duration::ZERO);
        }
        fresh.insert(index, answer.lock().unwrap().take().unwrap());
    }
    let mut engine = engine(BLOCKS);
    let mut state = 7;
    let mut below = |bound: usize| {
        state = mix(state + 1);
        (state % bound as u64) as usize
    };
    let (mut asked, mut chats, mut waiting) = (0_usize, Vec::new(), Vec::new());
    let mut cached = 0;
    while asked < runs || !waiting.is_empty() {
        if waiting.len() < 2 && asked < runs {
            let which = below(prompts.len());
            waiting.push((which, ask(&mut engine, &prompts[which])));
            asked += 1;
        }
        if chats.len() < 2 && below(4) == 0 {
            let prompt = &prompts[below(prompts.len())];
            chats.push(chat(&mut engine, &prompt[..=below(prompt.len())], below(1000) as u64));
        }
        engine.step(&|| Duration::ZERO);
        chats.retain(|mailbox: &Arc<Mailbox>| {
            // Some read, some only now and then, some leave.
            match below(8) {
                0 => mailbox.release(),
                1..4 => while matches!(mailbox.take(), Taken::Event(_)) {},
                _ => {}
            }
            !mailbox.is_over()
        });
        waiting.retain(|(which, answer)| match answer.lock().unwrap().take() {
            Some(bits) => {
                assert!(bits == fresh[which], "prompt {which} after {asked} others");
                false
            }
            None => true,
        });
        cached = cached.max(engine.stats().read().cached_tokens);
    }
    assert!(cached >= 64, "nothing was ever cached");
}
