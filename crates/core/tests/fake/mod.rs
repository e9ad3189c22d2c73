//! A model of 32 tokens whose next token is a pure function of the prefix, for tests of the engine.

#![allow(dead_code, clippy::allow_attributes, clippy::unwrap_used, reason = "shared by tests that each use a part")]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, mpsc};

use wick_core::backend::{StepPlan, Wanted};
use wick_core::error::{Error, ErrorCode, Result};
use wick_core::language_model::{KvLayout, LanguageModel};
use wick_core::tokenizer::Tokenizer;

pub(crate) const VOCABULARY: usize = 32;
pub(crate) const EOS: u32 = 0;
pub(crate) const BLOCK_SIZE: usize = 4;
pub(crate) const BLOCK_BYTES: usize = 16;
/// The model has rows of padding that must never be sampled.
const WIDTH: usize = VOCABULARY + 5;

/// Keeps the tokens themselves where a model keeps keys and values, and reads the prefix back through the block
/// tables, so that a wrong block shows in the text.
pub(crate) struct FakeModel {
    slots: Vec<u32>,
    logits: Vec<f32>,
    hidden: Vec<f32>,
    context: usize,
    steps: u64,
    faults: Arc<Faults>,
}

/// A token that the model fails over while [`Faults::poisoned`].
pub(crate) const POISON: u32 = 31;

/// What goes wrong, at which forward pass (counted from 1; 0 is never).
#[derive(Default)]
pub(crate) struct Faults {
    pub(crate) fail_at: AtomicU64,
    pub(crate) panic_at: AtomicU64,
    /// At which row of logits, likewise.
    pub(crate) nan_at: AtomicU64,
    pub(crate) poisoned: AtomicBool,
    /// Rows of logits so far.
    pub(crate) rows: AtomicU64,
    /// Forward passes so far.
    pub(crate) steps: AtomicU64,
    /// Whether the storage refuses to grow.
    pub(crate) no_memory: Mutex<bool>,
    /// Of how many tokens the next one is mostly a function; of all where this is 0.
    pub(crate) window: AtomicU64,
    /// The next text is not tokenised before a message comes.
    pub(crate) text_gate: Mutex<Option<mpsc::Receiver<()>>>,
    /// The next text makes the tokenizer panic.
    pub(crate) text_panics: AtomicBool,
}

impl FakeModel {
    pub(crate) fn new(context: usize, faults: Arc<Faults>) -> Self {
        Self { slots: Vec::new(), logits: Vec::new(), hidden: Vec::new(), context, steps: 0, faults }
    }
}

/// Logits after `prefix`, `(WIDTH,)`: a hash for each token.
pub(crate) fn logits_after(prefix: &[u32]) -> Vec<f32> {
    let seed = prefix.iter().fold(0x9e37_79b9_7f4a_7c15_u64, |hash, &token| mix(hash ^ u64::from(token)));
    let mut logits: Vec<f32> = (0..WIDTH as u64).map(|token| (mix(seed ^ token) % 1000) as f32 / 100.0).collect();
    logits[EOS as usize] -= 2.0; // or half of the answers were over at once
    for padding in &mut logits[VOCABULARY..] {
        *padding = 1e6;
    }
    logits
}

/// Logits after `prefix` of a model that repeats itself: they are mostly those after its last `window` tokens, and now and
/// then those after all, so that a wrong block still shows.
pub(crate) fn repetitive_logits_after(prefix: &[u32], window: usize) -> Vec<f32> {
    let seed = prefix.iter().fold(1, |hash, &token| mix(hash ^ u64::from(token)));
    let from = if window == 0 || seed % 8 == 0 { 0 } else { prefix.len().saturating_sub(window) };
    logits_after(&prefix[from..])
}

/// Width of a state.
pub(crate) const HIDDEN: usize = 3;

/// The state after `prefix`, `(HIDDEN,)`.
pub(crate) fn state_after(prefix: &[u32]) -> Vec<f32> {
    logits_after(prefix)[1..=HIDDEN].to_vec()
}

pub(crate) fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

impl LanguageModel for FakeModel {
    fn forward(&mut self, plan: &StepPlan) -> Result<()> {
        self.steps += 1;
        self.faults.steps.store(self.steps, Relaxed);
        assert!(self.faults.panic_at.load(Relaxed) != self.steps, "injected");
        let poisoned = self.faults.poisoned.load(Relaxed) && plan.tokens.contains(&POISON);
        if poisoned || self.faults.fail_at.load(Relaxed) == self.steps {
            return Err(Error::new(ErrorCode::OutOfMemory, "The device has no memory for this step."));
        }
        let written: BTreeSet<u32> = plan.slots.iter().copied().collect();
        assert_eq!(written.len(), plan.rows(), "two rows go to one place");
        for (row, &slot) in plan.slots.iter().enumerate() {
            self.slots[slot as usize] = plan.tokens[row];
        }
        self.logits.clear();
        self.hidden.clear();
        for &row in &plan.sampled_rows {
            let sequence = plan.sequence_starts.partition_point(|&start| start <= row) - 1;
            let table = &plan.block_tables[plan.block_table_starts[sequence] as usize..];
            let prefix: Vec<u32> = (0..=plan.positions[row as usize] as usize)
                .map(|position| self.slots[table[position / BLOCK_SIZE] as usize * BLOCK_SIZE + position % BLOCK_SIZE])
                .collect();
            match plan.wanted {
                Wanted::Logits => {
                    let window = self.faults.window.load(Relaxed) as usize;
                    self.logits.extend(repetitive_logits_after(&prefix, window));
                }
                Wanted::Hidden => {
                    self.hidden.extend(state_after(&prefix));
                    continue;
                }
            }
            if self.faults.rows.fetch_add(1, Relaxed) + 1 == self.faults.nan_at.load(Relaxed) {
                let end = self.logits.len();
                self.logits[end - WIDTH + 5] = f32::NAN;
            }
        }
        Ok(())
    }

    fn logits(&mut self) -> &mut [f32] {
        &mut self.logits
    }

    fn hidden(&mut self) -> &[f32] {
        &self.hidden
    }

    fn hidden_size(&self) -> usize {
        HIDDEN
    }

    fn vocabulary_size(&self) -> usize {
        WIDTH
    }

    fn context_length(&self) -> usize {
        self.context
    }

    fn kv_layout(&self) -> KvLayout {
        KvLayout { block_size: BLOCK_SIZE, block_bytes: BLOCK_BYTES }
    }

    fn reserve_kv_blocks(&mut self, blocks: usize) -> Result<()> {
        if *self.faults.no_memory.lock().unwrap() {
            return Err(Error::new(ErrorCode::OutOfMemory, "no").detail("needed", blocks).detail("limit", 0));
        }
        self.slots.resize(blocks * BLOCK_SIZE, u32::MAX);
        Ok(())
    }

    fn copy_kv_block(&mut self, from: u32, to: u32) -> Result<()> {
        let from = from as usize * BLOCK_SIZE;
        self.slots.copy_within(from..from + BLOCK_SIZE, to as usize * BLOCK_SIZE);
        Ok(())
    }
}

/// Words, single bytes of split characters, and a byte that is never text.
pub(crate) struct FakeTokenizer {
    tokens: Vec<&'static [u8]>,
    control: &'static [(u32, &'static str)],
    faults: Arc<Faults>,
}

const CONTROL: [(u32, &str); 3] = [(EOS, "<eos>"), (1, "<think>"), (2, "</think>")];
/// With tokens for filling in the middle in place of four letters.
const CONTROL_WITH_FIM: [(u32, &str); 7] = [
    CONTROL[0],
    CONTROL[1],
    CONTROL[2],
    (21, "<|fim_prefix|>"),
    (22, "<|fim_suffix|>"),
    (23, "<|fim_middle|>"),
    (24, "<|file_sep|>"),
];

impl FakeTokenizer {
    pub(crate) fn new() -> Self {
        Self::with_faults(Arc::default())
    }

    pub(crate) fn with_faults(faults: Arc<Faults>) -> Self {
        let tokens: [&'static [u8]; VOCABULARY] = [
            b"",
            b"",
            b"",
            b"a",
            b"b",
            b"ab",
            b"ba",
            b" ",
            b"\n",
            b"stop",
            b"st",
            b"op",
            b"\xc3",
            b"\xa9",
            b"\xf0\x9f",
            b"\xa6\x80",
            b"\xf0",
            b"\x9f",
            b"\xa6",
            b"\x80",
            b"\xff",
            b"c",
            b"d",
            b"e",
            b"f",
            b" the",
            b" a",
            b".",
            b",",
            "é".as_bytes(),
            "🦀".as_bytes(),
            b"x",
        ];
        Self { tokens: tokens.to_vec(), control: &CONTROL, faults }
    }

    /// One that can fill in the middle.
    pub(crate) fn with_fim(mut self) -> Self {
        self.control = &CONTROL_WITH_FIM;
        for (id, _) in self.control {
            self.tokens[*id as usize] = b"";
        }
        self
    }
}

impl Tokenizer for FakeTokenizer {
    fn encode_text(&self, text: &str) -> Result<Vec<u32>> {
        let gate = self.faults.text_gate.lock().unwrap().take();
        if let Some(gate) = gate {
            gate.recv().unwrap();
        }
        assert!(!self.faults.text_panics.swap(false, Relaxed), "injected");
        // Byte by byte where there is a token for it, else `x`.
        Ok(text
            .bytes()
            .map(|byte| self.tokens.iter().position(|token| *token == [byte]).unwrap_or(31) as u32)
            .collect())
    }

    fn encode_with_control(&self, text: &str, breaks: &[usize]) -> Result<Vec<u32>> {
        let mut ids = Vec::new();
        let mut rest = 0;
        let mut at = 0;
        while at < text.len() {
            let found = self.control.iter().find(|(_, control)| {
                let end = at + control.len();
                text.as_bytes()[at..].starts_with(control.as_bytes()) && !breaks.iter().any(|&b| at < b && b <= end)
            });
            if let Some((id, control)) = found {
                ids.extend(self.encode_text(&text[rest..at])?);
                ids.push(*id);
                at += control.len();
                rest = at;
            } else {
                at += text[at..].chars().next().map_or(1, char::len_utf8);
            }
        }
        ids.extend(self.encode_text(&text[rest..])?);
        Ok(ids)
    }

    fn token_bytes(&self, id: u32) -> Option<&[u8]> {
        self.tokens.get(id as usize).copied()
    }

    fn is_control(&self, id: u32) -> bool {
        self.control.iter().any(|(control, _)| *control == id)
    }

    fn token_text(&self, id: u32) -> Option<&str> {
        self.control.iter().find(|(control, _)| *control == id).map(|(_, text)| *text)
    }

    fn token_id(&self, text: &str) -> Option<u32> {
        self.control.iter().find(|(_, control)| *control == text).map(|(id, _)| *id)
    }

    fn vocabulary_size(&self) -> usize {
        VOCABULARY
    }

    fn add_bos(&self) -> Option<u32> {
        None
    }

    fn drops_leading_space(&self) -> bool {
        false
    }

    fn decode(&self, ids: &[u32]) -> Result<String> {
        let bytes: Vec<u8> = ids
            .iter()
            .flat_map(|&id| {
                self.token_text(id).map_or_else(|| self.tokens[id as usize].to_vec(), |text| text.as_bytes().to_vec())
            })
            .collect();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn control_texts(&self) -> Vec<&str> {
        self.control.iter().map(|(_, text)| *text).collect()
    }

    fn memory_bytes(&self) -> usize {
        0
    }
}
