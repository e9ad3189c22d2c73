#![no_main]
//! Any text in any form of tool calls, split anywhere: the same events, names before arguments, and whole arguments are JSON.

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use wick_core::text::{ParameterTypes, TextEvent, TextOptions, TextPipeline, ToolCallDelta, ToolFormat, ToolOptions};

/// Runs of the same text, by what it becomes: content, reasoning, and each call's name and arguments.
#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Content(String),
    Reasoning(String),
    Call(String, String),
}

fn run(format: ToolFormat, pieces: &[&[u8]]) -> (Vec<Piece>, usize) {
    let schema = serde_json::json!({"properties": {"city": {"type": "string"}, "days": {"type": "integer"}}});
    let types = ParameterTypes::new(schema.as_object().map(|schema| ("get_weather", schema)));
    let tools = ToolOptions { format, types: Arc::new(types), call_id: Arc::new(|index| index.to_string()) };
    let mut pipeline = TextPipeline::new(TextOptions { tools: Some(tools), ..TextOptions::default() });
    let mut events = Vec::new();
    for piece in pieces {
        pipeline.push(piece, None, &mut events);
    }
    pipeline.finish(&mut events);
    let mut told: Vec<Piece> = Vec::new();
    let mut calls = 0;
    for event in events {
        match (event, told.last_mut()) {
            (TextEvent::Content(text), Some(Piece::Content(last))) => last.push_str(&text),
            (TextEvent::Content(text), _) => told.push(Piece::Content(text)),
            (TextEvent::Reasoning(text), Some(Piece::Reasoning(last))) => last.push_str(&text),
            (TextEvent::Reasoning(text), _) => told.push(Piece::Reasoning(text)),
            (TextEvent::ToolCall(ToolCallDelta { index, name: Some(name), arguments, .. }), _) => {
                assert!(index == calls && !name.is_empty());
                calls += 1;
                told.push(Piece::Call(name, arguments.unwrap_or_default()));
            }
            (TextEvent::ToolCall(ToolCallDelta { index, name: None, arguments, .. }), Some(Piece::Call(_, last))) => {
                assert_eq!(index + 1, calls);
                last.push_str(&arguments.unwrap_or_default());
            }
            (TextEvent::ToolCall(call), _) => panic!("arguments without a call: {call:?}"),
        }
    }
    assert_eq!(calls, pipeline.started_tool_calls());
    (told, pipeline.complete_tool_calls())
}

fuzz_target!(|data: &[u8]| {
    let [form, seed, text @ ..] = data else { return };
    let (_, format) = ToolFormat::NAMES[usize::from(*form) % ToolFormat::NAMES.len()];
    let outcome = run(format, &[text]);
    let bytes: Vec<&[u8]> = text.chunks(1).collect();
    assert_eq!(run(format, &bytes), outcome);
    let pieces: Vec<&[u8]> = text.chunks(usize::from(*seed % 13) + 2).collect();
    assert_eq!(run(format, &pieces), outcome);
    let (whole, complete) = outcome;
    // Halves of surrogate pairs and numbers over f64 are JSON, and not serde_json's.
    let is_object = |piece: &&Piece| match piece {
        Piece::Call(_, arguments) => {
            arguments.contains("\\u")
                || arguments.contains(['e', 'E'])
                || serde_json::from_str::<serde_json::Map<_, _>>(arguments).is_ok()
        }
        Piece::Content(_) | Piece::Reasoning(_) => false,
    };
    assert!(whole.iter().filter(is_object).count() >= complete);
});
