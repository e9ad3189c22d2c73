//! Random walks through the grammars of all forms, whose texts the reader of calls then reads.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::*;
use crate::engine::Memory;
use crate::grammar::{GrammarCompiler, GrammarMatcher};
use crate::text::{ParameterTypes, TextEvent, TextOptions, TextPipeline, ToolOptions};

/// A token for each byte, an end, and some that are control tokens.
struct ByteTokenizer {
    bytes: Vec<[u8; 1]>,
    controls: Vec<&'static str>,
}

const END: u32 = 256;

impl ByteTokenizer {
    fn new(controls: &[&'static str]) -> Self {
        Self { bytes: (0..=255).map(|byte| [byte]).collect(), controls: [&["<end>"], controls].concat() }
    }
}

impl Tokenizer for ByteTokenizer {
    fn encode_text(&self, text: &str) -> Result<Vec<u32>> {
        Ok(text.bytes().map(u32::from).collect())
    }

    fn encode_with_control(&self, text: &str, _breaks: &[usize]) -> Result<Vec<u32>> {
        let (mut ids, mut rest) = (Vec::new(), text);
        while let Some(first) = rest.bytes().next() {
            let found = self.controls.iter().zip(END..).filter(|(control, _)| rest.starts_with(**control));
            let (length, id) = found
                .max_by_key(|(control, _)| control.len())
                .map_or((1, u32::from(first)), |(control, id)| (control.len(), id));
            ids.push(id);
            // A byte of a character may be left: bytes are what is encoded.
            rest = rest.get(length..).unwrap_or_else(|| {
                let end = (1..=4).find(|end| rest.is_char_boundary(*end)).unwrap();
                ids.extend(rest.bytes().take(end).skip(1).map(u32::from));
                &rest[end..]
            });
        }
        Ok(ids)
    }

    fn token_bytes(&self, id: u32) -> Option<&[u8]> {
        match self.bytes.get(id as usize) {
            Some(bytes) => Some(bytes),
            None => self.token_text(id).map(|_| &[] as &[u8]),
        }
    }

    fn is_control(&self, id: u32) -> bool {
        id >= END
    }

    fn token_text(&self, id: u32) -> Option<&str> {
        self.controls.get((id as usize).checked_sub(END as usize)?).copied()
    }

    fn token_id(&self, text: &str) -> Option<u32> {
        self.controls.iter().zip(END..).find(|(control, _)| **control == text).map(|(_, id)| id)
    }

    fn vocabulary_size(&self) -> usize {
        END as usize + self.controls.len()
    }

    fn add_bos(&self) -> Option<u32> {
        None
    }

    fn drops_leading_space(&self) -> bool {
        false
    }

    fn decode(&self, _ids: &[u32]) -> Result<String> {
        Ok(String::new())
    }

    fn control_texts(&self) -> Vec<&str> {
        self.controls.clone()
    }

    fn memory_bytes(&self) -> usize {
        0
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % end
    }
}

/// What ends a text or a value, or opens a call: begun, it is often gone on with.
const MARKS: [&str; 15] = [
    "\"",
    "\n</parameter>",
    "</｜DSML｜parameter>",
    "</arg_value>",
    "</tool_call>",
    "<escape>",
    "<|end|><|start|>assistant",
    "<tool_call>",
    "<function=",
    "<|python_tag|>",
    "[TOOL_CALLS]",
    "<｜tool▁call▁begin｜>",
    "<start_function_call>",
    "functools",
    "<|tool_call_start|>",
];

/// How many bytes of a mark `text` ends in.
fn begun(text: &[u8], mark: &[u8]) -> usize {
    (1..mark.len()).rev().find(|length| text.ends_with(&mark[..*length])).unwrap_or(0)
}

/// A walk to the end of a grammar; none where it is long.
fn walk(mut matcher: GrammarMatcher, random: &mut Random) -> Option<Vec<u32>> {
    let mut tokens = Vec::new();
    while tokens.len() < 1_500 {
        if matcher.is_over() {
            return Some(tokens);
        }
        let forced = matcher.consume_forced().unwrap();
        if !forced.is_empty() {
            tokens.extend(forced);
            continue;
        }
        let mask = matcher.mask().unwrap().to_vec();
        let allowed: Vec<u32> =
            (0..mask.len() as u32 * 32).filter(|id| mask[*id as usize / 32] >> (id % 32) & 1 == 1).collect();
        assert!(!allowed.is_empty(), "nothing may come behind {}", text(&tokens));
        let bytes: Vec<u8> = tokens.iter().map(|token| *token as u8).collect();
        let of = |bytes: &[u8]| -> Vec<u32> {
            allowed.iter().copied().filter(|id| *id < END && bytes.contains(&(*id as u8))).collect()
        };
        let marks = MARKS.iter().map(|mark| (begun(&bytes, mark.as_bytes()), mark.as_bytes()));
        let most = marks.clone().map(|(begun, _)| begun).max().unwrap_or(0);
        let further = marks.clone().filter(|(begun, _)| *begun == most && most > 0);
        let further: Vec<u8> = further.map(|(begun, mark)| mark[begun]).collect();
        let first: Vec<u8> = marks.map(|(_, mark)| mark[0]).chain(*b"}])").collect();
        let (further, leading) = (of(&further), of(&first));
        let controls: Vec<u32> = allowed.iter().copied().filter(|id| *id >= END).collect();
        let from = match random.below(10) {
            0..8 if !further.is_empty() => &further,
            8 | 9 if !controls.is_empty() => &controls,
            6..9 if !leading.is_empty() => &leading,
            _ => &allowed,
        };
        let token = from[random.below(from.len())];
        if token == END {
            return Some(tokens);
        }
        matcher.consume(token).unwrap();
        tokens.push(token);
    }
    None
}

fn text(tokens: &[u32]) -> String {
    String::from_utf8_lossy(&tokens.iter().map(|token| *token as u8).collect::<Vec<u8>>()).into_owned()
}

/// What a reader is told of an answer.
#[derive(Default)]
struct Told {
    content: String,
    calls: BTreeMap<usize, (String, String)>,
    started: usize,
    complete: usize,
}

fn read(tokenizer: &ByteTokenizer, format: ToolFormat, tools: &[CallableTool<'_>], tokens: &[u32]) -> Told {
    let types = ParameterTypes::new(tools.iter().map(|tool| (tool.name, tool.parameters)));
    let call_id = Arc::new(|index: usize| format!("call{index}"));
    let tools = Some(ToolOptions { format, types: Arc::new(types), call_id });
    let mut pipeline = TextPipeline::new(TextOptions { tools, ..TextOptions::default() });
    let mut events = Vec::new();
    for token in tokens {
        let control = if tokenizer.is_control(*token) { tokenizer.token_text(*token) } else { None };
        pipeline.push(tokenizer.token_bytes(*token).unwrap(), control, &mut events);
    }
    pipeline.finish(&mut events);
    let mut told =
        Told { started: pipeline.started_tool_calls(), complete: pipeline.complete_tool_calls(), ..Told::default() };
    for event in events {
        match event {
            TextEvent::Content(text) => told.content.push_str(&text),
            TextEvent::Reasoning(_) => {}
            TextEvent::ToolCall(call) => {
                let known = told.calls.entry(call.index).or_default();
                known.0.push_str(&call.name.unwrap_or_default());
                known.1.push_str(&call.arguments.unwrap_or_default());
            }
        }
    }
    told
}

/// What the schemas of these tests say, and no more.
fn fits(value: &Value, schema: &Value) -> bool {
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return values.contains(value);
    }
    match schema["type"].as_str().unwrap() {
        "string" => value.is_string(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "boolean" => value.is_boolean(),
        "array" => value.as_array().is_some_and(|items| items.iter().all(|item| fits(item, &schema["items"]))),
        "object" => {
            let Some(fields) = value.as_object() else { return false };
            let known = schema["properties"].as_object().unwrap();
            let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
            fields.iter().all(|(name, field)| known.get(name).is_some_and(|schema| fits(field, schema)))
                && required.iter().all(|name| fields.contains_key(name.as_str().unwrap()))
        }
        other => panic!("{other}"),
    }
}

/// Forms with the control tokens that models of that form have, and without any where the form is not of control tokens.
fn forms() -> Vec<(ToolFormat, Vec<&'static str>)> {
    let mut forms: Vec<(ToolFormat, Vec<&'static str>)> =
        ToolFormat::NAMES.iter().map(|(_, format)| (*format, Vec::new())).collect();
    forms.retain(|(format, _)| *format != ToolFormat::Harmony);
    forms.extend([
        (ToolFormat::Hermes, vec!["<tool_call>", "</tool_call>"]),
        (ToolFormat::QwenCoder, vec!["<tool_call>", "</tool_call>"]),
        (ToolFormat::Llama, vec!["<|python_tag|>"]),
        (ToolFormat::Mistral, vec!["[TOOL_CALLS]"]),
        (ToolFormat::Mistral, vec!["[TOOL_CALLS]", "[ARGS]", "[CALL_ID]"]),
        (
            ToolFormat::DeepSeek,
            vec![
                "<｜tool▁calls▁begin｜>",
                "<｜tool▁call▁begin｜>",
                "<｜tool▁sep｜>",
                "<｜tool▁call▁end｜>",
                "<｜tool▁calls▁end｜>",
            ],
        ),
        (ToolFormat::DeepSeekDsml, vec!["｜DSML｜"]),
        (ToolFormat::Gemma, vec!["<start_function_call>", "<end_function_call>", "<escape>"]),
        (ToolFormat::Gemma, vec!["<|tool_call>", "<tool_call|>", "<|\"|>"]),
        (ToolFormat::Phi, vec!["<|tool_call|>", "<|/tool_call|>"]),
        (ToolFormat::Granite, vec!["<|tool_call|>"]),
        (ToolFormat::Lfm, vec!["<|tool_call_start|>", "<|tool_call_end|>"]),
        (
            ToolFormat::Glm,
            vec!["<tool_call>", "</tool_call>", "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>"],
        ),
        (
            ToolFormat::Harmony,
            vec!["<|start|>", "<|channel|>", "<|message|>", "<|end|>", "<|call|>", "<|return|>", "<|constrain|>"],
        ),
    ]);
    forms
}

fn walks(besides: Besides<'_>, parallel: bool, walks: usize, check: impl Fn(&Told, &str)) {
    let weather = json!({
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "unit": {"enum": ["celsius", "fahrenheit"]},
            "days": {"type": "integer"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "options": {"type": "object", "properties": {"wind": {"type": "boolean"}}, "additionalProperties": false},
        },
        "required": ["city"],
        "additionalProperties": false,
    });
    let time = json!({"type": "object", "properties": {}, "additionalProperties": false});
    let schemas: [(&str, &Map<String, Value>); 2] =
        [("get_weather", weather.as_object().unwrap()), ("get_time", time.as_object().unwrap())];
    let tools: Vec<CallableTool<'_>> = schemas
        .iter()
        .enumerate()
        .map(|(index, (name, parameters))| CallableTool { name, parameters, strict: true, index })
        .collect();
    for (format, controls) in forms() {
        let tokenizer = Arc::new(ByteTokenizer::new(&controls));
        let rules = CallRules { tools: &tools, format, parallel, besides };
        let source = rules.source(&*tokenizer).unwrap();
        let compiler =
            GrammarCompiler::new(Arc::clone(&tokenizer) as Arc<dyn Tokenizer>, vec![END], Memory::uncounted());
        let grammar =
            compiler.compile(&source).unwrap_or_else(|error| panic!("{format:?} {error}\n{}", source.as_lark()));
        let mut random = Random(1);
        let mut ended = 0;
        for _ in 0..walks {
            let Some(tokens) = walk(grammar.matcher(), &mut random) else { continue };
            ended += 1;
            let spelled: String = tokens
                .iter()
                .map(|token| tokenizer.token_text(*token).map_or_else(|| text(&[*token]), str::to_owned))
                .collect();
            let what = format!("{format:?} {controls:?}: {spelled}");
            let told = read(&tokenizer, format, &tools, &tokens);
            assert_eq!(told.started, told.complete, "{what}");
            assert!(parallel || told.calls.len() <= 1, "{what}");
            for (name, arguments) in told.calls.values() {
                let (_, schema) = schemas.iter().find(|(known, _)| known == name).expect(&what);
                let value: Value = serde_json::from_str(arguments).expect(&what);
                assert!(fits(&value, &Value::Object((*schema).clone())), "{arguments} of {what}");
            }
            check(&told, &what);
        }
        assert!(ended * 5 > walks, "{format:?} {controls:?}: {ended} of {walks} walks ended");
    }
}

#[test]
fn a_call_that_must_be_made_is_made() {
    for parallel in [true, false] {
        walks(Besides::Nothing, parallel, 40, |told, what| {
            assert!(!told.calls.is_empty(), "{what}");
            assert_eq!(told.content, "", "{what}");
        });
    }
}

#[test]
fn calls_in_text_keep_to_their_schemas() {
    for parallel in [true, false] {
        walks(Besides::Text, parallel, 40, |_, _| {});
    }
}

#[test]
fn an_answer_has_its_form_or_is_calls() {
    let answer = GrammarSource::json_object("responseFormat");
    walks(Besides::Answer(&answer), true, 40, |told, what| {
        if told.calls.is_empty() {
            // Of any size, which a `Value` cannot hold.
            assert!(serde_json::from_str::<IgnoredAny>(&told.content).is_ok(), "{what}");
            assert!(told.content.starts_with('{'), "{what}");
        } else {
            assert_eq!(told.content, "", "{what}");
        }
    });
}
