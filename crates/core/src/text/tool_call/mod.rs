//! Tool calls in the text of the answer, told apart by the form in which a model writes them.
//!
//! `docs/tool-calls.md` has the forms, and the rules of what is a call and what is text. [`form`] is their table:
//! the markers around calls, and how a call is written. [`tool_stage::ToolStage`] finds the calls, one character at a time, so that no
//! split of the text can matter; a [`call_body::CallBody`] reads one.

mod call_body;
mod form;
mod harmony;
mod json_call;
mod json_scanner;
mod json_text;
mod literal_call;
mod literal_reader;
mod literal_word;
mod named_call;
mod parameter_types;
mod stage_state;
mod tagged_call;
mod tool_format;
mod tool_stage;

use std::sync::Arc;

pub(super) use harmony::HarmonyStage;
pub use parameter_types::ParameterTypes;
pub use tool_format::ToolFormat;
pub(super) use tool_stage::ToolStage;

/// Gives call `index` of the turn its id. Must be pure, so that a rolled-back call gets the same id again.
pub type CallId = Arc<dyn Fn(usize) -> String + Send + Sync>;

/// What the tool stage needs to know; a request without tools has none, but for a model whose whole answer is in a form.
#[derive(Clone)]
pub struct ToolOptions {
    /// How the model writes calls.
    pub format: ToolFormat,
    /// Of the parameters of the request's tools.
    pub types: Arc<ParameterTypes>,
    /// Makes ids.
    pub call_id: CallId,
}

#[cfg(test)]
mod corpus_tests;
#[cfg(test)]
mod split_tests;
