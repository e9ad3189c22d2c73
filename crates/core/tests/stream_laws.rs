//! The laws of a stream, as a seeded state machine of readers against a fake model.
//!
//! `WICK_LAWS_SEED=… cargo test -p wick-core --test stream_laws` replays one run, `WICK_LAWS_RUNS=…` makes more.

#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

mod fake;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use fake::{EOS, FakeModel, FakeTokenizer, Faults, VOCABULARY, logits_after, mix};
use wick_core::ErrorCode;
use wick_core::engine::{AnswerKind, Engine, EngineOptions, Job, Mailbox, Memory, Progress, Taken};
use wick_core::response::{CancelReason, ChatCompletion, FinishReason, Response, StopReason, Usage};
use wick_core::sampler::{History, Sampler, SamplingOptions, SamplingParams, Scratch};
use wick_core::text::{StopStrings, TextOptions};
use wick_core::tokenizer::Tokenizer;

const CONTEXT: usize = 40;
const STOPS: [&str; 5] = ["stop", "ab", "é", "a\n", "🦀🦀"];

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// What a choice must come to, computed alone, without engine, cache or pipeline.
struct Oracle {
    /// Text of all tokens, nothing cut.
    raw: String,
    text: String,
    tokens: u64,
    stop: StopReason,
}

fn oracle(job: &Job, stops: &[&str], choice: u32, room: usize) -> Oracle {
    let tokenizer = FakeTokenizer::new();
    let sampler = Sampler::new(job.sampling.clone(), job.seed, choice);
    let mut tokens = job.prompt.clone();
    let mut bytes = Vec::new();
    // Bytes of text in which no stop string is looked for.
    let mut unstoppable = 0;
    loop {
        let mut logits = logits_after(&tokens);
        let sampled = tokens.len() - job.prompt.len();
        let banned: &[u32] = if (sampled as u64) < job.min_tokens && !job.ignore_eos { &[EOS] } else { &[] };
        let history = History { tokens: &tokens, prompt_length: job.prompt.len(), mask: None, banned };
        let token = sampler.sample(&mut Scratch::default(), &mut logits[..VOCABULARY], &history).unwrap().token;
        tokens.push(token);
        let count = (tokens.len() - job.prompt.len()) as u64;
        let raw = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let over = |bytes: &[u8], text: String, stop| Oracle { raw: raw(bytes), text, tokens: count, stop };
        if token == EOS && !job.ignore_eos {
            return over(&bytes, raw(&bytes), StopReason::Eos);
        }
        bytes.extend_from_slice(tokenizer.token_bytes(token).unwrap());
        if count <= job.min_tokens {
            unstoppable = complete(&bytes).len();
        } else if let Some((text, stop)) = cut(&complete(&bytes), unstoppable, stops) {
            return over(&bytes, text, StopReason::StopString { text: stop });
        }
        let limit = if job.max_tokens.is_some_and(|max| count >= max) {
            StopReason::MaxTokens
        } else if tokens.len() >= room {
            StopReason::Context
        } else {
            continue;
        };
        return over(&bytes, raw(&bytes), limit);
    }
}

/// Text whose characters are all there.
fn complete(bytes: &[u8]) -> String {
    let held = (1..=3.min(bytes.len())).find(|&held| {
        std::str::from_utf8(&bytes[bytes.len() - held..])
            .is_err_and(|error| error.error_len().is_none() && error.valid_up_to() == 0)
    });
    String::from_utf8_lossy(&bytes[..bytes.len() - held.unwrap_or(0)]).into_owned()
}

/// The text before the first stop string to end after `from`, the longest of those that end together.
fn cut(text: &str, from: usize, stops: &[&str]) -> Option<(String, String)> {
    text[from..].char_indices().find_map(|(at, letter)| {
        let read = &text[from..from + at + letter.len_utf8()];
        let stop = stops.iter().filter(|stop| read.ends_with(**stop)).max_by_key(|stop| stop.len())?;
        Some((text[..from + read.len() - stop.len()].to_owned(), (*stop).to_owned()))
    })
}

/// One reader with its stream, and what it has seen.
struct Reader {
    mailbox: Arc<Mailbox>,
    bell: Arc<AtomicBool>,
    job: Job,
    stops: Vec<&'static str>,
    request: u64,
    texts: Vec<String>,
    finishes: Vec<Option<FinishReason>>,
    chunks: usize,
    terminal: Option<Response>,
    cancelled: bool,
    released: bool,
    /// Found nothing at its last look: the bell must ring before there is something.
    waits: bool,
}

impl Reader {
    /// Takes one event and checks what every event must obey.
    fn read(&mut self) -> bool {
        let rung = self.bell.swap(false, Relaxed);
        let taken = self.mailbox.take();
        if self.waits && !rung && !self.released {
            assert_eq!(taken, Taken::Nothing, "an event came and the bell did not ring");
        }
        self.waits = taken == Taken::Nothing;
        let response = match taken {
            Taken::Nothing => return false,
            Taken::Over => {
                assert!(self.terminal.is_some() || self.released, "over without a terminal");
                return false;
            }
            Taken::Event(response) => response,
        };
        assert!(self.terminal.is_none(), "an event after the terminal: {response:?}");
        assert!(!self.released, "an event after release");
        match &response {
            Response::PromptProgress(progress) => {
                assert!(self.chunks == 0 && self.job.prompt_progress, "progress after a chunk, or unasked");
                assert!(progress.processed <= progress.total);
            }
            Response::Chunk(chunk) => {
                self.chunks += 1;
                let [choice] = &chunk.choices[..] else { panic!("one choice a chunk") };
                let index = choice.index as usize;
                assert!(self.finishes[index].is_none(), "a chunk after the choice's last");
                let first = self.texts[index].is_empty() && choice.delta.role.is_some();
                assert!(first || choice.delta.role.is_none());
                self.texts[index].push_str(choice.delta.content.as_deref().unwrap_or_default());
                self.finishes[index] = choice.finish_reason;
            }
            _ => {
                assert!(response.is_terminal(), "{response:?}");
                self.terminal = Some(response);
            }
        }
        true
    }

    fn live(&self) -> bool {
        self.terminal.is_none() && !self.released && !self.cancelled
    }

    /// What the terminal must say of what was delivered.
    fn check_end(&self, engine_options: EngineOptions) {
        if self.released {
            return;
        }
        let blocks = engine_options.kv_memory_bytes.map_or(usize::MAX, |bytes| bytes as usize / fake::BLOCK_BYTES);
        let room = CONTEXT.min(blocks.saturating_mul(fake::BLOCK_SIZE));
        let terminal = self.terminal.as_ref().expect("every stream ends");
        let oracles: Vec<Oracle> = (0..self.job.n).map(|choice| oracle(&self.job, &self.stops, choice, room)).collect();
        let sampled: u64 = oracles.iter().map(|oracle| oracle.tokens).sum();
        match terminal {
            Response::Done(done) => {
                self.check_completion(&done.completion, None);
                for (choice, oracle) in done.completion.choices.iter().zip(&oracles) {
                    assert_eq!(choice.message.content, oracle.text);
                    assert_eq!(choice.stop_reason.as_ref(), Some(&oracle.stop));
                    let length = matches!(oracle.stop, StopReason::MaxTokens | StopReason::Context);
                    assert_eq!(choice.finish_reason, if length { FinishReason::Length } else { FinishReason::Stop });
                }
                assert!(self.finishes.iter().all(Option::is_some), "a choice's last chunk carries its finishReason");
                self.check_usage(done.completion.usage, sampled..=sampled);
            }
            Response::ModelError(error) => {
                assert_eq!(error.error.code, ErrorCode::NumericError);
                self.check_completion(&error.partial, Some(FinishReason::Error));
                self.check_prefixes(&oracles);
                self.check_usage(error.partial.usage, 0..=sampled);
            }
            Response::InternalError(error) => {
                assert!(matches!(error.error.code, ErrorCode::EngineFailed | ErrorCode::EngineClosed));
                self.check_completion(&error.partial, Some(FinishReason::Error));
                self.check_prefixes(&oracles);
                self.check_usage(error.partial.usage, 0..=sampled);
            }
            Response::Cancelled(cancelled) => {
                assert!(self.cancelled || cancelled.reason == CancelReason::Timeout);
                self.check_completion(&cancelled.partial, Some(FinishReason::Cancelled));
                self.check_prefixes(&oracles);
                self.check_usage(cancelled.partial.usage, 0..=sampled);
            }
            Response::ValidationError(error) => {
                assert!(self.texts.iter().all(String::is_empty), "nothing was generated");
                match error.error.code {
                    ErrorCode::ContextOverflow => assert!(self.job.prompt.len() >= CONTEXT),
                    ErrorCode::QueueFull => assert!(error.error.retryable),
                    other => panic!("{other:?}"),
                }
            }
            other => panic!("{other:?} ends no chat"),
        }
    }

    /// Law 2: the terminal says what the deltas said.
    fn check_completion(&self, completion: &ChatCompletion, unfinished: Option<FinishReason>) {
        assert_eq!(completion.choices.len(), self.texts.len().min(completion.choices.len()));
        for (choice, (text, finish)) in completion.choices.iter().zip(self.texts.iter().zip(&self.finishes)) {
            assert_eq!(&choice.message.content, text);
            assert_eq!(Some(choice.finish_reason), finish.or(unfinished));
        }
    }

    /// Law 6 and law 3 for streams that ended early: nobody else's text, whole characters.
    fn check_prefixes(&self, oracles: &[Oracle]) {
        for (text, oracle) in self.texts.iter().zip(oracles) {
            // A character that was cut is flushed as one U+FFFD.
            let whole = text.strip_suffix('\u{fffd}').unwrap_or(text);
            assert!(oracle.raw.starts_with(text) || oracle.raw.starts_with(whole), "{text:?} of {:?}", oracle.raw);
        }
    }

    fn check_usage(&self, usage: Option<Usage>, completion: std::ops::RangeInclusive<u64>) {
        let usage = usage.expect("a local engine knows");
        assert!(completion.contains(&usage.completion_tokens), "{usage:?} {completion:?}");
        assert_eq!(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
        // Nothing was fed to a request that ended in the queue.
        assert!(usage.prompt_tokens == self.job.prompt.len() as u64 || usage.completion_tokens == 0);
    }
}

fn random_job(random: &mut Random) -> (Job, Vec<&'static str>) {
    let length = if random.chance(3) { CONTEXT as u64 + random.below(2) } else { 1 + random.below(12) };
    let stops: Vec<&'static str> = (0..random.below(3)).map(|_| STOPS[random.below(5) as usize]).collect();
    let temperature = [0.0, 0.7, 1.0][random.below(3) as usize];
    let options = SamplingOptions { temperature: Some(temperature), ..SamplingOptions::default() };
    let min_tokens = random.below(4);
    let job = Job {
        kind: AnswerKind::Chat,
        prompt: (0..length).map(|_| 3 + random.below(29) as u32).collect(),
        sampling: SamplingParams::new(&options, VOCABULARY).unwrap(),
        seed: random.below(4),
        n: 1 + random.below(3) as u32,
        max_tokens: random.chance(70).then(|| 1 + random.below(20)),
        min_tokens,
        ignore_eos: random.chance(10),
        priority: random.below(2) as i32,
        logprobs: false,
        text: TextOptions {
            stops: StopStrings::new(&stops).unwrap(),
            min_tokens: min_tokens as usize,
            ..TextOptions::default()
        },
        echo: None,
        drop_leading_space: false,
        prompt_progress: random.chance(30),
        deadline: None,
    };
    (job, stops)
}

struct World {
    random: Random,
    engine: Engine,
    faults: Arc<Faults>,
    options: EngineOptions,
    readers: Vec<Reader>,
    now: Duration,
    dead: bool,
    read_ahead: u32,
    memory: Arc<Memory>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let faults = Arc::new(Faults::default());
        let model = Box::new(FakeModel::new(CONTEXT, Arc::clone(&faults)));
        let options = EngineOptions {
            max_sequences: 3 + random.below(4) as usize,
            max_queue: 1 + random.below(4) as usize,
            prefill_chunk: 1 + random.below(6) as usize,
            kv_memory_bytes: None,
        };
        let memory = Memory::new(None);
        let account = memory.open(None);
        let engine = Engine::new(model, Arc::new(FakeTokenizer::new()), vec![EOS], options, account);
        let read_ahead = 1 + random.below(16) as u32;
        Self {
            random,
            engine,
            faults,
            options,
            readers: Vec::new(),
            now: Duration::ZERO,
            dead: false,
            read_ahead,
            memory,
        }
    }

    fn submit(&mut self) {
        let (mut job, stops) = random_job(&mut self.random);
        if self.random.chance(10) {
            job.deadline = Some(self.now + Duration::from_millis(self.random.below(50)));
        }
        let bell = Arc::new(AtomicBool::new(false));
        let ring = Arc::clone(&bell);
        let mailbox = Mailbox::new(
            AnswerKind::Chat,
            self.read_ahead,
            Box::new(move || ring.store(true, Relaxed)),
            Box::new(|| {}),
        );
        let mailbox = Arc::new(mailbox);
        mailbox.begin("id".to_owned(), "fake".to_owned(), 0, job.n);
        let request = self.engine.add(job.clone(), Arc::clone(&mailbox), self.now);
        self.readers.push(Reader {
            mailbox,
            bell,
            texts: vec![String::new(); job.n as usize],
            finishes: vec![None; job.n as usize],
            job,
            stops,
            request,
            chunks: 0,
            terminal: None,
            cancelled: false,
            released: false,
            waits: false,
        });
    }

    fn step(&mut self) -> Progress {
        self.now += Duration::from_millis(1);
        let now = self.now;
        let panics = self.faults.panic_at.load(Relaxed);
        let progress = self.engine.step(&move || now);
        self.dead |= panics != 0 && self.faults.steps.load(Relaxed) >= panics;
        for reader in &self.readers {
            // Each choice may hold one flushed delta more when it fails.
            assert!(reader.mailbox.unread() <= self.read_ahead + reader.job.n, "ran too far ahead");
        }
        progress
    }

    /// Law 5: a stream nobody wants is gone after one step.
    fn check_freed(&mut self) {
        let live = self.readers.iter().filter(|reader| !reader.mailbox.is_over()).count();
        self.step();
        assert!(
            self.engine.live_requests() <= live,
            "{} requests live for {live} streams",
            self.engine.live_requests()
        );
        if live == 0 {
            assert_eq!(self.engine.kv_blocks_used(), 0, "blocks of no one");
        }
    }

    fn act(&mut self) {
        let pick = if self.readers.is_empty() { 0 } else { self.random.below(self.readers.len() as u64) as usize };
        match self.random.below(100) {
            0..15 if self.readers.len() < 8 => self.submit(),
            15..55 => {
                self.step();
            }
            55..85 if !self.readers.is_empty() => {
                for _ in 0..=self.random.below(6) {
                    self.readers[pick].read();
                }
            }
            85..89 if !self.readers.is_empty() => {
                let reader = &mut self.readers[pick];
                reader.cancelled |= reader.live();
                if self.random.chance(50) {
                    reader.mailbox.cancel(CancelReason::Cancel);
                } else if !reader.mailbox.is_over() {
                    self.engine.cancel(reader.request, CancelReason::Signal);
                } else {
                    reader.mailbox.cancel(CancelReason::Signal);
                }
                self.check_freed();
            }
            89..91 if !self.readers.is_empty() => {
                self.readers[pick].mailbox.release();
                self.readers[pick].released = true;
                self.check_freed();
            }
            91 => {
                let step = self.faults.steps.load(Relaxed) + 1 + self.random.below(10);
                self.faults.fail_at.store(step, Relaxed);
            }
            92 if self.random.chance(20) => {
                let step = self.faults.steps.load(Relaxed) + 1 + self.random.below(10);
                self.faults.panic_at.store(step, Relaxed);
            }
            93 if self.random.chance(5) => {
                self.engine.close();
                assert_eq!((self.engine.live_requests(), self.engine.kv_blocks_used()), (0, 0));
            }
            94 => self.now += Duration::from_millis(self.random.below(40)),
            _ => {}
        }
    }

    fn run(&mut self) {
        for _ in 0..40 + self.random.below(160) {
            self.act();
        }
        // Everyone reads to the end.
        for _ in 0..100_000 {
            let progress = self.step();
            let mut read = false;
            for reader in &mut self.readers {
                while reader.read() {
                    read = true;
                }
            }
            if progress == Progress::Idle && !read {
                break;
            }
        }
        for reader in &mut self.readers {
            assert!(!reader.read(), "it ended before");
            reader.check_end(self.options);
        }
        assert_eq!((self.engine.live_requests(), self.engine.kv_blocks_used()), (0, 0));
        if self.dead {
            let before = self.readers.len();
            self.submit();
            self.readers[before].read();
            assert!(
                matches!(&self.readers[before].terminal, Some(Response::InternalError(error)) if error.error.code == ErrorCode::EngineFailed)
            );
        }
    }
}

fn silence_injected_panics() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if info.payload_as_str() != Some("injected") {
            report(info);
        }
    }));
}

#[test]
fn laws_hold_whatever_readers_and_models_do() {
    silence_injected_panics();
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let seeds = match number("WICK_LAWS_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("WICK_LAWS_RUNS").unwrap_or(4000),
    };
    let mut ends = std::collections::BTreeMap::<&str, usize>::new();
    for seed in seeds {
        let mut world = World::new(seed);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| world.run())) {
            println!("replay with WICK_LAWS_SEED={seed}");
            std::panic::resume_unwind(panic);
        }
        for reader in &world.readers {
            let end = match &reader.terminal {
                None => "released",
                Some(Response::Done(_)) => "done",
                Some(Response::Cancelled(_)) => "cancelled",
                Some(Response::ModelError(_)) => "model_error",
                Some(Response::InternalError(_)) => "internal_error",
                Some(Response::ValidationError(_)) => "validation_error",
                Some(_) => "other",
            };
            *ends.entry(end).or_default() += 1;
        }
        let memory = Arc::clone(&world.memory);
        drop(world);
        assert_eq!(memory.used(), 0, "a dropped engine gives its memory back");
    }
    println!("streams by end: {ends:?}");
}
