//! How deep schemas and rules lead into one another: compilers follow them by recursion, for which a stack has an end.

use std::collections::HashMap;

use serde_json::Value;

use super::plain_schema::{NAMED, SCHEMAS};

/// Schemas within schemas, through references too, or more than `max` where it says none. A reference back to where it came
/// from leads no deeper.
pub(super) fn of_schema(root: &Value, max: usize) -> Option<usize> {
    SchemaDepth { root, max, known: HashMap::new(), open: Vec::new() }.of(root, 0)
}

struct SchemaDepth<'a> {
    root: &'a Value,
    max: usize,
    /// Depths of what references lead to.
    known: HashMap<&'a str, usize>,
    /// References that are being followed.
    open: Vec<&'a str>,
}

impl<'a> SchemaDepth<'a> {
    /// None over the maximum, `above` levels counted.
    fn of(&mut self, schema: &'a Value, above: usize) -> Option<usize> {
        let Value::Object(fields) = schema else { return Some(0) };
        if above >= self.max {
            return None;
        }
        let mut below = 0;
        for (keyword, field) in fields {
            let keyword = keyword.as_str();
            let parts: Vec<&Value> = match field {
                Value::Array(items) if SCHEMAS.contains(&keyword) => items.iter().collect(),
                Value::Object(named)
                    if NAMED.contains(&keyword) && !keyword.starts_with('$') && keyword != "definitions" =>
                {
                    named.values().collect()
                }
                Value::Object(_) if SCHEMAS.contains(&keyword) => vec![field],
                Value::String(reference) if keyword == "$ref" => {
                    below = below.max(self.of_reference(reference, above + 1)?);
                    continue;
                }
                _ => continue,
            };
            for part in parts {
                below = below.max(self.of(part, above + 1)?);
            }
        }
        Some(below + 1)
    }

    fn of_reference(&mut self, reference: &'a str, above: usize) -> Option<usize> {
        if let Some(depth) = self.known.get(reference) {
            return (above + depth <= self.max).then_some(*depth);
        }
        let target = reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
        let Some(target) = target.filter(|_| !self.open.contains(&reference)) else { return Some(0) };
        self.open.push(reference);
        let depth = self.of(target, above)?;
        self.open.pop();
        self.known.insert(reference, depth);
        Some(depth)
    }
}

/// Rules within rules of a grammar in Lark, the groups of each counted, or none where that is more than `max`.
pub(super) fn of_lark(grammar: &str, max: usize) -> Option<usize> {
    let rules = rules(grammar);
    let mut known = HashMap::new();
    let names: Vec<&str> = rules.keys().copied().collect();
    let mut deepest = 0;
    for name in names {
        deepest = deepest.max(of_rule(name, &rules, 0, max, &mut known, &mut Vec::new())?);
    }
    Some(deepest)
}

fn of_rule<'a>(
    name: &'a str,
    rules: &HashMap<&'a str, Rule<'a>>,
    above: usize,
    max: usize,
    known: &mut HashMap<&'a str, usize>,
    open: &mut Vec<&'a str>,
) -> Option<usize> {
    if let Some(depth) = known.get(name) {
        return (above + depth <= max).then_some(*depth);
    }
    let Some(rule) = rules.get(name).filter(|_| !open.contains(&name)) else { return Some(0) };
    let own = 1 + rule.groups;
    if above + own > max {
        return None;
    }
    open.push(name);
    let mut below = 0;
    for word in &rule.words {
        below = below.max(of_rule(word, rules, above + own, max, known, open)?);
    }
    open.pop();
    known.insert(name, own + below);
    Some(own + below)
}

#[derive(Default)]
struct Rule<'a> {
    groups: usize,
    /// What may be names of rules, in texts too.
    words: Vec<&'a str>,
}

/// The rules of a grammar: each begins a line with its name, and goes on up to the next.
fn rules(grammar: &str) -> HashMap<&str, Rule<'_>> {
    let is_name = |ch: char| ch.is_ascii_alphanumeric() || ch == '_' || ch == '-';
    let mut rules: HashMap<&str, Rule<'_>> = HashMap::new();
    let mut name = "";
    let mut open = 0_usize;
    for line in grammar.lines() {
        let begun = line.trim_start_matches(['?', '!', ' ', '\t']);
        let word = &begun[..begun.find(|ch| !is_name(ch)).unwrap_or(begun.len())];
        let (head, body) = begun.split_once(':').unwrap_or(("", line));
        let is_rule = !word.is_empty() && head.starts_with(word) && !head.contains(['"', '/', '|', '(']);
        let body = if is_rule { body } else { line };
        if is_rule {
            (name, open) = (word, 0);
        }
        let rule = rules.entry(name).or_default();
        for byte in body.bytes() {
            match byte {
                b'(' | b'[' | b'{' => {
                    open += 1;
                    rule.groups = rule.groups.max(open);
                }
                b')' | b']' | b'}' => open = open.saturating_sub(1),
                _ => {}
            }
        }
        rule.words.extend(body.split(|ch| !is_name(ch)).filter(|word| !word.is_empty()));
    }
    rules
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn schemas_lead_into_one_another_by_references_too() {
        for (schema, depth) in [
            (json!({"type": "string"}), 1),
            (json!({"properties": {"a": {"items": {}}, "b": {}}}), 3),
            (json!({"$ref": "#"}), 2),
            (json!({"$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}, "anyOf": [{"$ref": "#/$defs/a"}, {}]}), 4),
            (json!({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"items": {}}}, "$ref": "#/$defs/a"}), 4),
            (json!({"$ref": "#/nowhere"}), 1),
        ] {
            assert_eq!(of_schema(&schema, 64), Some(depth), "{schema}");
            assert_eq!(of_schema(&schema, depth - 1), None, "{schema}");
        }
    }

    #[test]
    fn rules_lead_into_one_another() {
        for (grammar, depth) in [
            ("start: \"a\"", 1),
            ("start: a b\na: b\nb: /x/", 3),
            ("start: start \"a\" | \"\"", 1),
            ("start: (a)\na[lazy]: ((\"x\"))\n  | \"y\"", 5),
            ("start: A\nA: B | \"c: d\"\nB: \"b\"", 3),
        ] {
            assert_eq!(of_lark(grammar, 64), Some(depth), "{grammar}");
        }
        let chain: Vec<String> = (0..99).map(|rule| format!("a{rule}: a{}", rule + 1)).collect();
        assert_eq!(of_lark(&format!("start: a0\n{}\na99: \"x\"", chain.join("\n")), 64), None);
    }
}
