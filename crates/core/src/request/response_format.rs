//! What form a chat's answer must have.

use serde_json::Value;

use super::fields::{Fields, array, wrong_type};
use crate::error::{Error, Result};
use crate::grammar::GrammarSource;

/// Where it stands.
const PATH: &str = "responseFormat";

/// Reads `responseFormat`; none where anything may be said.
pub(super) fn read_response_format(value: Option<Value>) -> Result<Option<GrammarSource>> {
    let Some(value) = value else { return Ok(None) };
    let mut fields = Fields::new(value, PATH)?;
    let source = match fields.require_text("type")?.as_str() {
        "text" => None,
        "json_object" => Some(GrammarSource::json_object(PATH)),
        "json_schema" => {
            let mut format = Fields::new(fields.require("jsonSchema")?, fields.path("jsonSchema"))?;
            // For hosts, which tell the model.
            format.require_text("name")?;
            format.text("description")?;
            let strict = format.flag("strict")?.unwrap_or(true);
            let path = format.path("schemaDefinition");
            let schema = format.require("schemaDefinition")?;
            format.finish()?;
            Some(GrammarSource::json_schema(schema, strict, path)?)
        }
        "regex" => Some(GrammarSource::regex(&fields.require_text("regex")?, fields.path("regex"))?),
        "lark" => Some(GrammarSource::lark(&fields.require_text("grammar")?, fields.path("grammar"))?),
        "choice" => {
            let path = fields.path("choices");
            Some(GrammarSource::choice(&read_choices(fields.require("choices")?, &path)?, path)?)
        }
        _ => {
            let message = "`responseFormat.type` must be text, json_object, json_schema, regex, lark or choice.";
            return Err(Error::invalid_request(fields.path("type"), message));
        }
    };
    fields.finish()?;
    Ok(source)
}

fn read_choices(value: Value, path: &str) -> Result<Vec<String>> {
    let texts = array(value, path)?.into_iter().enumerate().map(|(index, item)| match item {
        Value::String(text) => Ok(text),
        other => Err(wrong_type(&format!("{path}[{index}]"), "a string", &other)),
    });
    texts.collect()
}
