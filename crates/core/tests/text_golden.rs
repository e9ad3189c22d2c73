//! What the demo model says, read by the text pipeline however it is cut into tokens.

use std::sync::Arc;

use serde_json::Value;
use wick_core::text::{ReasoningMarkers, TextEvent, TextOptions, TextPipeline, ToolFormat, ToolOptions};

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../test/fixtures/demo-model/golden/golden.json");
const CONTROL: [&str; 5] = ["<think>", "</think>", "<tool_call>", "</tool_call>", "<|im_end|>"];

#[derive(Debug, Default, PartialEq)]
struct Message {
    content: String,
    reasoning: String,
    calls: Vec<(String, String)>,
}

/// Reads `text` in pieces of `size` bytes; control tokens are one token each, as the model says them.
fn read(text: &str, starts_open: bool, size: usize) -> Message {
    let mut pipeline = TextPipeline::new(TextOptions {
        reasoning: Some(ReasoningMarkers::think(starts_open)),
        tools: Some(ToolOptions {
            format: ToolFormat::Hermes,
            types: Arc::default(),
            call_id: Arc::new(|index| index.to_string()),
        }),
        ..TextOptions::default()
    });
    let mut out = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(control) = CONTROL.iter().find(|control| rest.starts_with(**control)) {
            pipeline.push(&[], Some(control), &mut out);
            rest = &rest[control.len()..];
            continue;
        }
        let end = CONTROL.iter().filter_map(|control| rest.find(control)).min().unwrap_or(rest.len());
        for piece in rest.as_bytes()[..end].chunks(size) {
            pipeline.push(piece, None, &mut out);
        }
        rest = &rest[end..];
    }
    pipeline.finish(&mut out);
    let mut message = Message::default();
    for event in out {
        match event {
            TextEvent::Content(text) => message.content += &text,
            TextEvent::Reasoning(text) => message.reasoning += &text,
            TextEvent::ToolCall(delta) => {
                if let Some(name) = delta.name {
                    message.calls.push((name, String::new()));
                }
                message.calls[delta.index].1 += &delta.arguments.unwrap_or_default();
            }
        }
    }
    assert_eq!(pipeline.complete_tool_calls(), message.calls.len());
    message
}

#[test]
fn reads_every_golden_answer() {
    let golden: Value = serde_json::from_str(&std::fs::read_to_string(CASES).unwrap()).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    let mut with_calls = 0;
    for case in cases {
        let text = case["greedyText"].as_str().unwrap();
        let starts_open = case["prompt"].as_str().unwrap().trim_end().ends_with("<think>");
        let message = read(text, starts_open, usize::MAX);
        for size in [1, 2, 3, 7] {
            assert_eq!(read(text, starts_open, size), message, "{}", case["name"]);
        }
        let said = text.trim_end_matches("<|im_end|>");
        if said.contains("<tool_call>") {
            with_calls += 1;
            let (before, call) = said.split_once("<tool_call>").unwrap();
            let call: Value = serde_json::from_str(call.trim_end_matches("</tool_call>")).unwrap();
            let arguments: Value = serde_json::from_str(&message.calls[0].1).unwrap();
            assert_eq!((&Value::from(message.calls[0].0.clone()), &arguments), (&call["name"], &call["arguments"]));
            assert_eq!(message.reasoning, before.split("</think>").next().unwrap().trim_end());
            assert_eq!(message.content, "");
        } else if let Some((reasoning, content)) = said.split_once("</think>") {
            assert_eq!((message.reasoning, message.content), (reasoning.trim().into(), content.trim_start().into()));
        } else if starts_open {
            assert_eq!(message.reasoning, said);
        } else {
            assert_eq!(message, Message { content: said.to_owned(), ..Message::default() });
        }
    }
    assert_eq!((cases.len(), with_calls), (40, 2));
}
