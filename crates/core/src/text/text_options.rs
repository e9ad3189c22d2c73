//! What of an answer's text is told apart.

use super::reasoning::ReasoningMarkers;
use super::stop::StopStrings;
use super::tool_call::ToolOptions;

/// What a pipeline looks for.
#[derive(Clone, Default)]
pub struct TextOptions {
    /// Where the text ends.
    pub stops: StopStrings,
    /// `minTokens`: in the text of so many first tokens no stop string is looked for.
    pub min_tokens: usize,
    /// The model's reasoning markers; none for raw completion and models without reasoning.
    pub reasoning: Option<ReasoningMarkers>,
    /// The model's form of tool calls, if the request has tools, or the whole answer is in that form.
    pub tools: Option<ToolOptions>,
}
