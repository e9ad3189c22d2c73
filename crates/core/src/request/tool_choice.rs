//! Which tools a chat may, or must, call.

use serde_json::Value;

use super::fields::{Fields, wrong_type};
use super::tool::FunctionTool;
use crate::error::{Error, Result};

/// What a request says of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolChoice {
    /// The model decides.
    Auto,
    /// No calls.
    None,
    /// At least one call.
    Required,
    /// Calls of this one of the tools, at least one.
    Function(usize),
}

/// Reads `toolChoice`.
pub(super) fn read_tool_choice(value: Option<Value>, tools: &[FunctionTool]) -> Result<ToolChoice> {
    let choice = match value {
        None => return Ok(ToolChoice::Auto),
        Some(Value::String(choice)) => choice,
        Some(value @ Value::Object(_)) => return read_function(value, tools),
        Some(other) => return Err(wrong_type("toolChoice", "a string or an object", &other)),
    };
    match choice.as_str() {
        "auto" => Ok(ToolChoice::Auto),
        "none" => Ok(ToolChoice::None),
        "any" | "required" if tools.is_empty() => {
            Err(Error::invalid_request("toolChoice", "`toolChoice` asks for a call, and the request has no tools."))
        }
        "any" | "required" => Ok(ToolChoice::Required),
        _ => Err(Error::invalid_request("toolChoice", "`toolChoice` must be auto, none, any, required or a function.")),
    }
}

fn read_function(value: Value, tools: &[FunctionTool]) -> Result<ToolChoice> {
    let mut fields = Fields::new(value, "toolChoice")?;
    if fields.require_text("type")? != "function" {
        return Err(Error::invalid_request("toolChoice.type", "`toolChoice.type` must be function."));
    }
    let mut function = Fields::new(fields.require("function")?, "toolChoice.function")?;
    let name = function.require_text("name")?;
    function.finish()?;
    fields.finish()?;
    let index = tools.iter().position(|tool| tool.name == name);
    let missing = || Error::invalid_request("toolChoice.function.name", "No tool of the request has this name.");
    index.map(ToolChoice::Function).ok_or_else(missing)
}
