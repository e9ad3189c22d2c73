//! Variables a request may hand to the chat template.

use serde_json::{Map, Value};

use super::fields::{Fields, wrong_type};
use crate::chat_template::check_kwargs;
use crate::error::{Error, Result};

const EFFORTS: [&str; 6] = ["none", "minimal", "low", "medium", "high", "xhigh"];

/// Reads `chatTemplateKwargs` and `reasoning` into one set of variables; true where the model is asked to reason.
pub(super) fn read_template_kwargs(fields: &mut Fields) -> Result<(Map<String, Value>, bool)> {
    let mut kwargs = match fields.take("chatTemplateKwargs") {
        None => Map::new(),
        Some(Value::Object(kwargs)) => kwargs,
        Some(other) => return Err(wrong_type("chatTemplateKwargs", "an object", &other)),
    };
    check_kwargs(&kwargs)?;
    let Some(value) = fields.take("reasoning") else { return Ok((kwargs, false)) };
    let mut wanted = false;
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
        wanted = effort != "none";
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
    Ok((kwargs, wanted))
}
