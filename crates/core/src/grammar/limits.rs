//! How large a grammar may be. What passes here compiles within a second, whatever it is.

use serde_json::Value;

use super::reference_depth;
use crate::error::{Error, ErrorCode, Result};

/// Bytes of a schema, as JSON.
const MAX_SCHEMA_BYTES: usize = 256 << 10;
/// Values within values of a schema.
const MAX_SCHEMA_DEPTH: usize = 64;
/// Entries of all `properties` of a schema.
const MAX_PROPERTIES: usize = 1_000;
/// Values of an `enum`, or of a choice.
const MAX_CHOICES: usize = 4_096;
/// Bytes of a `pattern`.
const MAX_PATTERN_BYTES: usize = 1 << 10;
/// Bytes of a regular expression: some take time by the square of it.
const MAX_REGEX_BYTES: usize = 8 << 10;
/// Bytes of a grammar.
const MAX_LARK_BYTES: usize = 16 << 10;
/// Bytes of a grammar that is made of several, of tools for instance.
const MAX_WHOLE_BYTES: usize = 1 << 20;
/// Bytes of all choices.
const MAX_CHOICE_BYTES: usize = 64 << 10;
/// Groups within groups of a regular expression or a grammar.
const MAX_GROUPS: usize = 64;
/// Schemas within schemas, or rules within rules and groups, that lead into one another.
const MAX_REFERENCES: usize = 64;

pub(super) fn check_schema(schema: &Value, path: &str) -> Result<()> {
    match schema {
        Value::Object(_) | Value::Bool(_) => {}
        Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Err(invalid(path, "A JSON Schema is an object or a boolean."));
        }
    }
    let mut counts = Counts { properties: 0, path };
    counts.walk(schema, 0)?;
    check_references(reference_depth::of_schema(schema, MAX_REFERENCES), path)?;
    limit("bytes", schema.to_string().len(), MAX_SCHEMA_BYTES, path)
}

fn check_references(depth: Option<usize>, path: &str) -> Result<()> {
    limit("levels of references", depth.unwrap_or(MAX_REFERENCES + 1), MAX_REFERENCES, path)
}

pub(super) fn check_regex(regex: &str, path: &str) -> Result<()> {
    limit("bytes", regex.len(), MAX_REGEX_BYTES, path)?;
    limit("nested groups", nested_groups(regex), MAX_GROUPS, path)
}

pub(super) fn check_lark(grammar: &str, path: &str) -> Result<()> {
    limit("bytes", grammar.len(), MAX_LARK_BYTES, path)?;
    limit("nested groups", nested_groups(grammar), MAX_GROUPS, path)?;
    check_references(reference_depth::of_lark(grammar, MAX_REFERENCES), path)?;
    // Schemas within it; what is none, the compiler refuses.
    for (at, keyword) in grammar.match_indices("%json") {
        let mut values = serde_json::Deserializer::from_str(&grammar[at + keyword.len()..]).into_iter::<Value>();
        if let Some(Ok(schema)) = values.next() {
            check_schema(&schema, path)?;
        }
    }
    Ok(())
}

/// Of what the engine wrote itself out of forms that are each within their limits.
pub(super) fn check_whole(grammar: &str, path: &str) -> Result<()> {
    limit("bytes", grammar.len(), MAX_WHOLE_BYTES, path)
}

pub(super) fn check_choices(choices: &[String], path: &str) -> Result<()> {
    if choices.is_empty() {
        return Err(invalid(path, "Give at least one choice."));
    }
    limit("choices", choices.len(), MAX_CHOICES, path)?;
    limit("bytes", choices.iter().map(String::len).sum(), MAX_CHOICE_BYTES, path)
}

struct Counts<'a> {
    properties: usize,
    path: &'a str,
}

impl Counts<'_> {
    fn walk(&mut self, value: &Value, depth: usize) -> Result<()> {
        limit("levels", depth, MAX_SCHEMA_DEPTH, self.path)?;
        match value {
            Value::Object(fields) => {
                for (name, field) in fields {
                    match (name.as_str(), field) {
                        ("properties", Value::Object(properties)) => self.properties += properties.len(),
                        ("enum", Value::Array(values)) => {
                            limit("values of an enum", values.len(), MAX_CHOICES, self.path)?;
                        }
                        ("pattern", Value::String(pattern)) => self.check_pattern(pattern)?,
                        ("patternProperties", Value::Object(patterns)) => {
                            self.properties += patterns.len();
                            for pattern in patterns.keys() {
                                self.check_pattern(pattern)?;
                            }
                        }
                        _ => {}
                    }
                    self.walk(field, depth + 1)?;
                }
                limit("properties", self.properties, MAX_PROPERTIES, self.path)
            }
            Value::Array(items) => items.iter().try_for_each(|item| self.walk(item, depth + 1)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
        }
    }

    fn check_pattern(&self, pattern: &str) -> Result<()> {
        limit("bytes of a pattern", pattern.len(), MAX_PATTERN_BYTES, self.path)?;
        limit("nested groups", nested_groups(pattern), MAX_GROUPS, self.path)
    }
}

/// The most brackets that are open at once, escaped ones and those in classes counted too: never fewer than there are groups.
fn nested_groups(text: &str) -> usize {
    let (mut open, mut most) = (0_usize, 0);
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => {
                open += 1;
                most = most.max(open);
            }
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    most
}

fn limit(what: &str, got: usize, max: usize, path: &str) -> Result<()> {
    if got <= max {
        return Ok(());
    }
    let message = format!("This form of an answer has {got} {what}; at most {max} are read.");
    Err(Error::new(ErrorCode::GrammarLimit, message)
        .at(path)
        .detail("limit", what)
        .detail("max", max)
        .detail("got", got))
}

fn invalid(path: &str, message: &str) -> Error {
    Error::new(ErrorCode::GrammarInvalid, message).at(path)
}
