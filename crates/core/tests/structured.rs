//! Answers of a given form, by the demo model.

#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

mod plain_host;

use std::sync::Arc;

use plain_host::PlainHost;
use serde_json::{Map, Value, json};
use wick_core::ErrorCode;
use wick_core::grammar::GrammarSource;
use wick_core::runtime::{Runtime, RuntimeOptions};

const SCHEMA: &str = "responseFormat.jsonSchema.schemaDefinition";
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../test/fixtures/demo-model");

struct World {
    runtime: Runtime,
    client: u32,
    model: Value,
}

impl World {
    fn new(options: &Value) -> Self {
        let runtime = Runtime::new(Arc::new(PlainHost::new()), RuntimeOptions::default());
        let client = runtime.open();
        let mut world = Self { runtime, client, model: Value::Null };
        let source = json!({"kind": "path", "path": format!("{FIXTURES}/safetensors")});
        let options = merged(&json!({"dtype": "f32", "threads": 2}), options);
        let loaded = world.all(&json!({"kind": "load", "source": source, "options": options})).pop().unwrap();
        assert_eq!(loaded["kind"], "loaded", "{loaded}");
        world.model = loaded["model"].clone();
        world
    }

    fn submit(&self, command: &Value) -> u32 {
        self.runtime.submit(self.client, &command.to_string(), Vec::new())
    }

    fn work(&self) {
        while self.runtime.load_one() | self.runtime.prepare_one() | self.runtime.step() {}
    }

    fn rest(&self, ticket: u32) -> Vec<Value> {
        let next = || {
            self.runtime.take(ticket).or_else(|| {
                self.work();
                self.runtime.take(ticket)
            })
        };
        std::iter::from_fn(next).map(|event| serde_json::from_str(&event).unwrap()).collect()
    }

    fn all(&self, command: &Value) -> Vec<Value> {
        self.rest(self.submit(command))
    }

    fn begin(&self, question: &str, more: &Value) -> u32 {
        let request = merged(
            &json!({"messages": [{"role": "user", "content": question}], "temperature": 0, "maxTokens": 200}),
            more,
        );
        self.submit(&json!({"kind": "chat", "model": self.model, "request": request}))
    }

    /// The terminal of a chat.
    fn chat(&self, question: &str, more: &Value) -> Value {
        self.rest(self.begin(question, more)).pop().unwrap()
    }

    /// The error of a chat that is refused.
    fn refused(&self, more: &Value) -> Value {
        let terminal = self.chat("Hello", more);
        assert_eq!(terminal["kind"], "validation_error", "{more:.300} {terminal}");
        terminal["error"].clone()
    }
}

fn merged(base: &Value, more: &Value) -> Value {
    let fields = [base, more].into_iter().flat_map(|object| object.as_object().unwrap().clone());
    Value::Object(fields.collect::<Map<String, Value>>())
}

fn json_schema(schema: &Value) -> Value {
    json!({"responseFormat": {"type": "json_schema", "jsonSchema": {"name": "answer", "schemaDefinition": schema}}})
}

fn city() -> Value {
    json!({
        "type": "object",
        "properties": {
            "city": {"type": "string", "maxLength": 20},
            "country": {"enum": ["France", "Spain"]},
            "people": {"type": "integer", "minimum": 1, "maximum": 99},
        },
        "required": ["city", "country", "people"],
        "additionalProperties": false,
    })
}

fn weather(strict: bool) -> Value {
    let parameters = json!({
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"enum": ["celsius", "fahrenheit"]}},
        "required": ["city", "unit"],
        "additionalProperties": false,
    });
    json!({"type": "function", "function": {"name": "get_weather", "parameters": parameters, "strict": strict}})
}

fn choice(terminal: &Value) -> &Value {
    assert_eq!(terminal["kind"], "done", "{terminal}");
    &terminal["completion"]["choices"][0]
}

fn content(terminal: &Value) -> &str {
    choice(terminal)["message"]["content"].as_str().unwrap()
}

#[test]
fn answers_have_the_form_that_was_asked_for() {
    let world = World::new(&json!({}));
    let ask = |format: Value| world.chat("What is the capital of France?", &json!({"responseFormat": format}));
    let object = ask(json!({"type": "json_object"}));
    assert!(serde_json::from_str::<Map<String, Value>>(content(&object)).is_ok(), "{object}");
    assert_eq!(choice(&object)["finishReason"], "stop");

    let told = world.chat("What is the capital of France?", &json_schema(&city()));
    let value: Value = serde_json::from_str(content(&told)).unwrap();
    assert!(value["city"].as_str().unwrap().chars().count() <= 20, "{value}");
    assert!(["France", "Spain"].contains(&value["country"].as_str().unwrap()), "{value}");
    assert!((1..=99).contains(&value["people"].as_i64().unwrap()), "{value}");
    assert_eq!(value.as_object().unwrap().len(), 3);

    let digits = content(&ask(json!({"type": "regex", "regex": "\\d{4}-[a-c]{3}x"}))).to_owned();
    assert!(digits.len() == 9 && digits[..4].bytes().all(|byte| byte.is_ascii_digit()) && digits.ends_with('x'));
    assert_eq!(content(&ask(json!({"type": "choice", "choices": ["London", "Paris"]}))), "Paris");
    let lark =
        ask(json!({"type": "lark", "grammar": "start: greeting \"!\"\ngreeting: \"Hi \" NAME\nNAME: /[a-z]{3}/"}));
    let text = content(&lark);
    assert!(text.starts_with("Hi ") && text.ends_with('!') && text.len() == 7, "{text}");
}

#[test]
fn a_form_that_leaves_no_choice_is_written_without_drawing() {
    let world = World::new(&json!({}));
    let format = json!({"responseFormat": {"type": "choice", "choices": ["The one and only answer."]}});
    let quiet = merged(&format, &json!({"reasoning": {"effort": "none"}, "logprobs": true, "topLogprobs": 2}));
    let told = world.chat("Hello", &quiet);
    assert_eq!(content(&told), "The one and only answer.");
    let logprobs = choice(&told)["logprobs"].as_array().unwrap();
    assert_eq!(logprobs.len() as u64, told["completion"]["usage"]["completionTokens"].as_u64().unwrap());
    assert!(logprobs.iter().all(|token| token["logprob"] == 0.0), "{logprobs:?}");
}

#[test]
fn reasoning_comes_first_and_has_no_form() {
    let world = World::new(&json!({}));
    let choices = json!({"responseFormat": {"type": "choice", "choices": ["London", "Paris"]}});
    let ask = |more: &Value| world.chat("What is the capital of France?", &merged(&choices, more));
    let thought = ask(&json!({}));
    assert!(choice(&thought)["message"]["reasoningContent"].as_str().unwrap().contains("capital of France"));
    assert_eq!(content(&thought), "Paris");
    let short = ask(&json!({"reasoning": {"maxTokens": 3}}));
    assert!(["London", "Paris"].contains(&content(&short)));
    assert!(short["completion"]["usage"]["reasoningTokens"].as_u64().unwrap() < 8, "{short}");
    let none = ask(&json!({"reasoning": {"effort": "none"}}));
    assert!(choice(&none)["message"]["reasoningContent"].is_null());
    assert!(["London", "Paris"].contains(&content(&none)));
}

#[test]
fn neighbours_drafts_and_room_change_nothing() {
    let worlds = [
        World::new(&json!({})),
        World::new(&json!({"speculation": "ngram"})),
        World::new(&json!({"speculation": {"ngram": {"maxTokens": 8, "minMatch": 1}}, "prefillChunk": 3})),
        World::new(&json!({"maxSequences": 3, "kvMemoryBytes": 3_200_000, "contextLength": 512, "readAhead": 2})),
    ];
    let request = |seed: u64| {
        let sampled = json!({"temperature": 1.3, "randomSeed": seed, "n": 3, "logprobs": true, "minTokens": 5});
        let format = match seed % 3 {
            0 => json_schema(&city()),
            1 => json!({"responseFormat": {"type": "json_object"}}),
            _ => json!({"tools": [weather(true)], "toolChoice": "required"}),
        };
        merged(&sampled, &format)
    };
    for seed in 0..9 {
        let question = "What is the weather in Paris?";
        let alone = worlds[0].chat(question, &request(seed));
        assert_eq!(alone["kind"], "done", "{alone}");
        for world in &worlds {
            let beside = world.begin("Tell me a story.", &json!({}));
            let same = world.chat(question, &request(seed));
            assert_eq!(same["completion"]["choices"], alone["completion"]["choices"]);
            world.rest(beside);
        }
    }
}

#[test]
fn an_answer_may_be_cut_and_says_so() {
    let world = World::new(&json!({}));
    let cut =
        world.chat("Hello", &merged(&json_schema(&city()), &json!({"maxTokens": 9, "reasoning": {"effort": "none"}})));
    assert_eq!(choice(&cut)["finishReason"], "length");
    assert!(content(&cut).starts_with("{\"city\": \""), "{cut}");
    let stopped = world.chat("Hello", &merged(&json_schema(&city()), &json!({"stop": "country"})));
    assert_eq!(choice(&stopped)["stopReason"], json!({"kind": "stop_string", "text": "country"}));
    // The grammar ends it, though fewer tokens came than were asked for.
    let short = json!({"responseFormat": {"type": "choice", "choices": ["Hi", "Ho"]}, "minTokens": 50});
    assert_eq!(choice(&world.chat("Hello", &short))["finishReason"], "stop");
}

#[test]
fn a_call_can_be_asked_for() {
    let world = World::new(&json!({}));
    let question = "What is the weather in Paris?";
    let time = json!({"type": "function", "function": {
        "name": "get_time", "parameters": {"type": "object", "properties": {}, "additionalProperties": false},
    }});
    let ask = |more: &Value| {
        let told = world.chat(question, &merged(&json!({"tools": [weather(true), time]}), more));
        let calls = choice(&told)["message"]["toolCalls"].clone();
        (choice(&told)["finishReason"].clone(), calls, content(&told).to_owned())
    };
    let (reason, calls, text) = ask(&json!({"toolChoice": "required"}));
    assert_eq!((reason, text.as_str()), (json!("tool_calls"), ""));
    assert_eq!(calls[0]["function"]["name"], "get_weather");
    let arguments: Value = serde_json::from_str(calls[0]["function"]["arguments"].as_str().unwrap()).unwrap();
    assert_eq!(arguments["city"], "Paris");
    assert!(["celsius", "fahrenheit"].contains(&arguments["unit"].as_str().unwrap()));

    let (_, calls, _) = ask(&json!({"toolChoice": {"type": "function", "function": {"name": "get_time"}}}));
    assert!(
        calls.as_array().unwrap().iter().all(|call| call["function"] == json!({"name": "get_time", "arguments": "{}"}))
    );
    let (_, calls, _) = ask(&json!({"toolChoice": "any", "parallelToolCalls": false}));
    assert_eq!(calls.as_array().unwrap().len(), 1);

    // What the model decides itself: text, or a call that keeps to its schema.
    let (reason, calls, _) = ask(&json!({}));
    assert_eq!(reason, "tool_calls");
    assert!(calls[0]["function"]["arguments"].as_str().unwrap().contains("\"unit\": \""), "{calls}");
    let plain = json!({"tools": [weather(true)]});
    let text = world.chat("Tell me a story.", &plain);
    assert_eq!(choice(&text)["message"]["toolCalls"], Value::Null, "{text}");
    let free = json!({"tools": [weather(false)]});
    assert_eq!(content(&text), content(&world.chat("Tell me a story.", &free)));

    let both = merged(&plain, &json_schema(&city()));
    let called = world.chat(question, &both);
    assert_eq!(choice(&called)["finishReason"], "tool_calls");
    let answered = world.chat("Tell me a story.", &both);
    assert!(serde_json::from_str::<Value>(content(&answered)).unwrap()["people"].is_i64(), "{answered}");
}

/// A grammar in which a schema leads through a hundred references.
fn chained_lark() -> String {
    let links = (0..100).map(|link| (format!("d{link}"), json!({"$ref": format!("#/$defs/d{}", link + 1)})));
    let mut definitions: Map<String, Value> = links.collect();
    definitions.insert("d100".to_owned(), json!({"type": "integer"}));
    format!("start: %json {}", json!({"$defs": definitions, "$ref": "#/$defs/d0"}))
}

#[test]
fn what_is_no_form_is_refused_with_its_place() {
    let world = World::new(&json!({}));
    let format = |format: Value| world.refused(&json!({"responseFormat": format}));
    let schema = |schema: Value| world.refused(&json_schema(&schema));
    for (error, code, place) in [
        (format(json!({"type": "yaml"})), "invalid_request", "responseFormat.type"),
        (format(json!({"type": "text", "regex": "a"})), "invalid_request", "responseFormat.regex"),
        (format(json!({"type": "json_schema"})), "invalid_request", "responseFormat.jsonSchema"),
        (format(json!({"type": "choice", "choices": [1]})), "invalid_request", "responseFormat.choices[0]"),
        (format(json!({"type": "choice", "choices": []})), "grammar_invalid", "responseFormat.choices"),
        (format(json!({"type": "regex", "regex": "(a"})), "grammar_invalid", "responseFormat.regex"),
        (format(json!({"type": "regex", "regex": "(?=a)b"})), "grammar_invalid", "responseFormat.regex"),
        (format(json!({"type": "regex", "regex": "[^\\s\\S]"})), "grammar_invalid", "responseFormat.regex"),
        (format(json!({"type": "regex", "regex": "(".repeat(60_000)})), "grammar_limit", "responseFormat.regex"),
        (format(json!({"type": "lark", "grammar": "begin: \"a\""})), "grammar_invalid", "responseFormat.grammar"),
        (format(json!({"type": "lark", "grammar": "start: <|nothing|>"})), "grammar_invalid", "responseFormat.grammar"),
        (format(json!({"type": "lark", "grammar": chained_lark()})), "grammar_limit", "responseFormat.grammar"),
        (schema(json!(7)), "grammar_invalid", SCHEMA),
        (schema(json!(false)), "grammar_invalid", SCHEMA),
        (schema(json!({"type": "string", "minLength": 3, "maxLength": 2})), "grammar_invalid", SCHEMA),
        (schema(json!({"type": "object", "propertyNames": {"minLength": 2}})), "grammar_invalid", SCHEMA),
        (schema(json!({"type": "string", "pattern": "(a".repeat(200)})), "grammar_limit", SCHEMA),
        (schema(json!({"type": "string", "pattern": "a".repeat(2_000)})), "grammar_limit", SCHEMA),
        (schema(json!({"enum": (0..5_000).collect::<Vec<i32>>()})), "grammar_limit", SCHEMA),
        (schema(json!({"description": "x".repeat(300_000)})), "grammar_limit", SCHEMA),
        (
            schema(
                json!({"properties": (0..1_001).map(|index| (index.to_string(), json!(true))).collect::<Map<_, _>>()}),
            ),
            "grammar_limit",
            SCHEMA,
        ),
        (world.refused(&merged(&json_schema(&city()), &json!({"ignoreEos": true}))), "invalid_request", "ignoreEos"),
        (world.refused(&json!({"toolChoice": "required"})), "invalid_request", "toolChoice"),
    ] {
        assert_eq!((&error["code"], &error["where"]), (&json!(code), &json!(place)), "{error}");
    }
    let lookahead = json!({"type": "object", "properties": {"a": {"type": "string", "pattern": "^(?=b)"}}});
    let mut broken = weather(true);
    broken["function"]["parameters"] = lookahead;
    broken["function"]["name"] = json!("broken");
    let error = world.refused(&json!({"tools": [weather(true), broken]}));
    assert_eq!(
        (&error["code"], &error["where"]),
        (&json!("grammar_invalid"), &json!("tools[1].function.parameters")),
        "{error}"
    );
    // What cannot be kept to is left out where it was said to be no matter.
    let lenient = json!({"responseFormat": {"type": "json_schema", "jsonSchema": {
        "name": "answer", "strict": false,
        "schemaDefinition": {"type": "object", "properties": {"a": {"type": "integer"}}, "propertyNames": {"minLength": 1}},
    }}});
    assert_eq!(choice(&world.chat("Hello", &lenient))["finishReason"], "stop");
}

#[test]
fn a_schema_has_so_many_levels_and_no_more() {
    let levels = |count: usize| (0..count).fold(json!({}), |inner, _| json!({"items": inner}));
    assert!(GrammarSource::json_schema(levels(63), true, "schema").is_ok());
    let error = GrammarSource::json_schema(levels(64), true, "schema").unwrap_err();
    assert_eq!((error.code(), error.info().location.as_deref()), (ErrorCode::GrammarLimit, Some("schema")));
}

#[test]
fn what_could_take_forever_does_not() {
    let world = World::new(&json!({}));
    let deep = (0..25).fold(json!({"type": "string"}), |inner, _| json!({"anyOf": [inner, {"type": "null"}]}));
    let wide: Map<String, Value> =
        (0..1_000).map(|index| (format!("p{index}"), json!({"type": "string", "pattern": "^(a+)+b{1,50}$"}))).collect();
    let bombs = [
        json!({"$ref": "#"}),
        json!({"allOf": [{"$ref": "#"}]}),
        json!({"anyOf": [{"$ref": "#"}, {"$ref": "#/anyOf/0"}]}),
        json!({"$defs": {"a": {"allOf": [{"$ref": "#/$defs/b"}]}, "b": {"allOf": [{"$ref": "#/$defs/a"}]}}, "$ref": "#/$defs/a"}),
        json!({"type": "string", "pattern": "(a+)+b"}),
        json!({"type": "string", "pattern": "((a{1,100}){1,100}){1,100}"}),
        json!({"type": "string", "pattern": "(.*a.{200}){3}"}),
        json!({"type": "string", "minLength": 100_000, "maxLength": 1_000_000}),
        json!({"type": "array", "items": {"type": "integer"}, "minItems": 1_000_000}),
        json!({"type": "array", "prefixItems": vec![json!({"type": "string"}); 1_000]}),
        json!({"type": "number", "multipleOf": 0.000_000_1, "minimum": 1e-9, "maximum": 1e30}),
        json!({"enum": (0..4_096).map(|index| format!("{index:x>40}")).collect::<Vec<_>>()}),
        json!({"type": "object", "properties": wide, "required": ["p1"]}),
        json!({"type": "object", "minProperties": 900, "properties": wide}),
        deep,
    ];
    for bomb in bombs {
        let began = std::time::Instant::now();
        let ended = world.chat("Hello", &merged(&json_schema(&bomb), &json!({"maxTokens": 20})));
        let took = began.elapsed();
        assert!(["done", "validation_error", "model_error"].contains(&ended["kind"].as_str().unwrap()), "{ended}");
        assert!(took.as_millis() < 5_000, "{took:?} for {:.200}", bomb.to_string());
    }
    let regex = |regex: &str| json!({"type": "regex", "regex": regex});
    let lark = |grammar: &str| json!({"type": "lark", "grammar": grammar});
    let bombs = [
        regex("(a|b|ab)*c{900}"),
        regex("((((a{99}){99}){99}){99})"),
        regex("a{1000000}"),
        regex("(?s:.*)x(?s:.{999})"),
        regex("\\w{1000}\\W{1000}"),
        lark("start: start start | \"a\""),
        lark("start: start"),
        lark("start: ((((((\"a\"?)*)*)*)*)*)*"),
        lark("start: (((\"a\"){99}){99}){99}"),
        lark("start: A\nA: B{99}\nB: C{99}\nC: D{99}\nD: \"a\"{99}"),
        lark("start: a a\na: b b\nb: c c\nc: d d\nd: e e\ne: f f\nf: \"x\"{500} | /y{500}/"),
        lark("start: %json {\"$ref\": \"#\"}"),
        lark("start: /(a+)+b/ start /(b+)+a/ | \"\""),
    ];
    for bomb in bombs {
        let began = std::time::Instant::now();
        let ended = world.chat("Hello", &json!({"responseFormat": bomb, "maxTokens": 20}));
        assert!(["done", "validation_error", "model_error"].contains(&ended["kind"].as_str().unwrap()), "{ended}");
        assert!(began.elapsed().as_millis() < 5_000, "{bomb}");
    }
    assert_eq!(world.chat("Hello", &json!({}))["kind"], "done");
}
