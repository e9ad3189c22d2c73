//! Writes grammars in llguidance's dialect of Lark.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use crate::error::Result;
use crate::tokenizer::Tokenizer;

/// Any text.
pub(super) const ANY_TEXT: &str = "/(?s:.*)/";

/// Rules so far, over the control tokens of a vocabulary.
pub(super) struct Lark<'a> {
    tokenizer: &'a dyn Tokenizer,
    rules: String,
    count: usize,
}

impl<'a> Lark<'a> {
    pub(super) fn new(tokenizer: &'a dyn Tokenizer) -> Self {
        Self { tokenizer, rules: String::new(), count: 0 }
    }

    /// A text, in which control tokens of the vocabulary are those. Nothing for an empty one.
    pub(super) fn text(&self, text: &str) -> Result<String> {
        let (mut items, mut plain, mut controls) = (Vec::new(), Vec::new(), false);
        for id in self.tokenizer.encode_with_control(text, &[])? {
            if self.tokenizer.is_control(id) {
                controls = true;
                items.extend(take_quoted(&mut plain));
                items.push(format!("<[{id}]>"));
            } else {
                plain.extend_from_slice(self.tokenizer.token_bytes(id).unwrap_or_default());
            }
        }
        items.extend(take_quoted(&mut plain));
        // A tokenizer may put a space before the first word, which is not the form's.
        Ok(if controls { items.join(" ") } else { quote(text) })
    }

    /// Whether a text is, or has in it, a control token.
    pub(super) fn has_control(&self, text: &str) -> Result<bool> {
        Ok(self.tokenizer.encode_with_control(text, &[])?.iter().any(|id| self.tokenizer.is_control(*id)))
    }

    /// Whether the vocabulary has a control token of that spelling.
    pub(super) fn knows(&self, control: &str) -> bool {
        self.tokenizer.token_id(control).is_some_and(|id| self.tokenizer.is_control(id))
    }

    /// Adds a rule and names it.
    pub(super) fn rule(&mut self, body: &str) -> String {
        let name = format!("r{}", self.count);
        self.add(&name, body);
        name
    }

    /// Adds a rule of one piece of text that ends as soon as it can, and names it.
    pub(super) fn lazy(&mut self, body: &str) -> String {
        let name = format!("r{}", self.count);
        self.add(&format!("{name}[lazy]"), body);
        name
    }

    /// Adds one piece of text and names it.
    fn terminal(&mut self, body: &str) -> String {
        let name = format!("T{}", self.count);
        self.add(&name, body);
        name
    }

    /// Text that begins like `beginning` and in which nothing of `patterns` is, all of them regular expressions.
    pub(super) fn text_without(&mut self, beginning: &str, patterns: &[String]) -> String {
        let mut body = beginning.to_owned();
        for pattern in patterns {
            let _ = write!(body, " & ~/(?s:.*){pattern}(?s:.*)/");
        }
        self.terminal(&body)
    }

    /// Any text up to `close`, and that: where it has control tokens, those, and no text spells it.
    pub(super) fn text_up_to(&mut self, close: &str) -> Result<String> {
        if !self.has_control(close)? {
            return Ok(self.lazy(&format!("{ANY_TEXT} {}", quote(close))));
        }
        let text = self.text_without(ANY_TEXT, &[quote_regex(close)]);
        let closed = self.text(close)?;
        Ok(self.rule(&format!("{text} {closed}")))
    }

    /// The grammar whose answers are of `start`.
    pub(super) fn finish(self, start: &str) -> String {
        format!("start: {start}\n{}", self.rules)
    }

    fn add(&mut self, head: &str, body: &str) {
        self.count += 1;
        let _ = writeln!(self.rules, "{head}: {body}");
    }
}

fn take_quoted(plain: &mut Vec<u8>) -> Option<String> {
    let plain = std::mem::take(plain);
    (!plain.is_empty()).then(|| quote(&String::from_utf8_lossy(&plain)))
}

/// A text as it is.
pub(super) fn quote(text: &str) -> String {
    Value::from(text).to_string()
}

/// A text as it is, in a regular expression between slashes.
pub(super) fn quote_regex(text: &str) -> String {
    // A backslash before other characters is no quote but may mean something.
    let escaped = |ch: char| if r"\/.+*?()|[]{}^$&~#-".contains(ch) { format!("\\{ch}") } else { ch.to_string() };
    text.chars().map(escaped).collect()
}

/// JSON of a schema. It is written on one line, with a space behind `,` and `:`, which is how models have seen it most, and
/// leaves them nothing to choose but values.
pub(super) fn json(mut schema: Map<String, Value>, strict: bool) -> String {
    let options = json!({
        "item_separator": ", ",
        "key_separator": ": ",
        "whitespace_flexible": false,
        "lenient": !strict,
    });
    schema.insert("x-guidance".to_owned(), options);
    format!("%json {}", Value::Object(schema))
}

/// One of some.
pub(super) fn any_of(alternatives: impl IntoIterator<Item = String>) -> String {
    let alternatives: Vec<String> = alternatives.into_iter().collect();
    format!("({})", alternatives.join(" | "))
}
