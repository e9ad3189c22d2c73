//! Values between tags: text as it is, all else as JSON.

use serde_json::Value;

use super::CallableTool;
use super::json_schema::{Texts, alone, may_be_text, texts, unsupported};
use crate::error::Result;
use crate::grammar::lark::{Lark, any_of, json, quote};

/// Whether a value is written as text, and the rule for it with the tag that closes it.
pub(super) struct TaggedValue {
    pub(super) is_text: bool,
    pub(super) rule: String,
}

/// A value up to `close`, before which `frame` stands where the value is not any text.
pub(super) fn write(
    tool: &CallableTool<'_>,
    schema: &Value,
    (frame, close): (&str, &str),
    lark: &mut Lark<'_>,
) -> Result<TaggedValue> {
    let closed = lark.text(&format!("{frame}{close}"))?;
    match texts(tool, schema)? {
        Texts::Of(texts) => {
            let texts = any_of(texts.into_iter().map(quote));
            Ok(TaggedValue { is_text: true, rule: lark.rule(&format!("{texts} {closed}")) })
        }
        Texts::Any => Ok(TaggedValue { is_text: true, rule: lark.text_up_to(close)? }),
        Texts::No if may_be_text(schema) => {
            // Nothing tells `3` from "3" there.
            if tool.strict {
                return Err(unsupported(tool, "type"));
            }
            Ok(TaggedValue { is_text: true, rule: lark.text_up_to(close)? })
        }
        Texts::No => {
            let value = lark.rule(&json(alone(tool, schema), tool.strict));
            Ok(TaggedValue { is_text: false, rule: lark.rule(&format!("{value} {closed}")) })
        }
    }
}
