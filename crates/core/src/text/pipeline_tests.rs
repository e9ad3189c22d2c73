use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::text::event::merged;
use crate::text::{ReasoningMarkers, StopStrings, ToolCallDelta, ToolFormat, ToolOptions};

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
        tools: Some(ToolOptions {
            format: ToolFormat::Hermes,
            types: Arc::default(),
            call_id: Arc::new(|index| format!("call_{index}")),
        }),
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
