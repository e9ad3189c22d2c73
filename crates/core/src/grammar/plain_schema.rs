//! A JSON Schema without what a grammar has no use for.

use llguidance::derivre::RegexBuilder;
use serde_json::{Map, Value};

/// [RFC 3339](https://www.rfc-editor.org/rfc/rfc3339#section-5.6).
macro_rules! date {
    () => {
        concat!(
            "(?:[0-9]{2}(?:[2468][048]|[13579][26]|0[48])|(?:[02468][048]|[13579][26])00)-02-29|",
            "[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|",
            "02-(?:0[1-9]|1[0-9]|2[0-8]))"
        )
    };
}

macro_rules! time {
    () => {
        r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?(?:[zZ]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
    };
}

/// Formats of the standard: llguidance keeps to some of them and refuses the others. All that are not of the standard say
/// something to people only
/// ([JSON Schema, section 7.2.1](https://json-schema.org/draft/2020-12/json-schema-validation#section-7.2.1)).
const FORMATS: [&str; 17] = [
    "date-time",
    "time",
    "date",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "uuid",
    "uri",
    "idn-email",
    "idn-hostname",
    "iri",
    "iri-reference",
    "regex",
    "uri-reference",
    "uri-template",
];

/// Formats that llguidance does not know, or lets more through of than there is: leap seconds at any time, the 29th of any
/// February. Anchored, since a pattern may match anywhere.
const EXACT: [(&str, &str); 5] = [
    ("date", concat!("^(?:", date!(), ")$")),
    ("time", concat!("^(?:", time!(), ")$")),
    ("date-time", concat!("^(?:", date!(), ")[tT](?:", time!(), ")$")),
    ("json-pointer", "^(?:/(?:[^~/]|~[01])*)*$"),
    ("relative-json-pointer", "^(?:0|[1-9][0-9]*)(?:#|(?:/(?:[^~/]|~[01])*)*)$"),
];
/// Characters of a host's name ([RFC 1123](https://www.rfc-editor.org/rfc/rfc1123#page-13)).
const HOSTNAME: u64 = 253;

/// Names that `propertyNames` may list to be written as properties, and bytes of the schema that each of them gets.
const MAX_NAMES: usize = 64;
const MAX_NAMED_BYTES: usize = 256;

/// Keywords whose value is a schema, or a list of schemas.
pub(super) const SCHEMAS: [&str; 14] = [
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
pub(super) const NAMED: [&str; 5] = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];

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
    make_format_exact(&mut fields);
    if let Some(Value::String(pattern)) = fields.get_mut("pattern") {
        *pattern = with_ecma_spaces(pattern);
    }
    if !strict {
        leave_patterns_out(&mut fields);
    }
    name_properties(&mut fields);
    Value::Object(fields)
}

fn make_format_exact(fields: &mut Map<String, Value>) {
    let Some(format) = fields.get("format").and_then(Value::as_str).map(str::to_owned) else { return };
    if !FORMATS.contains(&format.as_str()) {
        // Those that have a pattern come back as such.
        fields.shift_remove("format");
    }
    if format == "hostname" {
        let most = fields.get("maxLength").and_then(Value::as_u64).unwrap_or(HOSTNAME);
        fields.insert("maxLength".to_owned(), most.min(HOSTNAME).into());
    }
    if let Some((_, pattern)) = EXACT.iter().find(|(name, _)| *name == format) {
        fields.shift_remove("format");
        let pattern = Map::from_iter([("pattern".to_owned(), Value::from(*pattern))]);
        if !fields.contains_key("pattern") {
            fields.extend(pattern);
        } else if let Value::Array(all) = fields.entry("allOf").or_insert_with(|| Value::Array(Vec::new())) {
            all.push(Value::Object(pattern));
        }
    }
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
            // Each name has a copy of it, in schemas within schemas too.
            if listed.len() > MAX_NAMES || schema.to_string().len() > MAX_NAMED_BYTES {
                return;
            }
            let properties: Map<String, Value> =
                listed.into_iter().map(|name| (name.to_owned(), schema.clone())).collect();
            fields.insert("properties".to_owned(), Value::Object(properties));
            fields.insert("additionalProperties".to_owned(), Value::Bool(false));
        }
        _ => return,
    }
    fields.shift_remove("propertyNames");
}

/// A regular expression whose `\s` and `\S` are ECMAScript's, which JSON Schema's patterns are of.
pub(super) fn with_ecma_spaces(pattern: &str) -> String {
    const SPACES: &str = r"\t\n\x0B\x0C\r \u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000\uFEFF";
    let mut written = String::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    while let Some(ch) = chars.next() {
        match (ch, if ch == '\\' { chars.next() } else { None }) {
            ('\\', Some('s')) => written.extend(["[", SPACES, "]"]),
            ('\\', Some('S')) => written.extend(["[^", SPACES, "]"]),
            (_, escaped) => written.extend([ch].into_iter().chain(escaped)),
        }
    }
    written
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
    fn names_do_not_multiply_what_they_name() {
        let names: Vec<String> = (0..60).map(|name| format!("n{name}")).collect();
        let wrap = |inner: Value, _| json!({"propertyNames": {"enum": names}, "additionalProperties": inner});
        let deep = (0..20).fold(json!({"type": "null"}), wrap);
        assert!(plain(deep.clone(), true).to_string().len() < 2 * deep.to_string().len());
    }

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
            (json!({"format": "uri", "type": "string"}), true, json!({"format": "uri", "type": "string"})),
            (json!({"format": "hostname"}), true, json!({"format": "hostname", "maxLength": 253})),
            (
                json!({"format": "json-pointer", "pattern": "a"}),
                true,
                json!({"pattern": "a", "allOf": [{"pattern": "^(?:/(?:[^~/]|~[01])*)*$"}]}),
            ),
            (json!({"pattern": r"\\s\."}), true, json!({"pattern": r"\\s\."})),
            (json!(true), true, json!(true)),
        ] {
            assert_eq!(plain(schema.clone(), strict), expected, "{schema}");
        }
    }
}
