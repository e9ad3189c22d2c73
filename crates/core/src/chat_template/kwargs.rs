//! Extra variables a request may hand to its chat template.

use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// Names that published templates read and that only choose between what the template already says.
const ALLOWED: [&str; 18] = [
    "add_vision_id",
    "builtin_tools",
    "clear_thinking",
    "custom_tools",
    "date_string",
    "documents",
    "enable_thinking",
    "keep_past_thinking",
    "model_identity",
    "preserve_thinking",
    "python_tools",
    "reasoning_effort",
    "system_message",
    "thinking",
    "thinking_budget",
    "tool_choice",
    "tools_in_user_message",
    "xml_tools",
];
/// Longest list of names in an error message comes from this file alone; the longest value from here.
const MAX_VALUE: usize = 64 << 10;

/// Checks `chatTemplateKwargs` of a request.
///
/// # Errors
/// `invalid_request` at `chatTemplateKwargs.<name>` for a name that is not allow-listed or an overlong value.
pub fn check_kwargs(kwargs: &Map<String, Value>) -> Result<()> {
    for (name, value) in kwargs {
        let shown: String = name.chars().filter(|character| !character.is_control()).take(64).collect();
        let path = format!("chatTemplateKwargs.{shown}");
        if !ALLOWED.contains(&name.as_str()) {
            let known = ALLOWED.join(", ");
            return Err(Error::invalid_request(
                path,
                format!("{shown:?} cannot be handed to a chat template; these can: {known}"),
            ));
        }
        if value.to_string().len() > MAX_VALUE {
            return Err(Error::invalid_request(path, format!("the value is over {MAX_VALUE} bytes of JSON")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    #[test]
    fn refuses_names_that_are_not_listed() {
        for name in
            ["tokenize", "chat_template", "messages", "tools", "bos_token", "raise_exception", "add_generation_prompt"]
        {
            let error = check_kwargs(&Map::from_iter([(name.to_owned(), Value::Bool(true))])).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InvalidRequest);
            assert_eq!(error.info().location.as_deref(), Some(&*format!("chatTemplateKwargs.{name}")));
        }
        check_kwargs(&Map::from_iter([("enable_thinking".to_owned(), Value::Bool(true))])).unwrap();
    }
}
