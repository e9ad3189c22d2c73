//! What is to be known of the tools of a request to read their calls.

use std::sync::Arc;

use super::parameter_types::ParameterTypes;
use super::tool_format::ToolFormat;

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
