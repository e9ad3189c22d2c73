//! Answers that are messages on channels, as gpt-oss writes them ([OpenAI
//! Harmony](https://cookbook.openai.com/articles/openai-harmony)).

use super::call_body::arguments;
use super::{Besides, CallRules};
use crate::error::Result;
use crate::grammar::lark::{ANY_TEXT, Lark, any_of};
use crate::grammar::source::GrammarSource;

const NEXT: &str = "<|end|><|start|>assistant";

pub(super) fn write(rules: &CallRules<'_>, lark: &mut Lark<'_>) -> Result<String> {
    let mut ends = Vec::new();
    for tool in rules.tools {
        let head = lark.text(&format!("<|channel|>commentary to=functions.{} ", tool.name))?;
        let head = format!("{head} {}", lark.text("<|constrain|>json<|message|>")?);
        let body = arguments(tool, lark);
        // `<|call|>` is an end token.
        ends.push(lark.rule(&format!("{head} {body}")));
    }
    let thoughts = message("analysis", lark)?;
    let mut before = vec![thoughts];
    match rules.besides {
        Besides::Nothing => {}
        Besides::Answer(answer) => ends.push(last(answer.expression(), lark)?),
        Besides::Text => {
            before.push(message("commentary", lark)?);
            ends.push(last(ANY_TEXT, lark)?);
        }
    }
    Ok(format!("{}* {}", any_of(before), any_of(ends)))
}

/// An answer of a form, and thoughts before it.
pub(super) fn answer(source: &GrammarSource, lark: &mut Lark<'_>) -> Result<String> {
    let thoughts = message("analysis", lark)?;
    let last = last(source.expression(), lark)?;
    Ok(format!("{thoughts}* {last}"))
}

/// A message that another follows.
fn message(channel: &str, lark: &mut Lark<'_>) -> Result<String> {
    let (head, rest) = (lark.text(&format!("<|channel|>{channel}<|message|>"))?, lark.text_up_to(NEXT)?);
    Ok(lark.rule(&format!("{head} {rest}")))
}

fn last(body: &str, lark: &mut Lark<'_>) -> Result<String> {
    let head = lark.text("<|channel|>final<|message|>")?;
    let body = lark.rule(body);
    Ok(lark.rule(&format!("{head} {body}")))
}
