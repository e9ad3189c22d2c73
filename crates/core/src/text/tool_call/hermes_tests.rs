use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::text::event::merged;
use crate::text::tool_call::ToolFormat;

fn stage() -> ToolStage {
    let call_id: CallId = Arc::new(|index| format!("call_{index}"));
    ToolStage::new(&ToolOptions { format: ToolFormat::Hermes, types: Arc::default(), call_id }).unwrap()
}

fn run(chunks: &[&str]) -> (Vec<TextEvent>, usize) {
    let mut stage = stage();
    let mut out = Vec::new();
    for chunk in chunks {
        stage.push(chunk, &mut out);
    }
    stage.finish(&mut out);
    (merged(&out), stage.complete())
}

fn content(text: &str) -> TextEvent {
    TextEvent::Content(text.to_owned())
}

fn call(index: usize, name: &str, arguments: &str) -> TextEvent {
    TextEvent::ToolCall(ToolCallDelta {
        index,
        id: Some(format!("call_{index}")),
        name: Some(name.to_owned()),
        arguments: Some(arguments.to_owned()),
    })
}

#[test]
fn streams_the_name_and_then_the_arguments() {
    let mut stage = stage();
    let mut out = Vec::new();
    for chunk in ["<tool_call>", "\n{\"na", "me\": \"get", "_time\", \"argu"] {
        stage.push(chunk, &mut out);
        assert_eq!(out, []);
    }
    stage.push("ments\": {\"ci", &mut out);
    stage.push("ty\": \"Pa", &mut out);
    assert_eq!(out, [call(0, "get_time", "{\"city\": \"Pa")]);
    assert_eq!((stage.started(), stage.complete()), (1, 0));
    out.clear();
    stage.push("ris\"}}\n</tool_call>", &mut out);
    let rest = ToolCallDelta { arguments: Some("ris\"}".to_owned()), ..Default::default() };
    assert_eq!(out, [TextEvent::ToolCall(rest)]);
    assert_eq!((stage.started(), stage.complete()), (1, 1));
}

#[test]
fn keeps_text_around_several_calls() {
    let text = "Let me look.\n\n<tool_call>\n{\"name\": \"a\", \"arguments\": {}}\n</tool_call>\n<tool_call>\n\
                    {\"name\": \"b\", \"arguments\": {\"x\": [1, {}]}}\n</tool_call>\nDone.\n";
    let expected =
        [content("Let me look."), call(0, "a", "{}"), call(1, "b", "{\"x\": [1, {}]}"), content("\nDone.\n")];
    assert_eq!(run(&[text]), (expected.to_vec(), 2));
}

#[test]
fn pure_call_has_no_content() {
    let text = "\n<tool_call>{\"name\": \"a\", \"arguments\": {}}</tool_call>\n\n";
    assert_eq!(run(&[text]), (vec![call(0, "a", "{}")], 1));
}

#[test]
fn reads_calls_written_a_little_differently() {
    for (text, name, arguments) in [
        ("{\"arguments\": {\"a\": 1}, \"name\": \"f\"}", "f", "{\"a\": 1}"),
        ("{\"name\": \"f\", \"parameters\": {\"a\": 1}}", "f", "{\"a\": 1}"),
        ("{\"id\": 7, \"name\": \"f\"}", "f", "{}"),
        ("{\"name\": \"f\\u00e9\\\"\", \"arguments\": {}, \"type\": null}", "fé\"", "{}"),
        // The outer brace is missing.
        ("{\"name\": \"f\", \"arguments\": {\"a\": \"}\"}", "f", "{\"a\": \"}\"}"),
    ] {
        assert_eq!(run(&["<tool_call>", text, "</tool_call>"]), (vec![call(0, name, arguments)], 1), "{text}");
        assert_eq!(run(&["<tool_call>\n", text]), (vec![call(0, name, arguments)], 1), "no closing marker");
    }
}

#[test]
fn false_alarm_is_text() {
    for text in [
        "Write <tool_call> first.",
        "\n\n<tool_call>\n[1]\n</tool_call>\n",
        "<tool_call>{\"name\": 5, \"arguments\": {}}</tool_call>",
        "<tool_call>{\"name\": \"\", \"arguments\": {}}",
        "<tool_call>{\"name\": \"f\", \"arguments\": [1]}",
        "<tool_call>{\"name\": \"\\ud800\", \"arguments\": {}}",
        "<tool_call>{\"arguments\": {}}",
        "<tool_call>{\"name\": \"f\"",
        "<tool_call",
    ] {
        assert_eq!(run(&[text]), (vec![content(text)], 0));
    }
    let long = format!("<tool_call>{{\"x\": \"{}\", \"name\": \"f\", \"arguments\": {{}}}}", "a".repeat(9_000));
    assert_eq!(run(&[&long]), (vec![content(&long)], 0));
}

#[test]
fn call_behind_a_false_alarm_is_found() {
    let text = "<tool_call><tool_call>{\"x\": <tool_call>{\"name\": \"f\", \"arguments\": {}}</tool_call>";
    let before = "<tool_call><tool_call>{\"x\": ";
    assert_eq!(run(&[text]), (vec![content(before), call(0, "f", "{}")], 1));
}

#[test]
fn broken_arguments_are_the_models_text() {
    let text = "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": 'b'}}\n</tool_call>\nSorry.";
    assert_eq!(run(&[text]), (vec![call(0, "f", "{\"a\": 'b'}}"), content("\nSorry.")], 0));
    let cut = "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": ";
    assert_eq!(run(&[cut]), (vec![call(0, "f", "{\"a\": ")], 0));
}

#[test]
fn nested_false_alarms_take_bounded_time() {
    let text = "<tool_call>{\"a\":".repeat(2_000);
    assert_eq!(run(&[&text]), (vec![content(&text)], 0));
    let text = "<tool_call>{\"a\":\"".repeat(2_000);
    assert_eq!(run(&[&text]), (vec![content(&text)], 0));
}

fn split(text: &str, size: usize) -> Vec<String> {
    text.chars().collect::<Vec<_>>().chunks(size).map(|chars| chars.iter().collect()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn any_chunking_gives_the_same_events(
        pieces in prop::collection::vec(prop_oneof![
            8 => Just("<tool_call>"), 4 => Just("</tool_call>"), 8 => Just("{\"name\": \"f\", \"arguments\": {"),
            4 => Just("}}"), 2 => Just("}"), 2 => Just("{"), 1 => Just("\"é\": "), 1 => Just("1, "), 4 => Just("\n"),
            1 => Just(" "), 1 => Just("a"), 1 => Just("<tool"), 1 => Just("{\"arguments\": {}, "), 1 => Just("\"name\": \"g\""),
        ], 0..16),
        size in 1_usize..9,
    ) {
        let text = pieces.concat();
        let whole = run(&[&text]);
        let chunks = split(&text, size);
        prop_assert_eq!(&run(&chunks.iter().map(String::as_str).collect::<Vec<_>>()), &whole);
        prop_assert_eq!(&run(&pieces), &whole);
        // Nothing is lost where nothing was a call.
        if whole.0.iter().all(|event| matches!(event, TextEvent::Content(_))) {
            prop_assert_eq!(whole.0, merged(&[content(&text)]));
        }
    }

    /// The text is written from the events that must be read from it.
    #[test]
    fn reads_what_was_written(
        turns in prop::collection::vec((prop::option::of("[a-z<{][a-z<{\n]{0,8}[a-z<{]"), "[a-zé]{1,6}", prop::collection::vec(("\\PC{0,6}", "[\\PC<\n\"]{0,12}"), 0..4)), 0..4),
        size in 1_usize..12,
    ) {
        let mut text = String::new();
        let mut expected = Vec::new();
        for (index, (before, name, arguments)) in turns.iter().enumerate() {
            let arguments: serde_json::Map<String, serde_json::Value> =
                arguments.iter().map(|(k, v)| (k.clone(), v.as_str().into())).collect();
            let arguments = serde_json::Value::from(arguments).to_string();
            if let Some(before) = before {
                let before = if index > 0 { format!("\n{before}") } else { before.clone() };
                text.push_str(&before);
                TextEvent::content(&before, &mut expected);
            }
            let object = format!("{{\"name\": \"{name}\", \"arguments\": {arguments}}}");
            text.extend(["\n<tool_call>\n", &object, "\n</tool_call>"]);
            expected.push(call(index, name, &arguments));
        }
        let chunks = split(&text, size);
        let read = run(&chunks.iter().map(String::as_str).collect::<Vec<_>>());
        prop_assert_eq!(read, (expected, turns.len()));
    }
}
