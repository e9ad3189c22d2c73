//! Tool calls in the text of the answer, told apart by the form in which a model writes them.
//!
//! `docs/tool-calls.md` has the forms, and the rules of what is a call and what is text. [`form`] is their table:
//! the markers around calls, and how a call is written. [`tool_stage::ToolStage`] finds the calls, one character at a time, so that no
//! split of the text can matter; a [`call_body::CallBody`] reads one.

mod call_body;
mod call_progress;
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
mod tool_options;
mod tool_stage;

pub(super) use harmony::HarmonyStage;
pub use parameter_types::ParameterTypes;
pub use tool_format::ToolFormat;
pub use tool_options::{CallId, ToolOptions};
pub(super) use tool_stage::ToolStage;

#[cfg(test)]
mod corpus_tests;
#[cfg(test)]
mod split_tests;
