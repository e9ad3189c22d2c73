//! What the schemas of a request's tools say of their parameters' types.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::json_text::quoted;

/// For forms that write values without quotes, where only the schema tells `3` from `"3"`.
#[derive(Debug, Clone, Default)]
pub struct ParameterTypes {
    tools: BTreeMap<String, BTreeMap<String, Types>>,
}

/// JSON's types, of which a value may have some.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Types(u8);

const STRING: u8 = 1;
const INTEGER: u8 = 2;
const FRACTION: u8 = 4;
const BOOLEAN: u8 = 8;
const NULL: u8 = 16;
const ARRAY: u8 = 32;
const OBJECT: u8 = 64;

impl ParameterTypes {
    /// Of tools by their names and the JSON Schemas of their parameters.
    pub fn new<'a>(tools: impl IntoIterator<Item = (&'a str, &'a Map<String, Value>)>) -> Self {
        let of_tool = |schema: &Map<String, Value>| {
            let properties = schema.get("properties").and_then(Value::as_object);
            let types =
                properties.into_iter().flatten().filter_map(|(name, schema)| Some((name.clone(), Types::of(schema)?)));
            types.collect()
        };
        Self { tools: tools.into_iter().map(|(name, schema)| (name.to_owned(), of_tool(schema))).collect() }
    }

    /// Nothing where the schemas do not say.
    pub(super) fn get(&self, tool: &str, parameter: &str) -> Option<Types> {
        self.tools.get(tool)?.get(parameter).copied()
    }
}

impl Types {
    /// Of a schema that tells: by `type`, `enum`, `const`, or alternatives that all tell.
    fn of(schema: &Value) -> Option<Self> {
        let named = |name: &Value| match name.as_str()? {
            "string" => Some(STRING),
            "integer" => Some(INTEGER),
            "number" => Some(INTEGER | FRACTION),
            "boolean" => Some(BOOLEAN),
            "null" => Some(NULL),
            "array" => Some(ARRAY),
            "object" => Some(OBJECT),
            _ => None,
        };
        if let Some(kind) = schema.get("type") {
            return match kind {
                Value::Array(kinds) => Self::any_of(kinds.iter().map(named)),
                kind => Self::any_of([named(kind)]),
            };
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return Self::any_of(values.iter().map(|value| Some(bit_of(&value.to_string()))));
        }
        if let Some(value) = schema.get("const") {
            return Some(Self(bit_of(&value.to_string())));
        }
        let alternatives = ["anyOf", "oneOf"].iter().find_map(|key| schema.get(*key)?.as_array())?;
        Self::any_of(alternatives.iter().map(|schema| Self::of(schema).map(|types| types.0)))
    }

    /// Of alternatives that all tell, and are not none.
    fn any_of(bits: impl IntoIterator<Item = Option<u8>>) -> Option<Self> {
        let bits = bits.into_iter().try_fold(0, |all, bits| Some(all | bits?))?;
        (bits != 0).then_some(Self(bits))
    }

    /// Whether a value can be nothing but a string.
    pub(super) fn is_string(self) -> bool {
        self.0 == STRING
    }
}

/// A value's raw text as JSON, by the types that it may have.
pub(super) fn typed(raw: &str, types: Option<Types>) -> String {
    let allowed = |bit: u8| types.is_none_or(|Types(bits)| bits & bit != 0);
    if types.is_some_and(Types::is_string) {
        return quoted(raw);
    }
    let text = match raw.trim() {
        "True" => "true",
        "False" => "false",
        "None" => "null",
        text => text,
    };
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    if is_json && (allowed(bit_of(text)) || !allowed(STRING)) { text.to_owned() } else { quoted(raw) }
}

/// The type of a JSON text.
fn bit_of(text: &str) -> u8 {
    match text.as_bytes().first() {
        Some(b'"') => STRING,
        Some(b'[') => ARRAY,
        Some(b'{') => OBJECT,
        Some(b't' | b'f') => BOOLEAN,
        Some(b'n') => NULL,
        _ if text.contains(['.', 'e', 'E']) => FRACTION,
        _ => INTEGER,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with(schema: &Value, raw: &str) -> String {
        typed(raw, Types::of(schema))
    }

    #[test]
    fn a_string_is_its_text() {
        for schema in [json!({"type": "string"}), json!({"enum": ["a", "b"]}), json!({"anyOf": [{"const": "a"}]})] {
            assert_eq!(with(&schema, " 3\n\"x\""), "\" 3\\n\\\"x\\\"\"");
        }
    }

    #[test]
    fn json_of_an_allowed_type_is_as_it_is() {
        assert_eq!(with(&json!({"type": "integer"}), " 3 "), "3");
        assert_eq!(with(&json!({"type": "number"}), "3"), "3");
        assert_eq!(with(&json!({"type": ["string", "null"]}), "null"), "null");
        assert_eq!(with(&json!({"type": ["string", "null"]}), "3"), "\"3\"");
        assert_eq!(with(&json!({"type": "boolean"}), "True"), "true");
        assert_eq!(with(&json!({"type": "object"}), "{\"a\": [1]}"), "{\"a\": [1]}");
    }

    #[test]
    fn what_is_not_allowed_is_the_validators_to_say() {
        assert_eq!(with(&json!({"type": "integer"}), "3.5"), "3.5");
        assert_eq!(with(&json!({"type": "integer"}), "three"), "\"three\"");
    }

    #[test]
    fn without_a_type_json_is_json_and_the_rest_a_string() {
        for schema in [json!({}), json!({"$ref": "#/x"}), json!({"anyOf": [{"type": "string"}, {}]}), json!(true)] {
            assert_eq!(with(&schema, "3"), "3");
            assert_eq!(with(&schema, "\"3\""), "\"3\"");
            assert_eq!(with(&schema, "Paris"), "\"Paris\"");
            assert_eq!(with(&schema, "None"), "null");
        }
    }
}
