//! What of a tool's schema says how its arguments are written one by one.

use serde_json::{Map, Value};

use super::CallableTool;
use crate::error::{Error, ErrorCode, Result};

/// One argument.
pub(super) struct Property<'a> {
    pub(super) name: &'a str,
    pub(super) schema: &'a Value,
    pub(super) required: bool,
}

/// Keywords of an object that say nothing beyond its properties, or only what its arguments keep to anyway.
const PLAIN: [&str; 10] = [
    "type",
    "properties",
    "required",
    "additionalProperties",
    "title",
    "description",
    "$schema",
    "$id",
    "$defs",
    "definitions",
];

/// Keywords that say nothing of values.
const NOTES: [&str; 6] = ["title", "description", "default", "examples", "deprecated", "$comment"];

/// The arguments that a schema names, in its order. Where the tool is not strict, what else it says of them is left out.
///
/// # Errors
/// `unsupported` for a strict tool whose schema says more than that.
pub(super) fn properties<'a>(tool: &CallableTool<'a>) -> Result<Vec<Property<'a>>> {
    let schema = tool.parameters;
    if let Some(keyword) = schema.keys().find(|keyword| tool.strict && !PLAIN.contains(&keyword.as_str())) {
        return Err(unsupported(tool, keyword));
    }
    properties_of(tool, schema)
}

/// Properties of an object that are written one by one: as many alternatives may begin it.
const MAX_PROPERTIES: usize = 64;

/// The properties of an object's schema.
///
/// # Errors
/// `grammar_limit` for more than are written; `unsupported` for a strict tool that requires one which it does not describe.
pub(super) fn properties_of<'a>(tool: &CallableTool<'_>, schema: &'a Map<String, Value>) -> Result<Vec<Property<'a>>> {
    let required: Vec<&Value> = schema.get("required").and_then(Value::as_array).into_iter().flatten().collect();
    let named = schema.get("properties").and_then(Value::as_object);
    let is_named = |name: &Value| name.as_str().is_some_and(|name| named.is_some_and(|named| named.contains_key(name)));
    if tool.strict && !required.iter().all(|name| is_named(name)) {
        return Err(unsupported(tool, "required"));
    }
    if named.map_or(0, Map::len) > MAX_PROPERTIES {
        let message = format!("In this model's form of calls an object has at most {MAX_PROPERTIES} properties.");
        return Err(Error::new(ErrorCode::GrammarLimit, message).at(tool.path()).detail("max", MAX_PROPERTIES));
    }
    let property = |(name, schema): (&'a String, &'a Value)| {
        let required = required.iter().any(|required| *required == name.as_str());
        Property { name, schema, required }
    };
    Ok(named.into_iter().flatten().map(property).collect())
}

/// A part of a tool's schema that stands alone: with the definitions that it may refer to.
pub(super) fn alone(tool: &CallableTool<'_>, schema: &Value) -> Map<String, Value> {
    let mut alone = match schema {
        Value::Object(schema) => schema.clone(),
        _ => Map::new(),
    };
    for name in ["$defs", "definitions"] {
        if let Some(definitions) = tool.parameters.get(name) {
            alone.insert(name.to_owned(), definitions.clone());
        }
    }
    alone
}

/// What a schema says of a text.
pub(super) enum Texts<'a> {
    /// It is no schema of texts alone.
    No,
    Any,
    /// One of these.
    Of(Vec<&'a str>),
}

/// Whether a schema is of texts, and of which.
///
/// # Errors
/// `unsupported` for a strict tool that says more of them.
pub(super) fn texts<'a>(tool: &CallableTool<'_>, schema: &'a Value) -> Result<Texts<'a>> {
    let Value::Object(fields) = schema else { return Ok(Texts::No) };
    let named = fields.get("const").map(std::slice::from_ref).or(fields.get("enum").and_then(|values| match values {
        Value::Array(values) => Some(values.as_slice()),
        _ => None,
    }));
    let is_string = fields.get("type").is_some_and(|kind| kind == "string");
    let of: Option<Vec<&str>> = named.and_then(|values| values.iter().map(Value::as_str).collect());
    if of.is_none() && !is_string {
        return Ok(Texts::No);
    }
    let known = |keyword: &str| ["type", "enum", "const"].contains(&keyword) || NOTES.contains(&keyword);
    match fields.keys().find(|keyword| tool.strict && !known(keyword)) {
        Some(keyword) => Err(unsupported(tool, keyword)),
        None => Ok(of.map_or(Texts::Any, Texts::Of)),
    }
}

/// Whether a value of this schema can be a text.
pub(super) fn may_be_text(schema: &Value) -> bool {
    let Value::Object(fields) = schema else { return true };
    let named = |kind: &Value| kind == "string";
    match (fields.get("type"), fields.get("enum"), fields.get("const")) {
        (_, _, Some(value)) => value.is_string(),
        (_, Some(Value::Array(values)), _) => values.iter().any(Value::is_string),
        (Some(Value::Array(kinds)), _, _) => kinds.iter().any(named),
        (Some(kind), _, _) => named(kind),
        (None, _, _) => ["anyOf", "oneOf"]
            .iter()
            .find_map(|keyword| fields.get(*keyword)?.as_array())
            .is_none_or(|alternatives| alternatives.iter().any(may_be_text)),
    }
}

/// A strict tool whose schema this form cannot keep to.
pub(super) fn unsupported(tool: &CallableTool<'_>, keyword: &str) -> Error {
    let message = format!(
        "Tool `{}` is strict, and this model's form of calls cannot keep to `{keyword}`; leave `strict` or the keyword out.",
        tool.name
    );
    Error::unsupported(tool.path(), message).detail("keyword", keyword)
}
