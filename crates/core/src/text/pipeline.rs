//! The stages in a row.

use super::answer_stage::AnswerStage;
use super::event::TextEvent;
use super::stop::{StopMatch, StopStage};
use super::text_options::TextOptions;
use super::utf8::Utf8Stage;

/// Tokens between two checkpoints of a pipeline: what a short roll-back reads again at most.
const CHECKPOINT_TOKENS: usize = 64;

/// From the bytes of tokens to what a sequence says: UTF-8, then stop strings, then reasoning, then tool calls.
///
/// A stop string is looked for in everything the model writes: answer, reasoning, tool calls and their markers. Of
/// control tokens only the markers of the stages in use have text; all others are invisible.
///
/// The stages hold a bounded text. The pipeline also keeps the bytes of its tokens (5 bytes and the text per token),
/// from which [`Self::truncate`] rolls back to any token. `Clone` forks.
#[derive(Clone)]
pub struct TextPipeline {
    start: Stages,
    now: Stages,
    log: TokenLog,
    /// The stages after so many tokens: the last two multiples of [`CHECKPOINT_TOKENS`].
    checkpoints: [Option<(usize, Stages)>; 2],
}

#[derive(Clone)]
struct Stages {
    utf8: Utf8Stage,
    stop: StopStage,
    answer: AnswerStage,
    /// The pipeline has ended inside a code point.
    cut_character: bool,
    /// Tokens in whose text no stop string is looked for, from here on.
    unstoppable: usize,
    /// Text between the stages; reused, empty between calls.
    decoded: String,
    allowed: String,
}

/// The tokens read so far.
#[derive(Clone, Default)]
struct TokenLog {
    bytes: Vec<u8>,
    /// Where each token's bytes end, and whether they are the text of a marker.
    ends: Vec<(u32, bool)>,
}

impl TextPipeline {
    /// A pipeline at the beginning of an answer.
    pub fn new(options: TextOptions) -> Self {
        let answer = AnswerStage::new(&options);
        let start = Stages {
            utf8: Utf8Stage::default(),
            stop: StopStage::new(options.stops),
            answer,
            cut_character: false,
            unstoppable: options.min_tokens,
            decoded: String::new(),
            allowed: String::new(),
        };
        Self { now: start.clone(), start, log: TokenLog::default(), checkpoints: [None, None] }
    }

    /// Reads one token: its bytes, or for a control token its spelling. Appends what is certain to `out`.
    ///
    /// Once a stop string is found, it and everything after it is dropped; every later call says the match again.
    pub fn push(&mut self, bytes: &[u8], control_text: Option<&str>, out: &mut Vec<TextEvent>) -> Option<StopMatch> {
        let marker = control_text.filter(|text| self.now.answer.is_marker(text));
        let bytes = marker.map_or(bytes, str::as_bytes);
        self.log.push(bytes, marker.is_some());
        let matched = self.now.push(bytes, marker.is_some(), out);
        if self.tokens().is_multiple_of(CHECKPOINT_TOKENS) {
            self.checkpoints.swap(0, 1);
            self.checkpoints[1] = Some((self.tokens(), self.now.clone()));
        }
        matched
    }

    /// Ends the answer: text still held back is sent, an incomplete code point as one U+FFFD. The same text again is
    /// never sent by a second call.
    pub fn finish(&mut self, out: &mut Vec<TextEvent>) {
        self.now.finish(out);
    }

    /// Goes back to the state after the first `tokens` tokens, as if the others, and [`Self::finish`], had not been.
    ///
    /// Events already sent for the dropped tokens are the caller's to take back. Costs at most 128 tokens of reading
    /// when it goes back by fewer than 64.
    pub fn truncate(&mut self, tokens: usize) {
        let tokens = tokens.min(self.tokens());
        for checkpoint in &mut self.checkpoints {
            checkpoint.take_if(|(at, _)| *at > tokens);
        }
        let nearest = self.checkpoints.iter().flatten().max_by_key(|(at, _)| *at);
        let (first, mut stages) = nearest.map_or_else(|| (0, self.start.clone()), |(at, stages)| (*at, stages.clone()));
        let mut dropped = Vec::new();
        for index in first..tokens {
            let (bytes, marker) = self.log.token(index);
            stages.push(bytes, marker, &mut dropped);
            dropped.clear();
        }
        self.log.truncate(tokens);
        self.now = stages;
    }

    /// Tokens read so far.
    pub fn tokens(&self) -> usize {
        self.log.ends.len()
    }

    /// Whether the text that comes next is reasoning: `usage.reasoningTokens` counts the tokens read while it is.
    pub fn in_reasoning(&self) -> bool {
        self.now.answer.in_reasoning()
    }

    /// Tool calls that have been announced.
    pub fn started_tool_calls(&self) -> usize {
        self.now.answer.started_calls()
    }

    /// Tool calls whose arguments are whole JSON objects; `finishReason` is `tool_calls` only if that is all of them,
    /// and not none.
    pub fn complete_tool_calls(&self) -> usize {
        self.now.answer.complete_calls()
    }

    /// Whether [`Self::finish`] met an incomplete code point.
    pub fn cut_character(&self) -> bool {
        self.now.cut_character
    }
}

impl Stages {
    fn push(&mut self, bytes: &[u8], marker: bool, out: &mut Vec<TextEvent>) -> Option<StopMatch> {
        self.decoded.clear();
        if marker {
            // A marker cannot complete a code point.
            self.utf8.finish(&mut self.decoded);
        }
        self.utf8.push(bytes, &mut self.decoded);
        self.allowed.clear();
        let matched = if self.unstoppable > 0 {
            self.unstoppable -= 1;
            self.allowed.push_str(&self.decoded);
            None
        } else {
            self.stop.push(&self.decoded, &mut self.allowed)
        };
        self.answer.push(&self.allowed, out);
        matched
    }

    fn finish(&mut self, out: &mut Vec<TextEvent>) {
        self.cut_character |= self.utf8.is_incomplete();
        self.decoded.clear();
        self.utf8.finish(&mut self.decoded);
        self.allowed.clear();
        // The last character can still complete no stop string but one that holds U+FFFD; either way it is the end.
        self.stop.push(&self.decoded, &mut self.allowed);
        self.stop.finish(&mut self.allowed);
        self.answer.push(&self.allowed, out);
        self.answer.finish(out);
    }
}

impl TokenLog {
    fn push(&mut self, bytes: &[u8], marker: bool) {
        self.bytes.extend_from_slice(bytes);
        // An answer of 4 GiB is far over every context length.
        self.ends.push((self.bytes.len() as u32, marker));
    }

    fn start(&self, index: usize) -> usize {
        index.checked_sub(1).map_or(0, |before| self.ends[before].0 as usize)
    }

    fn token(&self, index: usize) -> (&[u8], bool) {
        let (end, marker) = self.ends[index];
        (&self.bytes[self.start(index)..end as usize], marker)
    }

    fn truncate(&mut self, tokens: usize) {
        self.bytes.truncate(self.start(tokens));
        self.ends.truncate(tokens);
    }
}

#[cfg(test)]
#[path = "pipeline_tests.rs"]
mod tests;
