//! An engine over a fake model, its readers, and all that can happen to them.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use wick_core::ErrorCode;
use wick_core::engine::{
    AnswerGrammar, AnswerKind, Engine, EngineOptions, Job, Mailbox, Memory, Progress, PromptLookup, Speculation,
};
use wick_core::grammar::{GrammarCompiler, GrammarSource};
use wick_core::response::{CancelReason, Response};
use wick_core::sampler::{SamplingOptions, SamplingParams};
use wick_core::text::{StopStrings, TextOptions};

use crate::fake::{BLOCK_BYTES, BLOCK_SIZE, EOS, FakeModel, FakeTokenizer, Faults, VOCABULARY};
use crate::random::Random;
use crate::reader::{Reader, Rules};

pub(crate) const CONTEXT: usize = 40;
const STOPS: [&str; 5] = ["stop", "ab", "é", "a\n", "🦀🦀"];

/// Forms of answers: with choices, with tokens that must come, with an end or none, with characters cut in two.
const FORMS: [&str; 7] =
    ["[a-f]{3,9}", "(ab|c)*stop", "a stop(, a stop)*\\.", "abababababab(c|d)", "é(🦀é|x)+", "(?s:.)*", "a( a)*b?"];

/// Their grammars, of which every sequence walks through one of its own.
static GRAMMARS: LazyLock<GrammarCompiler> =
    LazyLock::new(|| GrammarCompiler::new(Arc::new(FakeTokenizer::new()), vec![EOS], Memory::uncounted()));

/// Half of the runs draft tokens, most of those for a model that repeats itself. Drawn apart, so that the same seed makes the
/// same run with other drafts.
fn speculation(random: &mut Random, faults: &Faults) -> Speculation {
    if random.chance(80) {
        faults.window.store(1 + random.below(2), Relaxed);
    }
    let max_tokens = 1 + random.below(9) as usize;
    if random.chance(40) {
        return Speculation::DraftModel { max_tokens };
    }
    let min_match = 1 + random.below(2) as usize;
    let max_match = min_match + random.below(3) as usize;
    Speculation::PromptLookup(PromptLookup { max_tokens, min_match, max_match })
}

/// A model that says the same as its target, or mostly, and may fail.
fn draft_model(random: &mut Random, target: &Faults) -> FakeModel {
    let faults = Faults::default();
    let window = target.window.load(Relaxed);
    faults.window.store(if random.chance(60) { window } else { window + 1 }, Relaxed);
    if random.chance(20) {
        faults.fail_at.store(1 + random.below(40), Relaxed);
    }
    if random.chance(10) {
        faults.panic_at.store(1 + random.below(40), Relaxed);
    }
    if random.chance(10) {
        faults.nan_at.store(1 + random.below(40), Relaxed);
    }
    *faults.no_memory.lock().unwrap() = random.chance(5);
    let context = if random.chance(30) { CONTEXT / 2 } else { CONTEXT };
    FakeModel::new(context, Arc::new(faults))
}

pub(crate) struct World {
    random: Random,
    engine: Engine,
    faults: Arc<Faults>,
    options: EngineOptions,
    pub(crate) readers: Vec<Reader>,
    now: Duration,
    dead: bool,
    memory_failed: bool,
    pub(crate) memory: Arc<Memory>,
    /// Beginnings that prompts share.
    prefixes: Vec<Vec<u32>>,
    /// Draws forms of answers.
    forms: Random,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let faults = Arc::new(Faults::default());
        faults.poisoned.store(random.chance(10), Relaxed);
        let mut drafts = Random(!seed);
        let speculation = if seed % 2 == 1 { Speculation::Off } else { speculation(&mut drafts, &faults) };
        let model = Box::new(FakeModel::new(CONTEXT, Arc::clone(&faults)));
        // From less than one context, where all must make room for one, to more than anyone needs.
        let blocks = random.chance(70).then(|| 3 + random.below(25));
        let options = EngineOptions {
            max_sequences: 3 + random.below(4) as usize,
            max_queue: 1 + random.below(4) as usize,
            prefill_chunk: 1 + random.below(6) as usize,
            read_ahead: 1 + random.below(16) as u32,
            kv_memory_bytes: blocks.map(|blocks| blocks * BLOCK_BYTES as u64),
            speculation,
            // Masks beside the forward pass, and when they are asked for.
            masks_beside: if drafts.chance(50) { 0 } else { usize::MAX },
        };
        let memory = Memory::uncounted();
        let account = memory.open(None);
        let mut engine = Engine::new(model, Arc::new(FakeTokenizer::new()), vec![EOS], options, account);
        if matches!(speculation, Speculation::DraftModel { .. }) {
            engine = engine.with_draft_model(Box::new(draft_model(&mut drafts, &faults)));
        }
        let prefixes = (0..2).map(|_| (0..20).map(|_| 3 + random.below(28) as u32).collect()).collect();
        Self {
            random,
            engine,
            faults,
            options,
            readers: Vec::new(),
            now: Duration::ZERO,
            dead: false,
            memory_failed: false,
            memory,
            prefixes,
            forms: drafts,
        }
    }

    /// The form of every third answer, or so. Drawn apart, as drafts are.
    fn grammar(&mut self) -> Option<AnswerGrammar> {
        let form = FORMS[self.forms.below(FORMS.len() as u64) as usize];
        let source = GrammarSource::regex(form, "regex").unwrap();
        let grammar = GRAMMARS.compile(&source).unwrap_or_else(|error| panic!("{form}: {error:?}"));
        self.forms.chance(35).then_some(AnswerGrammar { grammar, reasoning: None })
    }

    fn blocks(&self) -> usize {
        let contexts = self.options.max_sequences * CONTEXT.div_ceil(BLOCK_SIZE);
        self.options.kv_memory_bytes.map_or(contexts, |bytes| contexts.min(bytes as usize / BLOCK_BYTES))
    }

    fn rules(&self) -> Rules {
        Rules {
            room: CONTEXT.min(self.blocks() * BLOCK_SIZE),
            window: self.faults.window.load(Relaxed) as usize,
            poisoned: self.faults.poisoned.load(Relaxed),
            memory_failed: self.memory_failed,
            broken: self.dead,
            numbers_failed: self.faults.nan_at.load(Relaxed) > 0,
        }
    }

    fn job(&mut self) -> (Job, Vec<&'static str>) {
        let random = &mut self.random;
        let length = if random.chance(3) { CONTEXT as u64 + random.below(2) } else { 1 + random.below(12) };
        let mut prompt: Vec<u32> = Vec::new();
        if random.chance(50) {
            let prefix = &self.prefixes[random.below(2) as usize];
            prompt.extend(&prefix[..random.below(21) as usize]);
            // Equal but for the first block: what follows is then no longer the same.
            if let Some(first) = prompt.first_mut()
                && random.chance(30)
            {
                *first = 3 + random.below(28) as u32;
            }
        }
        prompt.extend((0..length).map(|_| 3 + random.below(29) as u32));
        let stops: Vec<&'static str> = (0..random.below(3)).map(|_| STOPS[random.below(5) as usize]).collect();
        let temperature = [0.0, 0.7, 1.0][random.below(3) as usize];
        let options = SamplingOptions { temperature: Some(temperature), ..SamplingOptions::default() };
        let min_tokens = random.below(4);
        let job = Job {
            kind: AnswerKind::Chat,
            prompt,
            sampling: SamplingParams::new(&options, VOCABULARY).unwrap(),
            seed: random.below(4),
            n: 1 + random.below(3) as u32,
            max_tokens: random.chance(70).then(|| 1 + random.below(20)),
            min_tokens,
            end_tokens: None,
            ignore_eos: random.chance(10),
            priority: random.below(2) as i32,
            reasoning_limit: None,
            grammar: None,
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

    fn submit(&mut self) {
        let (mut job, stops) = self.job();
        job.grammar = self.grammar().filter(|_| !job.ignore_eos);
        if self.random.chance(10) {
            job.deadline = Some(self.now + Duration::from_millis(self.random.below(50)));
        }
        let bell = Arc::new(AtomicBool::new(false));
        let ring = Arc::clone(&bell);
        let ring = Box::new(move || ring.store(true, Relaxed));
        let mailbox = Arc::new(Mailbox::new(AnswerKind::Chat, self.options.read_ahead, ring, Box::new(|| {})));
        mailbox.begin("id".to_owned(), "fake".to_owned(), 0, job.n);
        mailbox.enter(&self.engine.places());
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
            processed: 0,
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
            assert!(reader.mailbox.unread() <= self.options.read_ahead + reader.job.n, "ran too far ahead");
        }
        assert!(self.engine.kv_blocks_used() <= self.blocks(), "more blocks than there may be");
        let live = self.readers.iter().filter(|reader| !reader.mailbox.is_over()).count();
        let running = self.engine.stats().read().running;
        assert!(self.engine.places().taken() + running <= live, "{running} run of {live}, and more wait");
        progress
    }

    /// Law 5: a stream nobody wants is gone after one step.
    fn check_freed(&mut self) {
        let live = self.readers.iter().filter(|reader| !reader.mailbox.is_over()).count();
        self.step();
        let running = self.engine.live_requests();
        assert!(running <= live, "{running} requests live for {live} streams");
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
            85..89 if !self.readers.is_empty() => self.cancel(pick),
            89..91 if !self.readers.is_empty() => {
                self.readers[pick].mailbox.release();
                self.readers[pick].released = true;
                self.check_freed();
            }
            91 => {
                let step = self.faults.steps.load(Relaxed) + 1 + self.random.below(10);
                self.faults.fail_at.store(step, Relaxed);
                self.memory_failed = true;
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
            95 => {
                let row = self.faults.rows.load(Relaxed) + 1 + self.random.below(20);
                self.faults.nan_at.store(row, Relaxed);
            }
            96 => {
                let refuses = self.random.chance(20);
                *self.faults.no_memory.lock().unwrap() = refuses;
                self.memory_failed |= refuses;
            }
            _ => {}
        }
    }

    fn cancel(&mut self, pick: usize) {
        let reader = &mut self.readers[pick];
        reader.cancelled |= reader.is_live();
        if self.random.chance(50) {
            reader.mailbox.cancel(CancelReason::Cancel);
        } else if !reader.mailbox.is_over() {
            self.engine.cancel(reader.request, CancelReason::Signal);
        } else {
            reader.mailbox.cancel(CancelReason::Signal);
        }
        self.check_freed();
    }

    pub(crate) fn run(&mut self) {
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
            if progress != Progress::Worked && !read {
                break;
            }
        }
        let rules = self.rules();
        for reader in &mut self.readers {
            assert!(!reader.read(), "it ended before");
            reader.check_end(rules);
        }
        assert_eq!((self.engine.live_requests(), self.engine.kv_blocks_used()), (0, 0));
        assert_eq!(self.engine.stats().read().kv_bytes_used, 0, "a draft keeps a block");
        if self.dead {
            self.check_dead();
        }
    }

    /// Who asks a broken engine is told so.
    fn check_dead(&mut self) {
        let before = self.readers.len();
        self.submit();
        self.readers[before].read();
        let terminal = &self.readers[before].terminal;
        assert!(
            matches!(terminal, Some(Response::InternalError(error)) if error.error.code == ErrorCode::EngineFailed),
            "{terminal:?}"
        );
    }
}
