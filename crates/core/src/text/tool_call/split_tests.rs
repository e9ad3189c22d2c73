//! Texts made of the pieces of all forms, in any order, and of pieces of the corpus.

use std::{collections::HashMap, path::Path, sync::Arc, sync::LazyLock};

use proptest::prelude::*;

use crate::text::{
    TextEvent, TextOptions, TextPipeline, ToolFormat, ToolOptions, event::merged, tool_call::ParameterTypes,
};

/// Whole markers, halves of them, parts of calls, and text.
const PIECES: &[&str] = &[
    "<tool_call>",
    "</tool_call>",
    "<tool_",
    "{\"name\": \"f\", \"arguments\": {\"a\": ",
    "{\"name\": \"f\"",
    "1}}",
    "}",
    "{",
    "[",
    "]",
    ", ",
    ";",
    "\"x\"",
    "\\",
    "\\n",
    "<function=f>",
    "<parameter=a>",
    "</parameter>",
    "</function>",
    "<|python_tag|>",
    "[TOOL_CALLS]",
    "[ARGS]",
    "[CALL_ID]",
    "f",
    "<｜tool▁calls▁begin｜>",
    "<｜tool▁call▁begin｜>",
    "<｜tool▁sep｜>",
    "<｜tool▁call▁end｜>",
    "<｜tool▁calls▁end｜>",
    "function",
    "\n```json\n",
    "\n```",
    "<｜DSML｜function_calls>",
    "<｜DSML｜invoke name=\"f\">",
    "<｜DSML｜parameter name=\"a\" string=\"",
    "true\">",
    "false\">",
    "</｜DSML｜parameter>",
    "</｜DSML｜invoke>",
    "</｜DSML｜function_calls>",
    "<start_function_call>",
    "<|tool_call>",
    "call:f{",
    "a:",
    "<escape>",
    "<|\"|>",
    "<tool_call|>",
    "<end_function_call>",
    "<|tool_call|>",
    "<|/tool_call|>",
    "functools",
    "<|tool_call_start|>",
    "f(a=",
    "f(",
    ")",
    "'",
    "True",
    "<|tool_call_end|>",
    "<arg_key>",
    "</arg_key>",
    "<arg_value>",
    "</arg_value>",
    "<|start|>",
    "assistant",
    "<|channel|>",
    "analysis",
    "final",
    "commentary to=functions.f",
    " <|constrain|>json",
    "<|message|>",
    "<|end|>",
    "<|call|>",
    " to=",
    "\n",
    " ",
    "é",
    "🙂",
];

/// Parts of every marker, in which no marker is whole.
const HALVES: &[&str] = &[
    "<tool", "_call", "<|", "|>", "[TOOL", "_CALLS", "call:", "f(", "\n", " ", "{", "}", "a", "é", "\"", "<fun",
    "ction",
];

fn options(format: ToolFormat) -> TextOptions {
    let schema = serde_json::json!({"properties": {"a": {"type": "string"}}});
    let types = ParameterTypes::new([("f", schema.as_object().unwrap())]);
    let tools = ToolOptions { format, types: Arc::new(types), call_id: Arc::new(|index| index.to_string()) };
    TextOptions { tools: Some(tools), ..TextOptions::default() }
}

fn run(format: ToolFormat, pieces: &[&str]) -> (Vec<TextEvent>, usize, usize) {
    let mut pipeline = TextPipeline::new(options(format));
    let mut out = Vec::new();
    for piece in pieces {
        pipeline.push(piece.as_bytes(), None, &mut out);
    }
    pipeline.finish(&mut out);
    (merged(&out), pipeline.started_tool_calls(), pipeline.complete_tool_calls())
}

fn pieces(of: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(of), 0..24)
}

/// The texts of the corpus, by their form.
static TEXTS: LazyLock<HashMap<&str, Vec<String>>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test/fixtures/tool-calls");
    let read = |name: &str| {
        let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
        let corpus: serde_json::Value = serde_json::from_str(&text).unwrap();
        let cases = corpus["cases"].as_array().unwrap().iter();
        // The long ones are long for their own sake.
        cases.map(|case| case["text"].as_str().unwrap().to_owned()).filter(|text| text.len() < 600).collect()
    };
    ToolFormat::NAMES.iter().map(|(name, _)| (*name, read(name))).collect()
});

/// A form, and pieces of its corpus one after another: their first and last characters are cut off at a place.
fn spliced() -> impl Strategy<Value = (ToolFormat, Vec<String>)> {
    let cuts = prop::collection::vec((any::<prop::sample::Index>(), 0.0_f64..1.0, 0.0_f64..1.0), 1..5);
    (prop::sample::select(&ToolFormat::NAMES[..]), cuts).prop_map(|((name, format), cuts)| {
        let texts = &TEXTS[name];
        let cut = |(index, from, to): (prop::sample::Index, f64, f64)| {
            let characters: Vec<char> = index.get(texts).chars().collect();
            let at = |part: f64| (part * characters.len() as f64) as usize;
            // Half of the pieces begin at the beginning of a text, so that calls begin.
            let from = if from < 0.5 { 0 } else { at(from) };
            characters[from..].iter().take(at(to) + 1).collect()
        };
        (format, cuts.into_iter().map(cut).collect())
    })
}

fn check_order(format: ToolFormat, pieces: &[&str]) -> Result<(), TestCaseError> {
    let (events, started, complete) = run(format, pieces);
    let calls: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            TextEvent::ToolCall(call) => Some(call),
            TextEvent::Content(_) | TextEvent::Reasoning(_) => None,
        })
        .collect();
    prop_assert_eq!(calls.len(), started);
    let (mut whole, mut is_plain) = (0, true);
    for (index, call) in calls.iter().enumerate() {
        prop_assert_eq!((call.index, call.id.clone()), (index, Some(index.to_string())));
        prop_assert!(call.name.as_ref().is_some_and(|name| !name.is_empty()));
        let arguments = call.arguments.as_deref().unwrap_or_default();
        whole += usize::from(serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(arguments).is_ok());
        // Halves of surrogate pairs and numbers over f64 are JSON, and not serde_json's.
        is_plain &= !arguments.contains("\\u") && !arguments.contains(['e', 'E']);
    }
    // Broken arguments may happen to be JSON.
    prop_assert!(whole >= complete || !is_plain, "{} of {}: {:?}", whole, complete, events);
    Ok(())
}

fn check_splits(format: ToolFormat, pieces: &[&str]) -> Result<(), TestCaseError> {
    let text = pieces.concat();
    let whole = run(format, &[&text]);
    prop_assert_eq!(&run(format, pieces), &whole);
    let characters: Vec<&str> = text.split_inclusive(|_: char| true).collect();
    prop_assert_eq!(&run(format, &characters), &whole);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]
    #[test]
    fn no_split_matters(format in prop::sample::select(&ToolFormat::NAMES[..]), pieces in pieces(PIECES)) {
        check_splits(format.1, &pieces)?;
    }

    #[test]
    fn no_split_matters_within_spliced_cases((format, pieces) in spliced()) {
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        check_splits(format, &pieces)?;
    }

    #[test]
    fn calls_come_in_order_with_their_names_and_whole_ones_are_json((format, pieces) in spliced()) {
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        check_order(format, &pieces)?;
    }

    #[test]
    fn text_without_a_marker_is_content(format in prop::sample::select(&ToolFormat::NAMES[..]), pieces in pieces(HALVES)) {
        let text = pieces.concat();
        let is_none = ["<tool_call>", "[TOOL_CALLS]", "<function="].iter().all(|marker| !text.contains(marker));
        prop_assume!(is_none && !text.trim_start().starts_with('{'));
        let (events, started, _) = run(format.1, &[&text]);
        let expected = if text.is_empty() { vec![] } else { vec![TextEvent::Content(text)] };
        prop_assert_eq!((events, started), (expected, 0));
    }
}
