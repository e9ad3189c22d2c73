//! Variables a request may hand to the chat template.

use serde_json::{Map, Value};

use super::fields::{Fields, wrong_type};
use crate::chat_template::check_kwargs;
use crate::error::{Error, Result};

const EFFORTS: [&str; 6] = ["none", "minimal", "low", "medium", "high", "xhigh"];

/// What a request says of reasoning and to the template.
pub(super) struct TemplateKwargs {
    pub(super) kwargs: Map<String, Value>,
    /// The model is asked to reason.
    pub(super) wants_reasoning: bool,
    /// Tokens that it may reason with.
    pub(super) max_reasoning_tokens: Option<u64>,
}

/// The most tokens of anything; JavaScript counts no further.
const MAX_TOKENS: i64 = 1 << 53;

/// Reads `chatTemplateKwargs` and `reasoning` into one set of variables.
pub(super) fn read_template_kwargs(fields: &mut Fields) -> Result<TemplateKwargs> {
    let mut kwargs = match fields.take("chatTemplateKwargs") {
        None => Map::new(),
        Some(Value::Object(kwargs)) => kwargs,
        Some(other) => return Err(wrong_type("chatTemplateKwargs", "an object", &other)),
    };
    check_kwargs(&kwargs)?;
    let Some(value) = fields.take("reasoning") else {
        return Ok(TemplateKwargs { kwargs, wants_reasoning: false, max_reasoning_tokens: None });
    };
    let mut wants_reasoning = false;
    let mut reasoning = Fields::new(value, "reasoning")?;
    let max_reasoning_tokens = reasoning.integer("maxTokens", 0..=MAX_TOKENS)?.map(i64::unsigned_abs);
    if let Some(effort) = reasoning.text("effort")? {
        if !EFFORTS.contains(&effort.as_str()) {
            let message = format!("`reasoning.effort` must be one of {}.", EFFORTS.join(", "));
            return Err(Error::invalid_request("reasoning.effort", message));
        }
        wants_reasoning = effort != "none";
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
    Ok(TemplateKwargs { kwargs, wants_reasoning, max_reasoning_tokens })
}
