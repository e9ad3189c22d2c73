//! The corpus of `test/fixtures/tool-calls`: written from public descriptions of the forms and the rules of
//! `docs/tool-calls.md`, by who did not see the parsers. Each text is read whole, in two at every place, and character by character.

use std::{path::Path, sync::Arc};

use serde_json::{Map, Value};

use crate::text::{
    TextEvent, TextOptions, TextPipeline, ToolFormat, ToolOptions,
    event::merged,
    tool_call::{CallId, ParameterTypes},
};

struct Outcome {
    events: Vec<TextEvent>,
    started: usize,
    complete: usize,
}

fn run(format: ToolFormat, types: &Arc<ParameterTypes>, pieces: &[&str]) -> Outcome {
    let call_id: CallId = Arc::new(|index| format!("call_{index}"));
    let tools = ToolOptions { format, types: Arc::clone(types), call_id };
    let mut pipeline = TextPipeline::new(TextOptions { tools: Some(tools), ..TextOptions::default() });
    let mut events = Vec::new();
    for piece in pieces {
        pipeline.push(piece.as_bytes(), None, &mut events);
    }
    pipeline.finish(&mut events);
    let (started, complete) = (pipeline.started_tool_calls(), pipeline.complete_tool_calls());
    Outcome { events: merged(&events), started, complete }
}

/// As the corpus writes events.
fn shown(events: &[TextEvent]) -> Value {
    let show = |event: &TextEvent| match event {
        TextEvent::Content(text) => serde_json::json!({ "content": text }),
        TextEvent::Reasoning(text) => serde_json::json!({ "reasoning": text }),
        TextEvent::ToolCall(call) => {
            serde_json::json!({ "call": call.name, "arguments": call.arguments.as_deref().unwrap_or_default() })
        }
    };
    events.iter().map(show).collect()
}

#[test]
fn every_case_is_read_as_the_rules_say_however_it_is_split() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test/fixtures/tool-calls");
    let mut wrong = Vec::new();
    for (name, format) in ToolFormat::NAMES {
        let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
        let corpus: Value = serde_json::from_str(&text).unwrap();
        let none = Map::new();
        let tools = corpus["tools"].as_object().unwrap_or(&none);
        let schemas = tools.iter().map(|(name, schema)| (name.as_str(), schema.as_object().unwrap()));
        let types = Arc::new(ParameterTypes::new(schemas));
        let cases = corpus["cases"].as_array().unwrap();
        assert!(cases.len() >= 30, "{name} has {} cases", cases.len());
        for case in cases {
            let text = case["text"].as_str().unwrap();
            let mut splits: Vec<Vec<&str>> = vec![vec![text], text.split_inclusive(|_: char| true).collect()];
            splits.extend(text.char_indices().skip(1).map(|(at, _)| vec![&text[..at], &text[at..]]));
            for (index, pieces) in splits.iter().enumerate() {
                let Outcome { events, started, complete } = run(format, &types, pieces);
                let calls =
                    case["events"].as_array().unwrap().iter().filter(|event| event.get("call").is_some()).count();
                if (shown(&events), complete, started)
                    != (case["events"].clone(), case["complete"].as_u64().unwrap() as usize, calls)
                {
                    wrong.push(format!(
                        "{name}: {}, split {index}\n  text {text:?}\n  got  {} complete {complete}\n  want {} complete {}",
                        case["name"], shown(&events), case["events"], case["complete"]
                    ));
                    break;
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} cases\n{}", wrong.len(), wrong.join("\n"));
}
