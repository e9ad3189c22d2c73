//! Tools whose calls come back to the program.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::fields::{Fields, array, wrong_type};
use crate::error::{Error, Result};

/// Tools of one request.
const MAX_TOOLS: usize = 128;
/// Bytes of a tool's name, as `OpenAI` has it.
const MAX_NAME_BYTES: usize = 64;

/// A function the model may call.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionTool {
    /// Letters, digits, `_` and `-`; at most 64.
    pub name: String,
    /// What it does.
    pub description: Option<String>,
    /// A JSON Schema of an object.
    pub parameters: Map<String, Value>,
    /// Whether arguments must keep to the schema.
    pub strict: bool,
}

impl FunctionTool {
    /// The tool as templates know it: `OpenAI`'s shape.
    pub fn to_template_value(&self) -> Value {
        let mut function = Map::new();
        function.insert("name".to_owned(), Value::from(self.name.as_str()));
        if let Some(description) = &self.description {
            function.insert("description".to_owned(), Value::from(description.as_str()));
        }
        function.insert("parameters".to_owned(), Value::Object(self.parameters.clone()));
        let mut tool = Map::new();
        tool.insert("type".to_owned(), Value::from("function"));
        tool.insert("function".to_owned(), Value::Object(function));
        Value::Object(tool)
    }
}

/// Reads `tools`.
pub(super) fn read_tools(value: Value) -> Result<Vec<FunctionTool>> {
    let items = array(value, "tools")?;
    if items.len() > MAX_TOOLS {
        return Err(Error::invalid_request("tools", format!("Give at most {MAX_TOOLS} tools."))
            .detail("max", MAX_TOOLS)
            .detail("got", items.len()));
    }
    let mut names = HashSet::new();
    let mut tools = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let tool = read_tool(item, &format!("tools[{index}]"))?;
        if !names.insert(tool.name.clone()) {
            let path = format!("tools[{index}].function.name");
            return Err(Error::invalid_request(path, "Two tools have this name."));
        }
        tools.push(tool);
    }
    Ok(tools)
}

fn read_tool(item: Value, path: &str) -> Result<FunctionTool> {
    let mut fields = Fields::new(item, path)?;
    let kind = fields.require_text("type")?;
    match kind.as_str() {
        "function" => {}
        "executable" | "web_search" | "code_interpreter" | "image_generation" | "document_library" | "server" => {
            let message = format!("This engine runs no `{kind}` tools; give `function` tools and run their calls.");
            return Err(Error::unsupported(format!("{path}.type"), message));
        }
        _ => return Err(Error::invalid_request(format!("{path}.type"), format!("`{path}.type` must be function."))),
    }
    let mut function = Fields::new(fields.require("function")?, fields.path("function"))?;
    let name = function.require_text("name")?;
    let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if name.is_empty() || name.len() > MAX_NAME_BYTES || !letters {
        let message = format!("A tool's name has 1 to {MAX_NAME_BYTES} letters, digits, `_` or `-`.");
        return Err(Error::invalid_request(function.path("name"), message));
    }
    let description = function.text("description")?;
    let parameters_path = function.path("parameters");
    let parameters = match function.require("parameters")? {
        Value::Object(schema) => schema,
        other => return Err(wrong_type(&parameters_path, "a JSON Schema", &other)),
    };
    if parameters.get("type").is_some_and(|kind| kind != "object") {
        return Err(Error::invalid_request(
            format!("{parameters_path}.type"),
            "A tool's parameters are one object: its schema's type must be object.",
        ));
    }
    let strict = function.flag("strict")?.unwrap_or(false);
    function.finish()?;
    fields.finish()?;
    Ok(FunctionTool { name, description, parameters, strict })
}
