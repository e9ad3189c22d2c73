//! Bad requests, by the path of the mistake.

#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

use serde_json::{Value, json};
use wick_core::ErrorCode::{self, InvalidRequest, Unsupported};
use wick_core::request::{ChatRequest, CompletionRequest, Prompt, parse_json};

const VOCABULARY: usize = 100;

fn chat_with(changes: &Value) -> Value {
    let mut request = json!({"messages": [{"role": "user", "content": "Hi"}]});
    for (name, value) in changes.as_object().unwrap() {
        request[name] = value.clone();
    }
    request
}

fn messages(messages: &Value) -> Value {
    json!({ "messages": messages })
}

#[track_caller]
fn refused(request: Value, code: ErrorCode, location: &str) {
    let shown = request.to_string();
    let error = ChatRequest::read(request, VOCABULARY).expect_err(&shown);
    assert_eq!((error.code(), error.info().location.as_deref()), (code, Some(location)), "{shown}");
}

#[test]
fn reads_a_whole_request() {
    let request = chat_with(&json!({
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
            {"role": "assistant", "toolCalls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
            {"role": "tool", "toolCallId": "1", "content": "x", "name": "f"},
            {"role": "assistant", "content": "So", "prefix": true},
        ],
        "temperature": 1e-8, "topP": 1, "topK": 0, "minP": 0, "maxTokens": 1_000_000_000_000_u64, "stop": ["a", "b"],
        "randomSeed": 0, "n": 8, "minTokens": 2, "ignoreEos": true, "priority": -3, "frequencyPenalty": -2,
        "presencePenalty": 2, "repetitionPenalty": 1.1, "dry": {"multiplier": 0.8, "sequenceBreakers": ["\n"]},
        "logitBias": {"99": -100, "0": 0.5}, "logprobs": true, "topLogprobs": 20,
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}], "toolChoice": "auto",
        "parallelToolCalls": true, "responseFormat": {"type": "text"}, "reasoning": {"effort": "none"}, "safePrompt": false,
        "promptProgress": true,
    }));
    let request = ChatRequest::read(request, VOCABULARY).unwrap();
    assert!(request.has_prefix() && !request.wants_reasoning);
    assert_eq!(request.sampling.logit_bias, [(99, -100.0), (0, 0.5)]);
    assert_eq!((request.sampling.n, request.sampling.random_seed), (8, Some(0)));
    assert_eq!(request.template_kwargs["enable_thinking"], Value::Bool(false));
    assert_eq!(request.tools[0].to_template_value()["function"]["name"], "f");
}

#[test]
fn refuses_unknown_fields_with_their_path() {
    refused(chat_with(&json!({"temprature": 1})), InvalidRequest, "temprature");
    refused(chat_with(&json!({"max_tokens": 1})), InvalidRequest, "max_tokens");
    refused(chat_with(&json!({"best_of": 1})), InvalidRequest, "best_of");
    refused(chat_with(&json!({"__proto__": {}})), InvalidRequest, "__proto__");
    refused(chat_with(&json!({"constructor": {}})), InvalidRequest, "constructor");
    refused(chat_with(&json!({"dry": {"multiplier": 1, "bass": 2}})), InvalidRequest, "dry.bass");
    refused(
        messages(&json!([{"role": "user", "content": "a"}, {"role": "user", "contnt": "b", "content": ""}])),
        InvalidRequest,
        "messages[1].contnt",
    );
    let many: serde_json::Map<String, Value> = (0..100_000).map(|key| (format!("k{key}"), Value::from(1))).collect();
    refused(chat_with(&Value::Object(many)), InvalidRequest, "k0");
}

#[test]
fn refuses_wrong_types_and_ranges() {
    for (name, values) in [
        ("temperature", vec![json!(-1), json!(null), json!(1e308), json!("0.7")]),
        ("topP", vec![json!(0), json!(1.1), json!(1e-50)]),
        ("topK", vec![json!(-1), json!(9_007_199_254_740_992_u64), json!(1.5)]),
        ("minP", vec![json!(-0.1), json!(1.1)]),
        ("maxTokens", vec![json!(0), json!(-1), json!(1.5), json!(null)]),
        ("n", vec![json!(0), json!(9), json!(1_000_000_000)]),
        ("randomSeed", vec![json!(-1), json!(1.5), json!(1.844_674_407_370_955_2e19), json!("x")]),
        ("stop", vec![json!(""), json!(vec!["a"; 17]), json!("\u{fffd}"), json!(5)]),
        ("frequencyPenalty", vec![json!(2.1), json!(-2.1)]),
        ("repetitionPenalty", vec![json!(0), json!(-1)]),
        ("topLogprobs", vec![json!(21), json!(5)]),
        (
            "logitBias",
            vec![
                json!([]),
                json!((0..1025).map(|key| (key.to_string(), 0)).collect::<std::collections::BTreeMap<_, _>>()),
            ],
        ),
        ("ignoreEos", vec![json!("yes")]),
        ("priority", vec![json!(101)]),
        ("minTokens", vec![json!(-1)]),
        (
            "messages",
            vec![json!(null), json!([]), json!("Hi"), json!(vec![json!({"role": "user", "content": ""}); 4097])],
        ),
        ("tools", vec![json!({})]),
        ("toolChoice", vec![json!("maybe"), json!(1)]),
    ] {
        for value in values {
            refused(chat_with(&json!({ name: value })), InvalidRequest, name);
        }
    }
    refused(chat_with(&json!({"stop": ["a", "x".repeat(257)]})), InvalidRequest, "stop[1]");
    for key in ["abc", "100", "-1", "01", "+1", "1.0"] {
        refused(chat_with(&json!({"logitBias": {key: 1}})), InvalidRequest, &format!("logitBias.{key}"));
    }
    refused(chat_with(&json!({"logitBias": {"1": 101}})), InvalidRequest, "logitBias.1");
}

#[test]
fn refuses_messages_that_make_no_conversation() {
    let user = json!({"role": "user", "content": "Hi"});
    for (list, location) in [
        (json!([{"role": "developer", "content": "x"}]), "messages[0].role"),
        (json!([{"role": "user"}]), "messages[0].content"),
        (json!([{"role": "user", "content": null}]), "messages[0].content"),
        (json!([{"role": "user", "content": [{"type": "text"}]}]), "messages[0].content[0].text"),
        (json!([{"role": "user", "content": [{"type": "poem", "text": ""}]}]), "messages[0].content[0].type"),
        (json!([user, {"role": "assistant"}, user]), "messages[1].content"),
        (json!([user, {"role": "assistant", "content": "x"}]), "messages[1].role"),
        (json!([user, {"role": "assistant", "content": "x", "prefix": true}, user]), "messages[1].prefix"),
        (json!([user, {"role": "tool", "toolCallId": "1", "content": "x"}]), "messages[1].toolCallId"),
        (json!([user, "Hi"]), "messages[1]"),
    ] {
        refused(messages(&list), InvalidRequest, location);
    }
}

#[test]
fn refuses_what_it_cannot_honour() {
    let image = |url: &str| {
        messages(
            &json!([{"role": "user", "content": [{"type": "text", "text": ""}, {"type": "image_url", "imageUrl": url}]}]),
        )
    };
    refused(image("http://169.254.169.254/"), Unsupported, "messages[0].content[1]");
    refused(image("file:///etc/passwd"), Unsupported, "messages[0].content[1]");
    let tool = json!({"type": "function", "function": {"name": "f", "parameters": {}}});
    for (changes, location) in [
        (json!({"extraBody": {"a": 1}}), "extraBody"),
        (json!({"safePrompt": true}), "safePrompt"),
        (json!({"maxToolRounds": 3}), "maxToolRounds"),
        (json!({"tools": [{"type": "executable", "name": "x"}]}), "tools[0].type"),
        (json!({"tools": [tool, {"type": "web_search"}]}), "tools[1].type"),
    ] {
        refused(chat_with(&changes), Unsupported, location);
    }
}

#[test]
fn refuses_bad_tools_and_template_kwargs() {
    let tool = |name: &str, parameters: Value| json!({"type": "function", "function": {"name": name, "parameters": parameters}});
    let ok = tool("f", json!({}));
    for (changes, location) in [
        (json!({"tools": [ok, ok]}), "tools[1].function.name"),
        (json!({"tools": [tool(&"a".repeat(65), json!({}))]}), "tools[0].function.name"),
        (json!({"tools": [tool("a\nb", json!({}))]}), "tools[0].function.name"),
        (json!({"tools": [tool("f", json!({"type": "array"}))]}), "tools[0].function.parameters.type"),
        (json!({"tools": [tool("f", json!("x"))]}), "tools[0].function.parameters"),
        (
            json!({"tools": [ok], "toolChoice": {"type": "function", "function": {"name": "g"}}}),
            "toolChoice.function.name",
        ),
        (json!({"chatTemplateKwargs": {"messages": []}}), "chatTemplateKwargs.messages"),
        (json!({"chatTemplateKwargs": {"tokenize": true}}), "chatTemplateKwargs.tokenize"),
        (json!({"chatTemplateKwargs": {"chat_template": ""}}), "chatTemplateKwargs.chat_template"),
        (json!({"reasoning": {"effort": "max"}}), "reasoning.effort"),
        (json!({"reasoning": {"maxTokens": -1}}), "reasoning.maxTokens"),
        (json!({"reasoning": {"maxTokens": 1.5}}), "reasoning.maxTokens"),
    ] {
        refused(chat_with(&changes), InvalidRequest, location);
    }
}

#[test]
fn reads_raw_completions() {
    let read = |value| CompletionRequest::read(value, VOCABULARY);
    assert_eq!(read(json!({"prompt": [0, 99], "echo": true})).unwrap().prompt, Prompt::Tokens(vec![0, 99]));
    assert_eq!(read(json!({"prompt": "x"})).unwrap().prompt, Prompt::Text("x".to_owned()));
    for (value, location) in [
        (json!({}), "prompt"),
        (json!({"prompt": 5}), "prompt"),
        (json!({"prompt": [0, 100]}), "prompt[1]"),
        (json!({"prompt": [-1]}), "prompt[0]"),
        (json!({"prompt": [1.5]}), "prompt[0]"),
        (json!({"prompt": "", "messages": []}), "messages"),
    ] {
        assert_eq!(read(value).unwrap_err().info().location.as_deref(), Some(location));
    }
}

#[test]
fn deep_json_is_refused_before_it_is_read() {
    let deep = format!("{}1{}", "{\"a\":".repeat(66), "}".repeat(66));
    assert_eq!(parse_json(&deep).unwrap_err().code(), InvalidRequest);
}
