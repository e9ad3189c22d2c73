//! A JSON Schema without what a grammar has no use for.

use llguidance::derivre::RegexBuilder;
use serde_json::{Map, Value};

/// Formats that a grammar keeps to. All others say something of a text's meaning only
/// ([JSON Schema, section 7.2.1](https://json-schema.org/draft/2020-12/json-schema-validation#section-7.2.1)).
const FORMATS: [&str; 10] =
    ["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid", "uri"];

/// Keywords whose value is a schema, or a list of schemas.
const SCHEMAS: [&str; 14] = [
    "additionalProperties",
    "allOf",
    "anyOf",
    "contains",
    "else",
    "if",
    "items",
    "not",
    "oneOf",
    "prefixItems",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];
/// Keywords whose value has schemas by name.
const NAMED: [&str; 5] = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];

/// The schema as a grammar knows it. Where it is not `strict`, patterns that no grammar can keep to are left out.
pub(super) fn plain(schema: Value, strict: bool) -> Value {
    let Value::Object(mut fields) = schema else { return schema };
    for name in SCHEMAS {
        if let Some(field) = fields.get_mut(name) {
            match field {
                Value::Array(items) => items.iter_mut().for_each(|item| *item = plain(item.take(), strict)),
                other => *other = plain(other.take(), strict),
            }
        }
    }
    for name in NAMED {
        if let Some(Value::Object(schemas)) = fields.get_mut(name) {
            schemas.values_mut().for_each(|schema| *schema = plain(schema.take(), strict));
        }
    }
    if fields.get("format").is_some_and(|format| !FORMATS.iter().any(|known| format == known)) {
        fields.shift_remove("format");
    }
    if !strict {
        leave_patterns_out(&mut fields);
    }
    name_properties(&mut fields);
    Value::Object(fields)
}

/// `propertyNames`, where it says nothing or which properties there are.
fn name_properties(fields: &mut Map<String, Value>) {
    let Some(names) = fields.get("propertyNames") else { return };
    let texts = |names: &Map<String, Value>| {
        names.keys().all(|keyword| keyword == "type") && names.get("type").is_none_or(|kind| kind == "string")
    };
    match names {
        Value::Bool(true) => {}
        Value::Object(names) if texts(names) => {}
        Value::Object(names) if !fields.contains_key("properties") && !fields.contains_key("patternProperties") => {
            let known = |keyword: &str| keyword == "type" || keyword == "enum";
            let Some(Value::Array(listed)) = names.get("enum").filter(|_| names.keys().all(|keyword| known(keyword)))
            else {
                return;
            };
            let Some(listed) = listed.iter().map(Value::as_str).collect::<Option<Vec<&str>>>() else { return };
            let schema = fields.get("additionalProperties").cloned().unwrap_or(Value::Bool(true));
            let properties: Map<String, Value> =
                listed.into_iter().map(|name| (name.to_owned(), schema.clone())).collect();
            fields.insert("properties".to_owned(), Value::Object(properties));
            fields.insert("additionalProperties".to_owned(), Value::Bool(false));
        }
        _ => return,
    }
    fields.shift_remove("propertyNames");
}

fn leave_patterns_out(fields: &mut Map<String, Value>) {
    let is_known = |pattern: &str| RegexBuilder::new().mk_regex(pattern).is_ok();
    if fields.get("pattern").and_then(Value::as_str).is_some_and(|pattern| !is_known(pattern)) {
        fields.shift_remove("pattern");
    }
    if let Some(Value::Object(patterns)) = fields.get_mut("patternProperties") {
        patterns.retain(|pattern, _| is_known(pattern));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_says_nothing_of_a_text_is_left_out() {
        for (schema, strict, expected) in [
            (json!({"format": "uuid"}), true, json!({"format": "uuid"})),
            (json!({"items": {"format": "cuid2", "pattern": "^a"}}), true, json!({"items": {"pattern": "^a"}})),
            (
                json!({"properties": {"format": {"type": "string"}}}),
                true,
                json!({"properties": {"format": {"type": "string"}}}),
            ),
            (json!({"enum": [{"format": "x"}]}), true, json!({"enum": [{"format": "x"}]})),
            (json!({"anyOf": [{"pattern": "^(?!a)"}]}), true, json!({"anyOf": [{"pattern": "^(?!a)"}]})),
            (json!({"anyOf": [{"pattern": "^(?!a)"}]}), false, json!({"anyOf": [{}]})),
            (
                json!({"patternProperties": {"(?=b)": true, "b": true}}),
                false,
                json!({"patternProperties": {"b": true}}),
            ),
            (json!({"propertyNames": {"type": "string"}}), true, json!({})),
            (json!({"propertyNames": true, "type": "object"}), true, json!({"type": "object"})),
            (json!({"propertyNames": {"minLength": 2}}), true, json!({"propertyNames": {"minLength": 2}})),
            (
                json!({"propertyNames": {"type": "string", "enum": ["a", "b"]}, "additionalProperties": {"type": "null"}}),
                true,
                json!({"additionalProperties": false, "properties": {"a": {"type": "null"}, "b": {"type": "null"}}}),
            ),
            (json!(true), true, json!(true)),
        ] {
            assert_eq!(plain(schema.clone(), strict), expected, "{schema}");
        }
    }
}
