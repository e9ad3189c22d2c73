//! The last stage: what in the text is reasoning, tool calls and the answer.

use super::event::TextEvent;
use super::reasoning::{Part, ReasoningStage};
use super::text_options::TextOptions;
use super::tool_call::{HarmonyStage, ToolFormat, ToolStage};

/// Reasoning and tool calls between markers of their own, or an answer that is messages altogether.
#[derive(Clone)]
pub(super) enum AnswerStage {
    Marked { reasoning: Option<ReasoningStage>, tools: Option<Box<ToolStage>> },
    Messages(Box<HarmonyStage>),
}

impl AnswerStage {
    pub(super) fn new(options: &TextOptions) -> Self {
        if let Some(tools) = options.tools.as_ref().filter(|tools| tools.format == ToolFormat::Harmony) {
            return Self::Messages(Box::new(HarmonyStage::new(tools.call_id.clone())));
        }
        Self::Marked {
            reasoning: options.reasoning.as_ref().map(ReasoningStage::new),
            tools: options.tools.as_ref().and_then(ToolStage::new).map(Box::new),
        }
    }

    /// Whether the control token spelled `text` means something here and must be read as text.
    pub(super) fn is_marker(&self, text: &str) -> bool {
        match self {
            Self::Marked { reasoning, tools } => {
                reasoning.as_ref().is_some_and(|stage| stage.is_marker(text))
                    || tools.as_ref().is_some_and(|stage| stage.is_marker(text))
            }
            Self::Messages(_) => HarmonyStage::is_marker(text),
        }
    }

    pub(super) fn push(&mut self, text: &str, out: &mut Vec<TextEvent>) {
        match self {
            Self::Marked { reasoning, tools } => match reasoning {
                Some(reasoning) => reasoning.push(text, &mut |part| tell_part(part, tools.as_deref_mut(), out)),
                None => tell_part(Part::Content(text), tools.as_deref_mut(), out),
            },
            Self::Messages(stage) => stage.push(text, out),
        }
    }

    pub(super) fn finish(&mut self, out: &mut Vec<TextEvent>) {
        match self {
            Self::Marked { reasoning, tools } => {
                if let Some(reasoning) = reasoning {
                    reasoning.finish(&mut |part| tell_part(part, tools.as_deref_mut(), out));
                }
                if let Some(tools) = tools {
                    tools.finish(out);
                }
            }
            Self::Messages(stage) => stage.finish(out),
        }
    }

    /// Whether the text that comes next is reasoning.
    pub(super) fn in_reasoning(&self) -> bool {
        match self {
            Self::Marked { reasoning, .. } => reasoning.as_ref().is_some_and(ReasoningStage::is_open),
            Self::Messages(stage) => stage.in_reasoning(),
        }
    }

    /// Calls whose name and first delta have left.
    pub(super) fn started_calls(&self) -> usize {
        match self {
            Self::Marked { tools, .. } => tools.as_ref().map_or(0, |stage| stage.started()),
            Self::Messages(stage) => stage.started(),
        }
    }

    /// Calls whose arguments are whole JSON objects.
    pub(super) fn complete_calls(&self) -> usize {
        match self {
            Self::Marked { tools, .. } => tools.as_ref().map_or(0, |stage| stage.complete()),
            Self::Messages(stage) => stage.complete(),
        }
    }
}

fn tell_part(part: Part<'_>, tools: Option<&mut ToolStage>, out: &mut Vec<TextEvent>) {
    match (part, tools) {
        (Part::Reasoning(text), _) => TextEvent::reasoning(text, out),
        (Part::Content(text), Some(tools)) => tools.push(text, out),
        (Part::Content(text), None) => TextEvent::content(text, out),
    }
}
