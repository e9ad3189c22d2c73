//! What a request asks of an answer's form.

use llguidance::regex_to_lark;
use serde_json::{Map, Value};

use super::lark::{json, quote_regex};
use super::limits;
use super::plain_schema::{plain, with_ecma_spaces};
use crate::error::Result;

/// A form, checked against the limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrammarSource {
    /// The grammar, in llguidance's dialect of Lark.
    lark: String,
    /// The same as a part of a rule.
    expression: String,
    /// Where in the request it comes from.
    path: String,
    /// What it is made of, if of several things.
    parts: Vec<GrammarSource>,
}

impl GrammarSource {
    fn new(expression: String, path: String) -> Self {
        Self { lark: format!("start: {expression}\n"), expression, path, parts: Vec::new() }
    }

    /// Any JSON object.
    pub fn json_object(path: impl Into<String>) -> Self {
        Self::new(json(Map::from_iter([("type".to_owned(), "object".into())]), true), path.into())
    }

    /// JSON of a schema. Where it is `strict`, keywords that cannot be kept to are an error of the compiler; otherwise the
    /// answer keeps to all others.
    ///
    /// # Errors
    /// `grammar_limit` over a limit, `grammar_invalid` for what is no schema.
    pub fn json_schema(schema: Value, strict: bool, path: impl Into<String>) -> Result<Self> {
        let path = path.into();
        limits::check_schema(&schema, &path)?;
        let expression = match plain(schema, strict) {
            Value::Object(schema) => json(schema, strict),
            // `true` lets everything through, `false` nothing.
            other => format!("%json {other}"),
        };
        Ok(Self::new(expression, path))
    }

    /// Text that a regular expression matches as a whole.
    ///
    /// # Errors
    /// `grammar_limit` over a limit.
    pub fn regex(regex: &str, path: impl Into<String>) -> Result<Self> {
        let path = path.into();
        limits::check_regex(regex, &path)?;
        Ok(Self::new(format!("/{}/", regex_to_lark(&with_ecma_spaces(regex), "dw")), path))
    }

    /// Text of a grammar in Lark, as llguidance reads it.
    ///
    /// # Errors
    /// `grammar_limit` over a limit.
    pub fn lark(grammar: &str, path: impl Into<String>) -> Result<Self> {
        let path = path.into();
        limits::check_lark(grammar, &path)?;
        let expression = format!("%lark {{\n{grammar}\n}}");
        Ok(Self { lark: grammar.to_owned(), expression, path, parts: Vec::new() })
    }

    /// One of some texts.
    ///
    /// # Errors
    /// `grammar_limit` over a limit, `grammar_invalid` for no text at all.
    pub fn choice(choices: &[String], path: impl Into<String>) -> Result<Self> {
        let path = path.into();
        limits::check_choices(choices, &path)?;
        // One piece of text, and not thousands among which the parser would choose.
        let choices: Vec<String> = choices.iter().map(|choice| quote_regex(choice)).collect();
        Ok(Self::new(format!("/{}/", regex_to_lark(&choices.join("|"), "")), path))
    }

    /// A grammar made of `parts`, of which each can be wrong for itself.
    pub(super) fn of_parts(lark: String, path: &str, parts: Vec<Self>) -> Self {
        Self { expression: format!("%lark {{\n{lark}\n}}"), lark, path: path.to_owned(), parts }
    }

    /// The grammar in Lark.
    pub fn as_lark(&self) -> &str {
        &self.lark
    }

    /// The grammar as a part of a rule.
    pub(super) fn expression(&self) -> &str {
        &self.expression
    }

    /// Where in the request it comes from.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What it is made of, if of several things.
    pub fn parts(&self) -> &[Self] {
        &self.parts
    }
}
