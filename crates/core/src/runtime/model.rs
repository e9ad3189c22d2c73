//! The part of a model that needs no engine: anyone may use it while a step runs.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::chat_template::{ChatTemplate, Clock, RenderedPrompt, TemplateInput};
use crate::engine::{AnswerKind, Job, QueuePlaces, ReasoningLimit, StatsCell};
use crate::error::{Error, ErrorCode, Result};
use crate::fim::FimTokens;
use crate::generation_defaults::SamplingDefaults;
use crate::grammar::GrammarCompiler;
use crate::log::Log;
use crate::pooling::Pooling;
use crate::request::{ChatRequest, CompletionRequest, FimRequest, FunctionTool, Message, Prompt, SamplingRequest};
use crate::sampler::{DryOptions, SamplingOptions, SamplingParams, breaker_tokens};
use crate::text::{ParameterTypes, ReasoningMarkers, StopStrings, TextOptions, ToolFormat, ToolOptions};
use crate::tokenizer::Tokenizer;

/// Texts over which DRY sees no repetition, as its author has them.
const DRY_BREAKERS: [&str; 4] = ["\n", ":", "\"", "*"];

/// Tokenizer, template and defaults of a loaded model.
pub(super) struct ModelShared {
    pub(super) name: String,
    pub(super) client: u32,
    pub(super) tokenizer: Arc<dyn Tokenizer>,
    pub(super) template: Option<Arc<ChatTemplate>>,
    /// How the model writes tool calls.
    pub(super) tool_format: ToolFormat,
    pub(super) defaults: SamplingDefaults,
    pub(super) grammars: GrammarCompiler,
    pub(super) fim: Option<FimTokens>,
    /// Which states make the vector of a text.
    pub(super) pooling: Pooling,
    /// Length of that vector.
    pub(super) embedding_width: usize,
    /// Tokens that may lie unread.
    pub(super) read_ahead: u32,
    /// Positions a sequence can have.
    pub(super) context_length: usize,
    /// Bytes of the longest token: a text has at least so many times fewer tokens than bytes.
    pub(super) longest_token: usize,
    pub(super) stats: Arc<StatsCell>,
    pub(super) places: Arc<QueuePlaces>,
    pub(super) log: Log,
}

/// What a job needs from outside.
#[derive(Clone, Copy)]
pub(super) struct Outside {
    /// For templates that say the date.
    pub(super) unix_seconds: u64,
    /// For the draws where the request has no seed, and for the ids of tool calls.
    pub(super) seed: u64,
}

impl Outside {
    fn clock(self) -> Clock {
        Clock { unix_seconds: self.unix_seconds.cast_signed(), utc_offset_seconds: 0 }
    }
}

impl ModelShared {
    /// Ids that can be sampled or fed.
    pub(super) fn vocabulary(&self) -> usize {
        self.tokenizer.vocabulary_size()
    }

    /// A chat, ready to run. `deadline` and the like are the caller's.
    pub(super) fn chat_job(&self, request: Value, outside: Outside) -> Result<Job> {
        let request = ChatRequest::read(request, self.vocabulary())?;
        let rendered = self.render(&request, outside)?;
        let prompt = self.encode(&rendered)?;
        let mut job = self.job(AnswerKind::Chat, prompt, &request.sampling, outside)?;
        job.prompt_progress = request.prompt_progress;
        job.drop_leading_space = !request.has_prefix() && self.tokenizer.drops_leading_space();
        job.text.reasoning = ReasoningMarkers::of_model(|marker| self.tokenizer.token_id(marker).is_some())
            .map(|markers| markers.after_prompt(|marker| rendered.ends_with(marker)));
        job.reasoning_limit = self.reasoning_limit(&request, job.text.reasoning.as_ref())?;
        job.grammar = self.answer_grammar(&request, job.text.reasoning.as_ref())?;
        if !request.tools.is_empty() || self.tool_format == ToolFormat::Harmony {
            let seed = outside.seed;
            let call_id = Arc::new(move |index| call_id(seed, index));
            let schemas = request.tools.iter().map(|tool| (tool.name.as_str(), &tool.parameters));
            let types = Arc::new(ParameterTypes::new(schemas));
            job.text.tools = Some(ToolOptions { format: self.tool_format, types, call_id });
        }
        Ok(job)
    }

    /// Where the request bounds reasoning, how it is ended.
    fn reasoning_limit(
        &self,
        request: &ChatRequest,
        markers: Option<&ReasoningMarkers>,
    ) -> Result<Option<ReasoningLimit>> {
        let Some(max_tokens) = request.max_reasoning_tokens else { return Ok(None) };
        let end = match markers {
            Some(markers) => self.tokenizer.encode_with_control(&markers.end(), &[])?,
            None => Vec::new(),
        };
        if end.is_empty() {
            let message = "This model's reasoning has no end that could be forced; leave `reasoning.maxTokens` out.";
            return Err(Error::unsupported("reasoning.maxTokens", message));
        }
        Ok(Some(ReasoningLimit { max_tokens, end: end.into() }))
    }

    /// A raw completion, ready to run.
    pub(super) fn completion_job(&self, request: Value, outside: Outside) -> Result<Job> {
        let CompletionRequest { sampling, prompt, echo } = CompletionRequest::read(request, self.vocabulary())?;
        let (tokens, echo) = match prompt {
            Prompt::Text(text) => {
                let ids = self.tokenizer.encode_with_control(&text, &[]).map_err(|error| error.at("prompt"))?;
                (self.with_bos(ids), echo.then_some(text))
            }
            Prompt::Tokens(tokens) => {
                let echo = if echo { Some(self.tokenizer.decode(&tokens)?) } else { None };
                (tokens, echo)
            }
        };
        let mut job = self.job(AnswerKind::Completion, tokens, &sampling, outside)?;
        job.echo = echo;
        Ok(job)
    }

    /// A middle to fill in, ready to run.
    pub(super) fn fim_job(&self, request: Value, outside: Outside) -> Result<Job> {
        let FimRequest { sampling, prompt, suffix } = FimRequest::read(request, self.vocabulary())?;
        let Some(fim) = &self.fim else {
            let message =
                "This model has no tokens for filling in the middle; use one made for code, or raw completions.";
            return Err(Error::unsupported("prompt", message));
        };
        let tokens = self.with_bos(fim.prompt(&*self.tokenizer, &prompt, &suffix)?);
        let mut job = self.job(AnswerKind::Completion, tokens, &sampling, outside)?;
        job.end_tokens = Some(Arc::clone(fim.end_tokens()));
        Ok(job)
    }

    /// The prompt of a chat as text.
    pub(super) fn render(&self, request: &ChatRequest, outside: Outside) -> Result<RenderedPrompt> {
        let (template, input) = self.template_input(request)?;
        template.render(&input, outside.clock()).map_err(|error| self.too_long(request, &error).unwrap_or(error))
    }

    /// What a template's limit of bytes comes to where the messages could not have fitted the context anyway.
    fn too_long(&self, request: &ChatRequest, error: &Error) -> Option<Error> {
        let bytes: usize = request.messages.iter().map(Message::content_bytes).sum();
        let least = bytes / self.longest_token.max(1);
        (error.code() == ErrorCode::TemplateLimit && least >= self.context_length).then(|| {
            let max = self.context_length;
            let message = format!(
                "The messages have {bytes} bytes, at least {least} tokens, and prompt and answer share a context of {max}; shorten them."
            );
            Error::new(ErrorCode::ContextOverflow, message).detail("prompt", least).detail("max", max)
        })
    }

    /// The prompt of a chat for people to read.
    pub(super) fn render_plain(&self, request: &ChatRequest, outside: Outside) -> Result<String> {
        let (template, input) = self.template_input(request)?;
        template.render_plain(&input, outside.clock())
    }

    /// Ids of a rendered prompt.
    pub(super) fn encode(&self, prompt: &RenderedPrompt) -> Result<Vec<u32>> {
        let ids = self.tokenizer.encode_with_control(&prompt.text, &prompt.breaks);
        Ok(self.with_bos(ids.map_err(|error| error.at("messages"))?))
    }

    /// Ids of a text to embed, which is text: no control token is recognised.
    pub(super) fn encode_to_embed(&self, text: &str) -> Result<Vec<u32>> {
        let mut ids = self.with_bos(self.tokenizer.encode_text(text)?);
        ids.extend(self.tokenizer.add_eos());
        Ok(ids)
    }

    fn template_input(&self, request: &ChatRequest) -> Result<(&ChatTemplate, TemplateInput)> {
        let Some(template) = &self.template else {
            let message = "This model has no chat template; load it with `chatTemplate`, or use raw completions.";
            return Err(Error::unsupported("messages", message));
        };
        let capabilities = template.capabilities();
        if !request.tools.is_empty() && !capabilities.tools {
            return Err(Error::unsupported("tools", "This model's chat template knows no tools."));
        }
        if request.wants_reasoning && !capabilities.reasoning {
            return Err(Error::unsupported("reasoning.effort", "This model's chat template knows no reasoning."));
        }
        let tools: Vec<Value> = request.tools.iter().map(FunctionTool::to_template_value).collect();
        let input = TemplateInput {
            messages: request.messages.iter().map(template_message).collect(),
            tools: (!tools.is_empty()).then_some(tools),
            add_generation_prompt: !request.has_prefix(),
            continue_final_message: request.has_prefix(),
            kwargs: request.template_kwargs.clone(),
        };
        Ok((template, input))
    }

    fn with_bos(&self, mut ids: Vec<u32>) -> Vec<u32> {
        if let Some(bos) = self.tokenizer.add_bos()
            && ids.first() != Some(&bos)
        {
            ids.insert(0, bos);
        }
        ids
    }

    fn job(&self, kind: AnswerKind, prompt: Vec<u32>, request: &SamplingRequest, outside: Outside) -> Result<Job> {
        let sampling = SamplingParams::new(&self.sampling_options(request), self.vocabulary())?;
        Ok(Job {
            kind,
            prompt,
            seed: request.random_seed.unwrap_or(outside.seed),
            n: request.n,
            max_tokens: request.max_tokens,
            min_tokens: request.min_tokens,
            end_tokens: None,
            ignore_eos: request.ignore_eos,
            priority: request.priority,
            reasoning_limit: None,
            grammar: None,
            logprobs: request.logprobs,
            text: TextOptions {
                stops: StopStrings::new(&request.stop)?,
                min_tokens: usize::try_from(request.min_tokens).unwrap_or(usize::MAX),
                ..TextOptions::default()
            },
            sampling,
            echo: None,
            drop_leading_space: false,
            prompt_progress: false,
            deadline: None,
        })
    }

    /// The request, and the model's defaults where it leaves something open.
    fn sampling_options(&self, request: &SamplingRequest) -> SamplingOptions {
        let defaults = &self.defaults;
        let dry = request.dry.as_ref().map(|dry| {
            let breakers = dry.sequence_breakers.clone().unwrap_or_else(|| DRY_BREAKERS.map(str::to_owned).to_vec());
            DryOptions {
                multiplier: dry.multiplier,
                base: dry.base,
                allowed_length: dry.allowed_length,
                breakers: breaker_tokens(&breakers, self.vocabulary(), |id| self.tokenizer.token_bytes(id)),
            }
        });
        SamplingOptions {
            temperature: request.temperature.or(if defaults.greedy { Some(0.0) } else { defaults.temperature }),
            top_p: request.top_p.or(defaults.top_p),
            top_k: request.top_k.or(defaults.top_k),
            min_p: request.min_p.or(defaults.min_p),
            frequency_penalty: request.frequency_penalty,
            presence_penalty: request.presence_penalty,
            repetition_penalty: request.repetition_penalty.or(defaults.repetition_penalty),
            dry,
            logit_bias: request.logit_bias.clone(),
            logprobs: request.logprobs,
            top_logprobs: request.top_logprobs,
        }
    }
}

/// Nine letters or digits, which is the form Mistral's templates insist on.
fn call_id(seed: u64, index: usize) -> String {
    let mut value = seed.wrapping_add(index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    value ^= value >> 29;
    (0..9)
        .map(|_| {
            let digit = (value % 36) as u32;
            value /= 36;
            char::from_digit(digit, 36).unwrap_or('0')
        })
        .collect()
}

/// A message in the shape templates know.
fn template_message(message: &Message) -> Value {
    let mut map = Map::new();
    let mut set = |name: &str, value: Value| map.insert(name.to_owned(), value);
    match message {
        Message::System { content } => {
            set("role", "system".into());
            set("content", content.text().into());
        }
        Message::User { content } => {
            set("role", "user".into());
            set("content", content.text().into());
        }
        Message::Assistant { content, reasoning_content, tool_calls, prefix: _ } => {
            set("role", "assistant".into());
            set("content", content.text().into());
            if let Some(reasoning) = reasoning_content {
                set("reasoning_content", reasoning.as_str().into());
            }
            if !tool_calls.is_empty() {
                let calls = tool_calls.iter().map(|call| {
                    // Templates print arguments with `tojson`: an object, as transformers hands it over.
                    let arguments = match serde_json::from_str(&call.arguments) {
                        Ok(Value::Object(object)) => Value::Object(object),
                        Ok(_) | Err(_) => Value::from(call.arguments.as_str()),
                    };
                    serde_json::json!({
                        "id": call.id,
                        "type": "function",
                        "function": {"name": call.name, "arguments": arguments},
                    })
                });
                set("tool_calls", calls.collect());
            }
        }
        Message::Tool { tool_call_id, content, name } => {
            set("role", "tool".into());
            set("content", content.text().into());
            set("tool_call_id", tool_call_id.as_str().into());
            if let Some(name) = name {
                set("name", name.as_str().into());
            }
        }
    }
    Value::Object(map)
}
