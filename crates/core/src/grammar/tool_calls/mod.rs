//! How a model must write tool calls: for each form the text that its chat templates teach.
//!
//! What is written here is read by [`crate::text`]; a test walks these grammars at random and has the calls read.

mod call_body;
mod harmony_answer;
mod json_schema;
mod literal_value;
mod marked_answer;
mod tagged_value;

use serde_json::{Map, Value};

use super::lark::Lark;
use super::limits;
use super::plain_schema::plain;
use super::source::GrammarSource;
use crate::error::Result;
use crate::text::ToolFormat;
use crate::tokenizer::Tokenizer;

/// A tool that may be called.
#[derive(Debug, Clone, Copy)]
pub struct CallableTool<'a> {
    /// Its name.
    pub name: &'a str,
    /// The schema of its arguments, an object.
    pub parameters: &'a Map<String, Value>,
    /// Whether arguments keep to all of the schema, or to what can be kept to.
    pub strict: bool,
    /// Which of the request's tools it is.
    pub index: usize,
}

/// What may stand in an answer beside calls.
#[derive(Debug, Clone, Copy)]
pub enum Besides<'a> {
    /// Nothing: a call must be made.
    Nothing,
    /// Text before, between and behind them, or alone.
    Text,
    /// An answer of this form in place of them.
    Answer(&'a GrammarSource),
}

/// Which calls an answer may make.
#[derive(Debug, Clone, Copy)]
pub struct CallRules<'a> {
    /// At least one.
    pub tools: &'a [CallableTool<'a>],
    /// The model's form.
    pub format: ToolFormat,
    /// Whether there may be more than one call.
    pub parallel: bool,
    /// What else there may be.
    pub besides: Besides<'a>,
}

/// An answer of a form, as a model writes it whose whole answer is in Harmony's form.
///
/// # Errors
/// Those of the tokenizer.
pub fn harmony_source(answer: &GrammarSource, tokenizer: &dyn Tokenizer) -> Result<GrammarSource> {
    let mut lark = Lark::new(tokenizer);
    let start = harmony_answer::answer(answer, &mut lark)?;
    Ok(GrammarSource::of_parts(lark.finish(&start), answer.path(), vec![answer.clone()]))
}

impl CallableTool<'_> {
    /// Where its schema stands in the request.
    fn path(&self) -> String {
        format!("tools[{}].function.parameters", self.index)
    }
}

impl CallRules<'_> {
    /// The grammar of such answers, over the control tokens of `tokenizer`.
    ///
    /// # Errors
    /// `unsupported` for a strict tool whose schema cannot be kept to in this form; `grammar_limit` over a limit.
    pub fn source(&self, tokenizer: &dyn Tokenizer) -> Result<GrammarSource> {
        let of_tool = |tool: &CallableTool<'_>| {
            GrammarSource::json_schema(Value::Object(tool.parameters.clone()), tool.strict, tool.path())
        };
        let mut parts = self.tools.iter().map(of_tool).collect::<Result<Vec<_>>>()?;
        let schemas: Vec<Value> =
            self.tools.iter().map(|tool| plain(Value::Object(tool.parameters.clone()), tool.strict)).collect();
        let tools: Vec<CallableTool<'_>> = (self.tools.iter().zip(&schemas))
            .filter_map(|(tool, schema)| Some(CallableTool { parameters: schema.as_object()?, ..*tool }))
            .collect();
        let rules = CallRules { tools: &tools, ..*self };
        let mut lark = Lark::new(tokenizer);
        let start = match self.format {
            ToolFormat::Harmony => harmony_answer::write(&rules, &mut lark)?,
            ToolFormat::Hermes
            | ToolFormat::QwenCoder
            | ToolFormat::Llama
            | ToolFormat::Mistral
            | ToolFormat::DeepSeek
            | ToolFormat::DeepSeekDsml
            | ToolFormat::Gemma
            | ToolFormat::Phi
            | ToolFormat::Granite
            | ToolFormat::Lfm
            | ToolFormat::Glm => marked_answer::write(&rules, &mut lark)?,
        };
        if let Besides::Answer(answer) = self.besides {
            parts.push(answer.clone());
        }
        let lark = lark.finish(&start);
        limits::check_whole(&lark, "tools")?;
        Ok(GrammarSource::of_parts(lark, "tools", parts))
    }
}

#[cfg(test)]
#[path = "walk_tests.rs"]
mod tests;
