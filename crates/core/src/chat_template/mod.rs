//! Chat templates: messages to the text a model was trained on, as `apply_chat_template` of transformers makes it.
//!
//! A template is a program out of an untrusted file. It runs on minijinja with a closed set of filters, tests and
//! methods, without a loader, under limits on steps ([`FUEL`]), on bytes made and walked through, on nesting and on
//! output. Steps and bytes are the portable bound on time: no clock is read while rendering. What the request says
//! cannot become a control token: see [`RenderedPrompt`].

mod budget;
mod clock;
mod failure;
mod filters;
mod kwargs;
mod nesting;
mod operators;
mod program;
mod python_text;
mod shield;

use std::fmt;

use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior, Value as Variable, machinery};
use serde_json::{Map, Value, json};

pub use clock::Clock;
pub use kwargs::check_kwargs;

use crate::error::{Error, ErrorCode, Result};
use crate::tokenizer::TokenizerConfig;
use budget::Limit;
use failure::{Raised, explain, over_limit};
use shield::Shield;

/// Instructions one rendering may run.
const FUEL: u64 = 500_000;
/// Longest template, in bytes.
const MAX_SOURCE: usize = 256 << 10;
/// Longest output, in bytes.
const MAX_OUTPUT: usize = 4 << 20;
/// Bytes one rendering may make or walk through, beside 32 for each byte of input.
const WORK: u64 = 32 << 20;
/// Nested macros, blocks and loops.
const MAX_RECURSION: usize = 128;
/// Most messages.
const MAX_MESSAGES: usize = 4096;
/// What transformers puts behind the text to continue, to find it again.
const CONTINUE_TAG: &str = "CONTINUE_FINAL_MESSAGE_TAG ";
/// Keys whose values are the engine's words, never the user's: templates build control tokens from roles.
const EXEMPT: [&str; 1] = ["role"];

/// What a template turns into a prompt.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TemplateInput {
    /// Messages as chat-completion APIs have them on the wire: `role`, `content`, `tool_calls`, `tool_call_id`, `name`, `reasoning_content`.
    pub messages: Vec<Value>,
    /// Tools as `{type: "function", function: {name, description, parameters}}`.
    pub tools: Option<Vec<Value>>,
    /// Whether the text ends where the assistant begins to speak.
    pub add_generation_prompt: bool,
    /// Whether the text ends inside the last message, which the model goes on with.
    pub continue_final_message: bool,
    /// Further variables, already through [`check_kwargs`].
    pub kwargs: Map<String, Value>,
}

/// A prompt and where control tokens may not be recognised in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedPrompt {
    /// The text, byte-equal to transformers' but where a template looks for control tokens inside content.
    pub text: String,
    /// Byte offsets in `text`, ascending: content that spells (part of) a control token has one inside.
    pub breaks: Vec<usize>,
}

impl RenderedPrompt {
    /// Whether the prompt ends in the template's own `marker`, such as the `<think>` behind which the answer begins with reasoning.
    pub fn ends_with(&self, marker: &str) -> bool {
        let text = self.text.trim_end();
        let marker = marker.trim_end();
        let start = text.len().saturating_sub(marker.len());
        text.ends_with(marker) && !self.breaks.iter().any(|at| start < *at && *at <= text.len())
    }
}

/// What a template makes use of, by inspection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// It reads `tools`.
    pub tools: bool,
    /// It knows of reasoning: a switch for it, or `<think>`.
    pub reasoning: bool,
}

/// A checked chat template.
pub struct ChatTemplate {
    source: String,
    environment: Environment<'static>,
    special: Vec<(&'static str, String)>,
    shield: Shield,
    capabilities: Capabilities,
}

impl fmt::Debug for ChatTemplate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ChatTemplate").field("bytes", &self.source.len()).finish_non_exhaustive()
    }
}

impl ChatTemplate {
    /// Checks a template. `special` names the texts of `bos_token`, `eos_token` and so on, which templates read;
    /// `control_texts` are the spellings of the tokenizer's control tokens.
    ///
    /// # Errors
    /// `template_invalid{line}` for syntax and for filters, tests and statements templates do not have; `too_large`.
    pub fn parse(source: &str, special: &TokenizerConfig, control_texts: &[&str]) -> Result<Self> {
        if source.len() > MAX_SOURCE {
            return Err(Error::new(
                ErrorCode::TooLarge,
                format!("the chat template has {} bytes, over the limit of {MAX_SOURCE}", source.len()),
            )
            .detail("limit", MAX_SOURCE));
        }
        let source = program::without_generation_tags(source);
        let program = guarded(|| program::compile(&source).map_err(|error| explain(&error)))?;
        let reads = |name: &str| program.names.binary_search(&name).is_ok();
        let capabilities = Capabilities {
            tools: reads("tools"),
            reasoning: reads("enable_thinking")
                || reads("thinking")
                || source.contains("<think>")
                || source.contains("reasoning_content"),
        };
        drop(program);
        let texts = [
            ("bos_token", &special.bos_token),
            ("eos_token", &special.eos_token),
            ("pad_token", &special.pad_token),
            ("unk_token", &special.unk_token),
        ];
        let special = texts.into_iter().filter_map(|(name, text)| Some((name, text.clone()?))).collect();
        Ok(Self { source, environment: environment(), special, shield: Shield::new(control_texts), capabilities })
    }

    /// The template's text.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What the template makes use of.
    pub fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    /// Renders a prompt in which nothing the request says can become a control token.
    ///
    /// # Errors
    /// `invalid_request{template_message}` where the template itself refuses the messages; `template_limit{limit}`;
    /// `template_invalid{line}` where it fails.
    pub fn render(&self, input: &TemplateInput, now: Clock) -> Result<RenderedPrompt> {
        let mut texts = vec![self.source.as_str()];
        texts.extend(self.special.iter().map(|(_, text)| text.as_str()));
        for value in input.messages.iter().chain(input.tools.iter().flatten()) {
            shield::strings(value, &mut texts);
        }
        for value in input.kwargs.values() {
            shield::strings(value, &mut texts);
        }
        let Some(nonce) = shield::nonce(&texts) else {
            return Err(Error::invalid_request(
                "messages",
                "the messages use up the private characters that mark control tokens",
            ));
        };
        let mut marked = input.clone();
        let tools = marked.tools.iter_mut().flatten();
        for value in marked.messages.iter_mut().chain(tools).chain(marked.kwargs.values_mut()) {
            self.shield.mark_value(value, nonce, &EXEMPT);
        }
        let (text, breaks) = shield::take_out(&self.render_text(&marked, now)?, nonce);
        Ok(RenderedPrompt { text, breaks })
    }

    /// Renders as transformers does, control tokens in content and all. For people to read, not to feed to a model.
    ///
    /// # Errors
    /// As [`Self::render`].
    pub fn render_plain(&self, input: &TemplateInput, now: Clock) -> Result<String> {
        self.render_text(input, now)
    }

    fn render_text(&self, input: &TemplateInput, now: Clock) -> Result<String> {
        if input.messages.len() > MAX_MESSAGES {
            return Err(Error::invalid_request(
                "messages",
                format!("{} messages are over the limit of {MAX_MESSAGES}", input.messages.len()),
            ));
        }
        let mut messages = input.messages.clone();
        for message in &mut messages {
            alias_reasoning(message);
        }
        if input.continue_final_message {
            tag_final_message(&mut messages)?;
        }
        let size = json_size(&messages) + input.tools.as_deref().map_or(0, json_size);
        let mut variables = input.kwargs.clone();
        for (name, text) in &self.special {
            variables.insert((*name).to_owned(), Value::from(text.as_str()));
        }
        variables.insert("messages".to_owned(), Value::Array(messages));
        variables.insert("tools".to_owned(), input.tools.clone().map_or(Value::Null, Value::Array));
        variables.insert("documents".to_owned(), input.kwargs.get("documents").cloned().unwrap_or(Value::Null));
        variables.insert("add_generation_prompt".to_owned(), json!(input.add_generation_prompt));
        let mut context: std::collections::BTreeMap<String, Variable> =
            variables.into_iter().map(|(name, value)| (name, variable(value))).collect();
        context.insert("strftime_now".to_owned(), Variable::from_function(move |format: &str| now.format(format)));

        let work = WORK + 32 * size as u64;
        let text = budget::with(work, || self.run(Variable::from(context)))?;
        let limit = MAX_OUTPUT.min(8 * size + (64 << 10));
        if text.len() > limit {
            return Err(over_limit(Limit::Bytes));
        }
        if !input.continue_final_message {
            return Ok(text);
        }
        let Some(at) = text.rfind(CONTINUE_TAG.trim_end()) else {
            return Err(Error::invalid_request(
                "messages",
                "the chat template leaves out the message that is to be continued",
            ));
        };
        let kept = if text[at..].starts_with(CONTINUE_TAG) { &text[..at] } else { text[..at].trim_end() };
        Ok(kept.to_owned())
    }

    /// Compiling again for every rendering takes well under a millisecond and spares a self-referential template.
    fn run(&self, context: Variable) -> Result<String> {
        guarded(|| {
            let program = program::compile(&self.source).map_err(|error| explain(&error))?;
            let mut text = String::new();
            let mut out = machinery::make_string_output(&mut text);
            machinery::eval(
                &self.environment,
                &program.instructions,
                context,
                &program.blocks,
                &mut out,
                AutoEscape::None,
            )
            .map_err(|error| explain(&error))?;
            Ok(text)
        })
    }
}

/// Runs `work` and turns a panic of the template engine into an error.
fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(Error::new(
            ErrorCode::TemplateInvalid,
            "the chat template broke the template engine; pass another with `chatTemplate`",
        )
        .detail("reason", "panic"))
    })
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(MAX_RECURSION);
    environment.set_undefined_behavior(UndefinedBehavior::Lenient);
    environment.set_formatter(|out, _, value| {
        let mut text = String::new();
        python_text::write_str(value, &mut text)?;
        out.write_str(&text).map_err(|_| minijinja::Error::from(ErrorKind::WriteFailure))
    });
    operators::register(&mut environment);
    filters::register(&mut environment);
    environment.add_function("raise_exception", |message: String| -> std::result::Result<Variable, minijinja::Error> {
        Err(minijinja::Error::new(ErrorKind::InvalidOperation, "raised").with_source(Raised(message)))
    });
    environment
}

/// A JSON value as minijinja's.
fn variable(value: Value) -> Variable {
    match value {
        Value::Null => Variable::from(()),
        Value::Bool(value) => Variable::from(value),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Variable::from(number),
            (None, Some(number)) => Variable::from(number),
            (None, None) => Variable::from(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => Variable::from(text),
        Value::Array(items) => Variable::from(items.into_iter().map(variable).collect::<Vec<_>>()),
        Value::Object(map) => Variable::from_pairs(map.into_iter().map(|(key, value)| (key, variable(value)))),
    }
}

/// The names reasoning goes by: transformers fills both that templates read.
fn alias_reasoning(message: &mut Value) {
    let Some(map) = message.as_object_mut() else { return };
    let found = ["reasoning_content", "thinking", "reasoning"]
        .into_iter()
        .find_map(|key| map.get(key).filter(|value| !value.is_null()).cloned());
    if let Some(reasoning) = found {
        map.entry("thinking").or_insert_with(|| reasoning.clone());
        map.insert("reasoning_content".to_owned(), reasoning);
    }
}

fn tag_final_message(messages: &mut [Value]) -> Result<()> {
    let path = format!("messages[{}].content", messages.len().saturating_sub(1));
    let tag = |text: &mut String| text.push_str(CONTINUE_TAG);
    match messages.last_mut().and_then(|message| message.get_mut("content")) {
        Some(Value::String(text)) => {
            tag(text);
            Ok(())
        }
        Some(Value::Array(parts)) => match parts.iter_mut().rev().find_map(|part| part.get_mut("text")) {
            Some(Value::String(text)) => {
                tag(text);
                Ok(())
            }
            Some(_) | None => Err(Error::invalid_request(path, "there is no text to continue")),
        },
        Some(_) | None => Err(Error::invalid_request(path, "there is no text to continue")),
    }
}

/// About the bytes of some values as JSON.
fn json_size(values: &[Value]) -> usize {
    fn size(value: &Value) -> usize {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => 8,
            Value::String(text) => text.len() + 4,
            Value::Array(items) => json_size(items) + 4,
            Value::Object(map) => map.iter().map(|(key, value)| key.len() + 4 + size(value)).sum::<usize>() + 4,
        }
    }
    values.iter().map(size).sum()
}
