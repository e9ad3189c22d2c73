//! Values as Gemma writes them: keys without quotes, strings between markers.

use serde_json::Value;

use super::CallableTool;
use super::call_body::members;
use super::json_schema::{Texts, alone, properties_of, texts, unsupported};
use crate::error::Result;
use crate::grammar::lark::{Lark, any_of, json, quote};

/// Containers within containers.
const MAX_DEPTH: usize = 16;

/// A value of a schema; `mark` stands on both sides of a string.
pub(super) fn write(
    tool: &CallableTool<'_>,
    schema: &Value,
    mark: &str,
    depth: usize,
    lark: &mut Lark<'_>,
) -> Result<String> {
    let quoted = lark.text(mark)?;
    match texts(tool, schema)? {
        Texts::Of(of) => {
            let texts = any_of(of.into_iter().map(quote));
            return Ok(lark.rule(&format!("{quoted} {texts} {quoted}")));
        }
        Texts::Any => return text(mark, lark),
        Texts::No => {}
    }
    let fields = alone(tool, schema);
    let kind = fields.get("type").and_then(Value::as_str).unwrap_or_default();
    match kind {
        "integer" | "number" | "boolean" | "null" => Ok(lark.rule(&json(fields, tool.strict))),
        "array" if depth < MAX_DEPTH => {
            let item = fields.get("items").cloned().unwrap_or(Value::Bool(true));
            if let Some(keyword) = fields.keys().find(|keyword| tool.strict && !LIST.contains(&keyword.as_str())) {
                return Err(unsupported(tool, keyword));
            }
            let item = write(tool, &item, mark, depth + 1, lark)?;
            Ok(lark.rule(&format!("\"[\" ({item} (\",\" {item})*)? \"]\"")))
        }
        "object" if depth < MAX_DEPTH => {
            if let Some(keyword) = fields.keys().find(|keyword| tool.strict && !OBJECT.contains(&keyword.as_str())) {
                return Err(unsupported(tool, keyword));
            }
            let mut written = Vec::new();
            for property in properties_of(tool, &fields)? {
                let value = write(tool, property.schema, mark, depth + 1, lark)?;
                written.push((format!("{} {value}", quote(&format!("{}:", property.name))), property.required));
            }
            let members = members(&written, ",", lark);
            Ok(lark.rule(&format!("\"{{\" {members} \"}}\"")))
        }
        _ if tool.strict => Err(unsupported(tool, "type")),
        _ => text(mark, lark),
    }
}

/// What a list and an object may say and still be written.
const LIST: [&str; 6] = ["type", "items", "title", "description", "$defs", "definitions"];
const OBJECT: [&str; 8] =
    ["type", "properties", "required", "additionalProperties", "title", "description", "$defs", "definitions"];

/// Any text between markers.
fn text(mark: &str, lark: &mut Lark<'_>) -> Result<String> {
    let (quoted, rest) = (lark.text(mark)?, lark.text_up_to(mark)?);
    Ok(lark.rule(&format!("{quoted} {rest}")))
}
