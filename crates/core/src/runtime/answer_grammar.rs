//! What a chat's answer must look like.

use super::model::ModelShared;
use crate::engine::{AnswerGrammar, ReasoningOpening};
use crate::error::{Error, Result};
use crate::grammar::{Besides, CallRules, CallableTool, GrammarSource, harmony_source};
use crate::request::{ChatRequest, ToolChoice};
use crate::text::{ReasoningMarkers, ToolFormat};

impl ModelShared {
    /// The grammar of a chat's answer; none where anything may be said.
    pub(super) fn answer_grammar(
        &self,
        request: &ChatRequest,
        markers: Option<&ReasoningMarkers>,
    ) -> Result<Option<AnswerGrammar>> {
        let Some(source) = self.answer_source(request)? else { return Ok(None) };
        if request.sampling.ignore_eos {
            let message = "An answer of a given form, or of given calls, ends where that does; leave `ignoreEos` out.";
            return Err(Error::invalid_request("ignoreEos", message));
        }
        let grammar = self.grammars.compile(&source)?;
        let thinks = request.template_kwargs.get("enable_thinking").is_none_or(|thinks| *thinks != false);
        let reasoning = match markers {
            Some(markers) if thinks => self.reasoning_opening(markers)?,
            Some(_) | None => None,
        };
        Ok(Some(AnswerGrammar { grammar, reasoning }))
    }

    fn answer_source(&self, request: &ChatRequest) -> Result<Option<GrammarSource>> {
        let tools: Vec<CallableTool<'_>> = request
            .tools
            .iter()
            .enumerate()
            .filter(|(index, _)| match request.tool_choice {
                ToolChoice::Auto | ToolChoice::Required => true,
                ToolChoice::None => false,
                ToolChoice::Function(chosen) => *index == chosen,
            })
            .map(|(index, tool)| CallableTool {
                name: &tool.name,
                parameters: &tool.parameters,
                strict: tool.strict,
                index,
            })
            .collect();
        let besides = match (request.tool_choice, &request.response_format) {
            (ToolChoice::Required | ToolChoice::Function(_), _) => Besides::Nothing,
            (ToolChoice::Auto | ToolChoice::None, Some(answer)) => Besides::Answer(answer),
            (ToolChoice::Auto | ToolChoice::None, None) => Besides::Text,
        };
        let parallel = request.parallel_tool_calls;
        let wanted = match besides {
            Besides::Text => !parallel || tools.iter().any(|tool| tool.strict),
            Besides::Nothing | Besides::Answer(_) => true,
        };
        match &request.response_format {
            _ if wanted && !tools.is_empty() => {
                let rules = CallRules { tools: &tools, format: self.tool_format, parallel, besides };
                rules.source(&*self.tokenizer).map(Some)
            }
            Some(answer) if self.tool_format == ToolFormat::Harmony => {
                harmony_source(answer, &*self.tokenizer).map(Some)
            }
            Some(answer) => Ok(Some(answer.clone())),
            None => Ok(None),
        }
    }

    /// How the model may open reasoning before its answer.
    fn reasoning_opening(&self, markers: &ReasoningMarkers) -> Result<Option<ReasoningOpening>> {
        let ids = self.tokenizer.encode_with_control(markers.open(), &[])?;
        Ok(match ids.split_first() {
            Some((token, rest)) if self.tokenizer.is_control(*token) => {
                Some(ReasoningOpening { token: *token, rest: rest.into() })
            }
            Some(_) | None => None,
        })
    }
}
