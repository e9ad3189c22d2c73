//! A chat request.

use serde_json::{Map, Value};

use super::fields::Fields;
use super::message::{Message, read_messages};
use super::response_format::read_response_format;
use super::sampling::SamplingRequest;
use super::template_kwargs::{TemplateKwargs, read_template_kwargs};
use super::tool::{FunctionTool, read_tools};
use super::tool_choice::{ToolChoice, read_tool_choice};
use crate::error::{Error, Result};
use crate::grammar::GrammarSource;

/// A chat request, read and checked.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatRequest {
    /// How tokens are chosen and when to end.
    pub sampling: SamplingRequest,
    /// At least one.
    pub messages: Vec<Message>,
    /// Tools the model sees; none where `toolChoice` is `none`.
    pub tools: Vec<FunctionTool>,
    /// Whether they may, or must, be called.
    pub tool_choice: ToolChoice,
    /// Whether there may be more than one call.
    pub parallel_tool_calls: bool,
    /// What form the answer must have; none where anything may be said.
    pub response_format: Option<GrammarSource>,
    /// Variables of the template.
    pub template_kwargs: Map<String, Value>,
    /// `reasoning.effort` asks for some.
    pub wants_reasoning: bool,
    /// `reasoning.maxTokens`: tokens that it may reason with.
    pub max_reasoning_tokens: Option<u64>,
    /// Whether the stream begins with `prompt_progress`.
    pub prompt_progress: bool,
}

impl ChatRequest {
    /// Reads a request; `vocabulary` is how many tokens can be sampled.
    ///
    /// # Errors
    /// `invalid_request` or `unsupported`, with the field's path.
    pub fn read(value: Value, vocabulary: usize) -> Result<Self> {
        let mut fields = Fields::new(value, "")?;
        let sampling = SamplingRequest::read(&mut fields, vocabulary)?;
        let messages = read_messages(fields.require("messages")?)?;
        let mut tools = match fields.take("tools") {
            None => Vec::new(),
            Some(value) => read_tools(value)?,
        };
        let tool_choice = read_tool_choice(fields.take("toolChoice"), &tools)?;
        if tool_choice == ToolChoice::None {
            tools.clear();
        }
        let parallel_tool_calls = fields.flag("parallelToolCalls")?.unwrap_or(true);
        if fields.take("maxToolRounds").is_some() {
            return Err(Error::unsupported("maxToolRounds", "This engine runs no tools; leave `maxToolRounds` out."));
        }
        if fields.flag("safePrompt")? == Some(true) {
            return Err(Error::unsupported(
                "safePrompt",
                "`safePrompt` is Mistral's; a local model has no such prompt.",
            ));
        }
        let response_format = read_response_format(fields.take("responseFormat"))?;
        let TemplateKwargs { kwargs: template_kwargs, wants_reasoning, max_reasoning_tokens } =
            read_template_kwargs(&mut fields)?;
        let prompt_progress = fields.flag("promptProgress")?.unwrap_or(false);
        fields.finish()?;
        Ok(Self {
            sampling,
            messages,
            tools,
            tool_choice,
            parallel_tool_calls,
            response_format,
            template_kwargs,
            wants_reasoning,
            max_reasoning_tokens,
            prompt_progress,
        })
    }

    /// Whether the answer goes on from the last message.
    pub fn has_prefix(&self) -> bool {
        matches!(self.messages.last(), Some(Message::Assistant { prefix: true, .. }))
    }
}
