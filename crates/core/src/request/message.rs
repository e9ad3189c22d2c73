//! The messages of a chat.

use std::collections::HashSet;

use serde_json::Value;

use super::fields::{Fields, array, string, wrong_type};
use crate::error::{Error, Result};

/// Messages of one request.
const MAX_MESSAGES: usize = 4096;

/// One message, read and checked.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// What the model is told to be.
    System {
        /// Its text.
        content: Content,
    },
    /// What the user says.
    User {
        /// Its text.
        content: Content,
    },
    /// What the model said, or begins to say.
    Assistant {
        /// Its text; empty for a pure tool call.
        content: Content,
        /// What the model thought.
        reasoning_content: Option<String>,
        /// Tools it called.
        tool_calls: Vec<MessageToolCall>,
        /// The answer goes on from this text.
        prefix: bool,
    },
    /// What a tool answered.
    Tool {
        /// Which call it answers.
        tool_call_id: String,
        /// Its answer.
        content: Content,
        /// The tool's name.
        name: Option<String>,
    },
}

/// Text, as one string or in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content(pub Vec<String>);

impl Content {
    /// The parts, one after another.
    pub fn text(&self) -> String {
        self.0.concat()
    }
}

impl Message {
    /// Bytes of its text.
    pub fn content_bytes(&self) -> usize {
        let (Self::System { content }
        | Self::User { content }
        | Self::Assistant { content, .. }
        | Self::Tool { content, .. }) = self;
        content.0.iter().map(String::len).sum()
    }
}

/// A call in an assistant's message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageToolCall {
    /// Its id.
    pub id: String,
    /// The function's name.
    pub name: String,
    /// The model's text.
    pub arguments: String,
}

/// Reads `messages`.
pub(super) fn read_messages(value: Value) -> Result<Vec<Message>> {
    let items = array(value, "messages")?;
    if items.is_empty() {
        return Err(Error::invalid_request("messages", "`messages` is empty; give at least one."));
    }
    if items.len() > MAX_MESSAGES {
        return Err(Error::invalid_request("messages", format!("Give at most {MAX_MESSAGES} messages."))
            .detail("max", MAX_MESSAGES)
            .detail("got", items.len()));
    }
    let last = items.len() - 1;
    let mut calls = HashSet::new();
    let mut messages = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let path = format!("messages[{index}]");
        let message = Message::read(item, &path)?;
        match &message {
            Message::System { .. } | Message::User { .. } => {}
            Message::Assistant { tool_calls, prefix, .. } => {
                if *prefix && index != last {
                    let path = format!("{path}.prefix");
                    return Err(Error::invalid_request(path, "Only the last message can be a prefix."));
                }
                if !prefix && index == last {
                    let message = "The last message is the assistant's: nothing is left to answer. Set `prefix: true` to go on from its text.";
                    return Err(Error::invalid_request(format!("{path}.role"), message));
                }
                calls.extend(tool_calls.iter().map(|call| call.id.clone()));
            }
            Message::Tool { tool_call_id, .. } => {
                if !calls.contains(tool_call_id) {
                    let message = "No assistant message before this one has a tool call of that id.";
                    return Err(Error::invalid_request(format!("{path}.toolCallId"), message));
                }
            }
        }
        messages.push(message);
    }
    Ok(messages)
}

impl Message {
    fn read(value: Value, path: &str) -> Result<Self> {
        let mut fields = Fields::new(value, path)?;
        let role = fields.require_text("role")?;
        let message = match role.as_str() {
            "system" => Self::System { content: required_content(&mut fields)?.only_text(path)? },
            "user" => Self::User { content: required_content(&mut fields)?.only_text(path)? },
            "assistant" => Self::read_assistant(&mut fields, path)?,
            "tool" => Self::Tool {
                tool_call_id: fields.require_text("toolCallId")?,
                content: required_content(&mut fields)?.only_text(path)?,
                name: fields.text("name")?,
            },
            _ => {
                let message = format!("`{path}.role` must be system, user, assistant or tool.");
                return Err(Error::invalid_request(format!("{path}.role"), message));
            }
        };
        fields.finish()?;
        Ok(message)
    }

    fn read_assistant(fields: &mut Fields, path: &str) -> Result<Self> {
        let parts = match fields.take("content") {
            None => Parts { absent: true, ..Parts::default() },
            Some(value) => Parts::read(value, &fields.path("content"))?,
        };
        let reasoning_content = fields.text("reasoningContent")?.or(parts.thinking);
        let _ = fields.text("reasoningSignature")?; // for remote hosts; a local template has no place for it
        let tool_calls = match fields.take("toolCalls") {
            None => Vec::new(),
            Some(value) => read_tool_calls(value, &fields.path("toolCalls"))?,
        };
        let prefix = fields.flag("prefix")?.unwrap_or(false);
        if parts.absent && tool_calls.is_empty() && reasoning_content.is_none() {
            return Err(Error::invalid_request(
                format!("{path}.content"),
                "An assistant message needs `content` or `toolCalls`.",
            ));
        }
        if prefix && !tool_calls.is_empty() {
            return Err(Error::unsupported(format!("{path}.prefix"), "A tool call cannot be gone on from."));
        }
        Ok(Self::Assistant { content: Content(parts.texts), reasoning_content, tool_calls, prefix })
    }
}

fn required_content(fields: &mut Fields) -> Result<Parts> {
    let value = fields.require("content")?;
    Parts::read(value, &fields.path("content"))
}

#[derive(Default)]
struct Parts {
    texts: Vec<String>,
    thinking: Option<String>,
    absent: bool,
}

impl Parts {
    fn read(value: Value, path: &str) -> Result<Self> {
        let items = match value {
            Value::String(text) => return Ok(Self { texts: vec![text], ..Self::default() }),
            Value::Array(items) => items,
            other => return Err(wrong_type(path, "a string or an array of parts", &other)),
        };
        let mut parts = Self::default();
        for (index, item) in items.into_iter().enumerate() {
            let path = format!("{path}[{index}]");
            let mut fields = Fields::new(item, path.as_str())?;
            let kind = fields.require_text("type")?;
            match kind.as_str() {
                "text" => parts.texts.push(fields.require_text("text")?),
                "thinking" => {
                    let value = fields.require("thinking")?;
                    let thought = Self::read(value, &fields.path("thinking"))?.only_text(&path)?;
                    parts.thinking.get_or_insert_default().push_str(&thought.text());
                    let _ = fields.text("signature")?; // for remote hosts, as `reasoningSignature`
                    let _ = fields.flag("closed")?;
                }
                "image_url" | "input_audio" | "document_url" => {
                    let message = format!("This model reads text only; remove the `{kind}` part.");
                    return Err(Error::unsupported(path, message));
                }
                _ => {
                    let message =
                        format!("`{path}.type` must be text, thinking, image_url, input_audio or document_url.");
                    return Err(Error::invalid_request(format!("{path}.type"), message));
                }
            }
            fields.finish()?;
        }
        Ok(parts)
    }

    /// Refuses thoughts outside of the assistant's messages.
    fn only_text(self, path: &str) -> Result<Content> {
        if self.thinking.is_some() {
            return Err(Error::invalid_request(path, "Only an assistant message can have `thinking` parts."));
        }
        Ok(Content(self.texts))
    }
}

fn read_tool_calls(value: Value, path: &str) -> Result<Vec<MessageToolCall>> {
    let read = |(index, item)| {
        let path = format!("{path}[{index}]");
        let mut fields = Fields::new(item, path.as_str())?;
        let id = fields.require_text("id")?;
        if let Some(kind) = fields.take("type") {
            let kind_path = fields.path("type");
            if string(kind, &kind_path)? != "function" {
                return Err(Error::invalid_request(kind_path.clone(), format!("`{kind_path}` must be function.")));
            }
        }
        let mut function = Fields::new(fields.require("function")?, fields.path("function"))?;
        let call = MessageToolCall {
            id,
            name: function.require_text("name")?,
            arguments: function.require_text("arguments")?,
        };
        function.finish()?;
        fields.finish()?;
        Ok(call)
    };
    array(value, path)?.into_iter().enumerate().map(read).collect()
}
