//! A chat request.

use serde_json::{Map, Value};

use super::fields::{Fields, wrong_type};
use super::message::{Message, read_messages};
use super::sampling::SamplingRequest;
use super::template_kwargs::{TemplateKwargs, read_template_kwargs};
use super::tool::{FunctionTool, read_tool_choice, read_tools};
use crate::error::{Error, Result};

/// A chat request, read and checked.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatRequest {
    /// How tokens are chosen and when to end.
    pub sampling: SamplingRequest,
    /// At least one.
    pub messages: Vec<Message>,
    /// Tools the model sees; none where `toolChoice` is `none`.
    pub tools: Vec<FunctionTool>,
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
        if !read_tool_choice(fields.take("toolChoice"), &tools)? {
            tools.clear();
        }
        if fields.flag("parallelToolCalls")? == Some(false) && !tools.is_empty() {
            return Err(Error::unsupported(
                "parallelToolCalls",
                "This engine cannot keep a model from several calls yet.",
            ));
        }
        if fields.take("maxToolRounds").is_some() {
            return Err(Error::unsupported("maxToolRounds", "This engine runs no tools; leave `maxToolRounds` out."));
        }
        if fields.flag("safePrompt")? == Some(true) {
            return Err(Error::unsupported(
                "safePrompt",
                "`safePrompt` is Mistral's; a local model has no such prompt.",
            ));
        }
        read_response_format(fields.take("responseFormat"))?;
        let TemplateKwargs { kwargs: template_kwargs, wants_reasoning, max_reasoning_tokens } =
            read_template_kwargs(&mut fields)?;
        let prompt_progress = fields.flag("promptProgress")?.unwrap_or(false);
        fields.finish()?;
        Ok(Self { sampling, messages, tools, template_kwargs, wants_reasoning, max_reasoning_tokens, prompt_progress })
    }

    /// Whether the answer goes on from the last message.
    pub fn has_prefix(&self) -> bool {
        matches!(self.messages.last(), Some(Message::Assistant { prefix: true, .. }))
    }
}

fn read_response_format(value: Option<Value>) -> Result<()> {
    let Some(value) = value else { return Ok(()) };
    let kind = match value.get("type") {
        Some(Value::String(kind)) => kind.as_str(),
        Some(other) => return Err(wrong_type("responseFormat.type", "a string", other)),
        None => return Err(Error::invalid_request("responseFormat.type", "`responseFormat.type` is missing.")),
    };
    match kind {
        "text" => {
            let mut fields = Fields::new(value, "responseFormat")?;
            fields.take("type");
            fields.finish()
        }
        "json_object" | "json_schema" | "regex" | "lark" | "choice" => Err(Error::unsupported(
            "responseFormat.type",
            format!("This engine cannot force a `{kind}` format yet; ask for it in the prompt."),
        )),
        _ => Err(Error::invalid_request("responseFormat.type", "No such response format.")),
    }
}
