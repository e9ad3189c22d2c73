//! Variables a request may hand to the chat template.

use serde_json::{Map, Value};

use super::fields::{Fields, wrong_type};
use crate::error::{Error, Result};

/// What templates of public models read beside messages and tools.
///
/// Everything else is refused: `messages`, `tools`, `tokenize` or `chat_template` would get round the checks of the request.
const ALLOWED: [&str; 10] = [
    "enable_thinking",
    "thinking",
    "reasoning_effort",
    "thinking_budget",
    "add_vision_id",
    "custom_instructions",
    "system_instruction",
    "documents",
    "date_string",
    "xml_tools",
];

const EFFORTS: [&str; 6] = ["none", "minimal", "low", "medium", "high", "xhigh"];

/// Reads `chatTemplateKwargs` and `reasoning` into one set of variables.
pub(super) fn read_template_kwargs(fields: &mut Fields) -> Result<Map<String, Value>> {
    let mut kwargs = match fields.take("chatTemplateKwargs") {
        None => Map::new(),
        Some(Value::Object(kwargs)) => kwargs,
        Some(other) => return Err(wrong_type("chatTemplateKwargs", "an object", &other)),
    };
    if let Some(name) = kwargs.keys().find(|name| !ALLOWED.contains(&name.as_str())) {
        let path = format!("chatTemplateKwargs.{name}");
        return Err(Error::invalid_request(path, format!("A template may be given: {}.", ALLOWED.join(", "))));
    }
    let Some(value) = fields.take("reasoning") else { return Ok(kwargs) };
    let mut reasoning = Fields::new(value, "reasoning")?;
    if reasoning.take("maxTokens").is_some() {
        return Err(Error::unsupported(
            "reasoning.maxTokens",
            "This engine cannot bound reasoning yet; use `maxTokens`.",
        ));
    }
    if let Some(effort) = reasoning.text("effort")? {
        if !EFFORTS.contains(&effort.as_str()) {
            let message = format!("`reasoning.effort` must be one of {}.", EFFORTS.join(", "));
            return Err(Error::invalid_request("reasoning.effort", message));
        }
        for (name, value) in
            [("enable_thinking", Value::from(effort != "none")), ("reasoning_effort", Value::from(effort.as_str()))]
        {
            if kwargs.insert(name.to_owned(), value).is_some() {
                let path = format!("chatTemplateKwargs.{name}");
                return Err(Error::invalid_request(
                    path,
                    format!("`reasoning.effort` sets `{name}` as well; give one."),
                ));
            }
        }
    }
    reasoning.finish()?;
    Ok(kwargs)
}
