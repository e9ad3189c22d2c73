//! The stages in a row.

use super::event::TextEvent;
use super::reasoning::{Part, ReasoningMarkers, ReasoningStage};
use super::stop::{StopMatch, StopStage, StopStrings};
use super::tool_call::{ToolOptions, ToolStage};
use super::utf8::Utf8Stage;

/// Tokens between two checkpoints of a pipeline: what a short roll-back reads again at most.
const CHECKPOINT_TOKENS: usize = 64;

/// What a pipeline looks for.
#[derive(Clone, Default)]
pub struct TextOptions {
    /// Where the text ends.
    pub stops: StopStrings,
    /// `minTokens`: in the text of so many first tokens no stop string is looked for.
    pub min_tokens: usize,
    /// The model's reasoning markers; none for raw completion and models without reasoning.
    pub reasoning: Option<ReasoningMarkers>,
    /// The model's form of tool calls, if the request has tools.
    pub tools: Option<ToolOptions>,
}

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
    reasoning: Option<ReasoningStage>,
    tools: Option<ToolStage>,
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
        let start = Stages {
            utf8: Utf8Stage::default(),
            stop: StopStage::new(options.stops),
            reasoning: options.reasoning.as_ref().map(ReasoningStage::new),
            tools: options.tools.as_ref().map(ToolStage::new),
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
        let marker = control_text.filter(|text| self.now.is_marker(text));
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
        self.now.reasoning.as_ref().is_some_and(ReasoningStage::is_open)
    }

    /// Tool calls that have been announced.
    pub fn started_tool_calls(&self) -> usize {
        self.now.tools.as_ref().map_or(0, ToolStage::started)
    }

    /// Tool calls whose arguments are whole JSON objects; `finishReason` is `tool_calls` only if that is all of them,
    /// and not none.
    pub fn complete_tool_calls(&self) -> usize {
        self.now.tools.as_ref().map_or(0, ToolStage::complete)
    }

    /// Whether [`Self::finish`] met an incomplete code point.
    pub fn cut_character(&self) -> bool {
        self.now.cut_character
    }
}

impl Stages {
    fn is_marker(&self, text: &str) -> bool {
        self.reasoning.as_ref().is_some_and(|stage| stage.is_marker(text))
            || self.tools.as_ref().is_some_and(|stage| stage.is_marker(text))
    }

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
        self.tell(out);
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
        self.tell(out);
        let Self { reasoning, tools, .. } = self;
        if let Some(reasoning) = reasoning {
            reasoning.finish(&mut |part| tell_part(part, tools.as_mut(), out));
        }
        if let Some(tools) = tools {
            tools.finish(out);
        }
    }

    /// Sends the text that stop strings allow through the last two stages.
    fn tell(&mut self, out: &mut Vec<TextEvent>) {
        let Self { reasoning, tools, allowed, .. } = self;
        match reasoning {
            Some(reasoning) => reasoning.push(allowed, &mut |part| tell_part(part, tools.as_mut(), out)),
            None => tell_part(Part::Content(allowed), tools.as_mut(), out),
        }
    }
}

fn tell_part(part: Part<'_>, tools: Option<&mut ToolStage>, out: &mut Vec<TextEvent>) {
    match (part, tools) {
        (Part::Reasoning(text), _) => TextEvent::reasoning(text, out),
        (Part::Content(text), Some(tools)) => tools.push(text, out),
        (Part::Content(text), None) => TextEvent::content(text, out),
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
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::text::event::merged;
    use crate::text::{ToolCallDelta, ToolFormat};

    #[derive(Debug, Clone)]
    enum Token {
        Bytes(Vec<u8>),
        Control(&'static str),
    }

    fn options(stops: &[&str]) -> TextOptions {
        TextOptions {
            stops: StopStrings::new(stops).unwrap(),
            reasoning: Some(ReasoningMarkers::think(false)),
            min_tokens: 0,
            tools: Some(ToolOptions { format: ToolFormat::Hermes, call_id: Arc::new(|index| format!("call_{index}")) }),
        }
    }

    fn push(pipeline: &mut TextPipeline, token: &Token, out: &mut Vec<TextEvent>) -> Option<StopMatch> {
        match token {
            Token::Bytes(bytes) => pipeline.push(bytes, None, out),
            Token::Control(text) => pipeline.push(&[], Some(text), out),
        }
    }

    fn run(pipeline: &mut TextPipeline, tokens: &[Token]) -> (Vec<TextEvent>, Option<StopMatch>) {
        let mut out = Vec::new();
        let mut matched = None;
        for token in tokens {
            matched = push(pipeline, token, &mut out);
            if matched.is_some() {
                break;
            }
        }
        pipeline.finish(&mut out);
        pipeline.finish(&mut out);
        (merged(&out), matched)
    }

    fn text(text: &str) -> Token {
        Token::Bytes(text.as_bytes().to_vec())
    }

    #[test]
    fn reads_an_answer_of_every_part() {
        let tokens = [
            Token::Control("<think>"),
            text("\nHm"),
            Token::Bytes(vec![0xC3]),
            Token::Bytes(vec![0xA9, b'\n']),
            Token::Control("</think>"),
            text("\n\nLook:\n"),
            Token::Control("<tool_call>"),
            text("\n{\"name\": \"f\", \"arguments\": {}}\n"),
            Token::Control("</tool_call>"),
            Token::Control("<|im_end|>"),
        ];
        let expected = vec![
            TextEvent::Reasoning("Hmé".to_owned()),
            TextEvent::Content("Look:".to_owned()),
            TextEvent::ToolCall(ToolCallDelta {
                index: 0,
                id: Some("call_0".to_owned()),
                name: Some("f".to_owned()),
                arguments: Some("{}".to_owned()),
            }),
        ];
        assert_eq!(run(&mut TextPipeline::new(options(&[])), &tokens), (expected, None));
    }

    #[test]
    fn stop_string_inside_a_tool_call_ends_it() {
        let mut pipeline = TextPipeline::new(options(&["Paris"]));
        let token = text("<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": \"Paris\"}}</tool_call>");
        let (events, matched) = run(&mut pipeline, &[token]);
        assert_eq!(matched, Some(StopMatch { index: 0, text: "Paris".to_owned() }));
        let TextEvent::ToolCall(call) = &events[0] else { panic!("a call") };
        assert_eq!(call.arguments.as_deref(), Some("{\"a\": \""));
        assert_eq!((pipeline.started_tool_calls(), pipeline.complete_tool_calls()), (1, 0));
    }

    #[test]
    fn stop_string_counts_only_behind_the_least_tokens() {
        let mut pipeline = TextPipeline::new(TextOptions { min_tokens: 2, ..options(&["ab"]) });
        let (events, matched) = run(&mut pipeline, &[text("ab"), text("a"), text("b-"), text("ab")]);
        assert_eq!(events, [TextEvent::Content("abab-".to_owned())]);
        assert_eq!(matched.map(|matched| matched.index), Some(0));
        pipeline.truncate(3);
        assert_eq!(pipeline.push(b"ab", None, &mut Vec::new()).map(|matched| matched.index), Some(0));
    }

    #[test]
    fn markers_of_stages_not_in_use_are_invisible() {
        let mut pipeline = TextPipeline::new(TextOptions::default());
        let tokens = [Token::Control("<think>"), text("a<think>"), Token::Control("<tool_call>")];
        assert_eq!(run(&mut pipeline, &tokens).0, [TextEvent::Content("a<think>".to_owned())]);
    }

    #[test]
    fn flags_a_cut_character() {
        let mut pipeline = TextPipeline::new(TextOptions::default());
        let (events, _) = run(&mut pipeline, &[Token::Bytes(vec![b'a', 0xE2, 0x82])]);
        assert_eq!(events, [TextEvent::Content("a\u{FFFD}".to_owned())]);
        assert!(pipeline.cut_character());
        pipeline.truncate(0);
        assert!(!pipeline.cut_character());
    }

    #[test]
    fn counts_as_reasoning_what_is_between_the_markers() {
        let mut pipeline = TextPipeline::new(options(&[]));
        let mut out = Vec::new();
        let inside: Vec<bool> = ["<think>", "a", "</think>", "b"]
            .iter()
            .map(|piece| {
                pipeline.push(piece.as_bytes(), None, &mut out);
                pipeline.in_reasoning()
            })
            .collect();
        assert_eq!(inside, [true, true, false, false]);
    }

    #[test]
    #[ignore = "prints times; run with --ignored --nocapture"]
    fn times_per_token() {
        let prose = "The quick brown fox jumps over the lazy dog.\nAnd then, é. ".repeat(2_000);
        let call = format!("<tool_call>{{\"name\": \"f\", \"arguments\": {{\"a\": \"{prose}");
        let stops: Vec<String> = (0..16).map(|i| format!("\n{i} the")).collect();
        for (name, text, options) in [
            ("plain", &prose, TextOptions::default()),
            ("reasoning and tools", &prose, options(&[])),
            ("16 stop strings", &prose, options(&stops.iter().map(String::as_str).collect::<Vec<_>>())),
            ("arguments of a call", &call, options(&[])),
        ] {
            let mut pipeline = TextPipeline::new(options);
            let tokens: Vec<&[u8]> = text.as_bytes().chunks(4).collect();
            let start = std::time::Instant::now();
            let mut out = Vec::new();
            for token in &tokens {
                out.clear();
                pipeline.push(token, None, &mut out);
            }
            println!("{name}: {:.0} ns per token", start.elapsed().as_secs_f64() * 1e9 / tokens.len() as f64);
            let start = std::time::Instant::now();
            pipeline.truncate(tokens.len() - 3);
            println!("  roll-back by 3: {:.0} ns", start.elapsed().as_secs_f64() * 1e9);
        }
    }

    fn token() -> impl Strategy<Value = Token> {
        prop_oneof![
            2 => prop_oneof![Just("<think>"), Just("</think>"), Just("<tool_call>"), Just("</tool_call>"), Just("<|im_end|>")]
                .prop_map(Token::Control),
            6 => prop_oneof![
                Just("<think>"), Just("</think>"), Just("<tool_call>"), Just("</tool_call>"), Just("{\"name\": \"f\", "),
                Just("\"arguments\": {"), Just("}"), Just("\n"), Just("a"), Just("é"), Just("END"), Just("E"), Just("ND"),
            ].prop_map(text),
            1 => prop::collection::vec(any::<u8>(), 0..3).prop_map(Token::Bytes),
        ]
    }

    /// The same text with control tokens spelled out and cut into pieces of `size` bytes.
    fn resplit(tokens: &[Token], size: usize) -> Vec<Token> {
        let mut bytes = Vec::new();
        for token in tokens {
            match token {
                Token::Bytes(more) => bytes.extend_from_slice(more),
                Token::Control("<|im_end|>") => {}
                Token::Control(text) => bytes.extend_from_slice(text.as_bytes()),
            }
        }
        bytes.chunks(size).map(|chunk| Token::Bytes(chunk.to_vec())).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]
        #[test]
        fn any_chunking_gives_the_same_events(tokens in prop::collection::vec(token(), 0..30), size in 1_usize..12, stop: bool) {
            let options = options(if stop { &["END", "DE"] } else { &[] });
            let whole = run(&mut TextPipeline::new(options.clone()), &tokens);
            prop_assert_eq!(run(&mut TextPipeline::new(options), &resplit(&tokens, size)), whole);
        }

        #[test]
        fn truncate_is_as_if_the_rest_had_not_been(
            tokens in prop::collection::vec(token(), 0..200),
            keep in any::<prop::sample::Index>(),
            again in any::<prop::sample::Index>(),
            finished: bool,
        ) {
            let mut pipeline = TextPipeline::new(options(&["ENDEND"]));
            let mut events: Vec<Vec<TextEvent>> = Vec::new();
            for token in &tokens {
                let mut out = Vec::new();
                push(&mut pipeline, token, &mut out);
                events.push(out);
            }
            let fork = pipeline.clone();
            if finished {
                pipeline.finish(&mut Vec::new());
            }
            for index in [keep, again] {
                let keep = index.index(tokens.len() + 1);
                pipeline.truncate(keep);
                let keep = pipeline.tokens();
                for (token, expected) in tokens[keep..].iter().zip(&events[keep..]) {
                    let mut out = Vec::new();
                    push(&mut pipeline, token, &mut out);
                    prop_assert_eq!(&out, expected);
                }
                let (mut ended, mut expected) = (Vec::new(), Vec::new());
                pipeline.clone().finish(&mut ended);
                fork.clone().finish(&mut expected);
                prop_assert_eq!(ended, expected);
                prop_assert_eq!(pipeline.complete_tool_calls(), fork.complete_tool_calls());
            }
        }
    }
}
