//! Tool calls in the text of the answer, told apart by the form in which a model writes them.

use std::sync::Arc;

use super::event::TextEvent;
use super::hermes::HermesStage;

/// Gives call `index` of the turn its id. Must be pure, so that a rolled-back call gets the same id again.
pub type CallId = Arc<dyn Fn(usize) -> String + Send + Sync>;

/// How a model writes tool calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolFormat {
    /// `<tool_call>\n{"name": …, "arguments": {…}}\n</tool_call>`: Hermes, Qwen2.5, Qwen3, `SmolLM3`.
    Hermes,
}

/// What the tool stage needs to know; a request without tools has none.
#[derive(Clone)]
pub struct ToolOptions {
    /// How the model writes calls.
    pub format: ToolFormat,
    /// Makes ids.
    pub call_id: CallId,
}

/// The parser of one form. A further form is a further variant.
#[derive(Clone)]
pub(super) enum ToolStage {
    Hermes(HermesStage),
}

impl ToolStage {
    pub(super) fn new(options: &ToolOptions) -> Self {
        match options.format {
            ToolFormat::Hermes => Self::Hermes(HermesStage::new(options.call_id.clone())),
        }
    }

    /// Whether the control token spelled `text` means something to this form and must be read as text.
    pub(super) fn is_marker(&self, text: &str) -> bool {
        match self {
            Self::Hermes(stage) => stage.is_marker(text),
        }
    }

    pub(super) fn push(&mut self, text: &str, out: &mut Vec<TextEvent>) {
        match self {
            Self::Hermes(stage) => stage.push(text, out),
        }
    }

    pub(super) fn finish(&mut self, out: &mut Vec<TextEvent>) {
        match self {
            Self::Hermes(stage) => stage.finish(out),
        }
    }

    /// Calls whose name and first delta have left.
    pub(super) fn started(&self) -> usize {
        match self {
            Self::Hermes(stage) => stage.started(),
        }
    }

    /// Calls whose arguments are whole JSON objects.
    pub(super) fn complete(&self) -> usize {
        match self {
            Self::Hermes(stage) => stage.complete(),
        }
    }
}
