//! What a token costs beside the model: engine, sampler, text. `cargo run --release -p wick-core --example overhead`
//! prints one `name<TAB>value<TAB>unit` a line.

#![expect(clippy::print_stdout, reason = "a program whose output is its result")]

#[path = "../letters.rs"]
mod letters;

use std::sync::Arc;
use std::time::{Duration, Instant};

use letters::Letters;
use wick_core::backend::StepPlan;
use wick_core::engine::{AnswerKind, Engine, EngineOptions, Job, Mailbox, Memory, Progress, Taken};
use wick_core::error::Result;
use wick_core::language_model::{KvLayout, LanguageModel};
use wick_core::sampler::{DryOptions, History, Sampler, SamplingOptions, SamplingParams, Scratch};
use wick_core::text::{ReasoningMarkers, StopStrings, TextOptions, TextPipeline, ToolFormat, ToolOptions};

/// Tokens of Qwen3.
const VOCABULARY: usize = 151_936;

fn main() -> Result<()> {
    let figures = [engine()?, sampler()?, text()?].concat();
    for (name, value, unit) in figures {
        println!("{name}\t{value}\t{unit}");
    }
    Ok(())
}

type Figure = (String, f64, &'static str);

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

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

    fn hidden(&mut self) -> &[f32] {
        &[]
    }

    fn hidden_size(&self) -> usize {
        0
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

    fn copy_kv_block(&mut self, _: u32, _: u32) -> Result<()> {
        Ok(())
    }
}

/// Scheduling, sampling from 32 logits, text, mailbox and JSON.
fn engine() -> Result<Vec<Figure>> {
    const TOKENS: u64 = 20_000;
    let account = Memory::uncounted().open(None);
    let model = Box::new(OneLetter([0.0; 32]));
    let mut engine = Engine::new(
        model,
        Arc::new(Letters { vocabulary: 32, token: "a" }),
        vec![0],
        EngineOptions::default(),
        account,
    );
    let mailbox = Arc::new(Mailbox::new(AnswerKind::Chat, 16, Box::new(|| {}), Box::new(|| {})));
    mailbox.begin("chatcmpl-0123456789abcdef".to_owned(), "model".to_owned(), 1_700_000_000, 1);
    let greedy = SamplingOptions { temperature: Some(0.0), ..SamplingOptions::default() };
    let job = Job {
        kind: AnswerKind::Chat,
        prompt: vec![3],
        sampling: SamplingParams::new(&greedy, 32)?,
        seed: 0,
        n: 1,
        max_tokens: Some(TOKENS),
        min_tokens: 0,
        end_tokens: None,
        ignore_eos: false,
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
    let start = Instant::now();
    let (mut bytes, mut over) = (0, false);
    while !over {
        while engine.step(&|| start.elapsed()) == Progress::Worked && mailbox.unread() < 16 {}
        while let Taken::Event(response) = mailbox.take() {
            bytes += serde_json::to_string(&response).map_or(0, |json| json.len());
        }
        over = mailbox.take() == Taken::Over;
    }
    assert!(bytes as u64 > TOKENS, "every event has more than one byte");
    Ok(vec![("engine, one token to JSON".to_owned(), start.elapsed().as_secs_f64() * 1e6 / TOKENS as f64, "µs")])
}

/// One draw at the width of Qwen3.
fn sampler() -> Result<Vec<Figure>> {
    let base = SamplingOptions { temperature: Some(0.6), ..SamplingOptions::default() };
    let qwen = SamplingOptions { top_k: Some(20), top_p: Some(0.95), ..base.clone() };
    let logprobs = SamplingOptions { logprobs: true, top_logprobs: 20, ..qwen.clone() };
    let penalties = SamplingOptions {
        repetition_penalty: Some(1.1),
        presence_penalty: Some(1.0),
        dry: Some(DryOptions { multiplier: 0.8, ..DryOptions::default() }),
        ..qwen.clone()
    };
    let kinds = [
        ("greedy", SamplingOptions { temperature: Some(0.0), ..SamplingOptions::default() }),
        ("temperature 0.6, top-k 20, top-p 0.95", qwen),
        ("the same with 20 logprobs", logprobs),
        ("the same with penalties and DRY over 4,096 tokens", penalties),
        ("temperature 0.6", base.clone()),
        ("temperature 0.6, top-p 0.95", SamplingOptions { top_p: Some(0.95), ..base.clone() }),
        ("temperature 2, top-p 0.95", SamplingOptions { top_p: Some(0.95), temperature: Some(2.0), ..base.clone() }),
        ("temperature 0.6, min-p 0.05", SamplingOptions { min_p: Some(0.05), ..base }),
    ];
    // A few good tokens over a broad floor, as a model has them.
    let logits: Vec<f32> = (0..VOCABULARY as u64)
        .map(|token| {
            let uniform = |salt: u64| (mix(token * 2 + salt) >> 11) as f64 / (1_u64 << 53) as f64;
            (-2.0 * (1.0 - uniform(0)).ln() - 4.0 + 3.0 * uniform(1)) as f32
        })
        .collect();
    let tokens: Vec<u32> = (0..4_096_u64).map(|i| (i * i % 1_500) as u32).collect();
    let mut scratch = Scratch::default();
    let mut figures = Vec::new();
    for (name, options) in kinds {
        let sampler = Sampler::new(SamplingParams::new(&options, VOCABULARY)?, 1, 0);
        let mut times = Vec::new();
        for length in 0..40 {
            let mut logits = logits.clone();
            let history = History { tokens: &tokens[length..], ..History::default() };
            let start = Instant::now();
            sampler.sample(&mut scratch, &mut logits, &history)?;
            times.push(start.elapsed().as_secs_f64() * 1e6);
        }
        figures.push((format!("sampler, {VOCABULARY} logits: {name}"), median(times), "µs"));
    }
    Ok(figures)
}

/// `SplitMix64`, Steele et al. 2014.
fn mix(value: u64) -> u64 {
    let mut mixed = value.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// One token of four bytes through all stages.
fn text() -> Result<Vec<Figure>> {
    let prose = "The quick brown fox jumps over the lazy dog.\nAnd then, é. ".repeat(2_000);
    let call = format!("<tool_call>{{\"name\": \"f\", \"arguments\": {{\"a\": \"{prose}");
    let stops: Vec<String> = (0..16).map(|index| format!("\n{index} the")).collect();
    let all = |stops: &[String]| -> Result<TextOptions> {
        Ok(TextOptions {
            stops: StopStrings::new(stops)?,
            reasoning: Some(ReasoningMarkers::think(false)),
            min_tokens: 0,
            tools: Some(ToolOptions {
                format: ToolFormat::Hermes,
                types: Arc::default(),
                call_id: Arc::new(|index| index.to_string()),
            }),
        })
    };
    let kinds = [
        ("plain", &prose, TextOptions::default()),
        ("reasoning and tools", &prose, all(&[])?),
        ("16 stop strings", &prose, all(&stops)?),
        ("arguments of a call", &call, all(&[])?),
    ];
    let mut figures = Vec::new();
    for (name, text, options) in kinds {
        let mut pipeline = TextPipeline::new(options);
        let mut out = Vec::new();
        let start = Instant::now();
        for token in text.as_bytes().chunks(4) {
            out.clear();
            pipeline.push(token, None, &mut out);
        }
        let tokens = text.len().div_ceil(4);
        figures.push((format!("text: {name}"), start.elapsed().as_secs_f64() * 1e9 / tokens as f64, "ns"));
        let start = Instant::now();
        pipeline.truncate(tokens - 3);
        figures.push((format!("text: {name}, 3 tokens back"), start.elapsed().as_secs_f64() * 1e9, "ns"));
    }
    Ok(figures)
}
