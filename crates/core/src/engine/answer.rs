//! What a reader has been given so far.

use crate::error::ErrorInfo;
use crate::response::{
    AssistantOutput, AssistantRole, CancelReason, CancelledResponse, ChatChoice, ChatCompletion, ChatCompletionObject,
    ChunkChoice, ChunkDelta, ChunkResponse, Completion, CompletionChoice, CompletionChunkChoice,
    CompletionChunkResponse, CompletionDoneResponse, CompletionModelErrorResponse, CompletionObject, DoneResponse,
    FinishReason, FunctionCall, InternalErrorResponse, ModelErrorResponse, Response, StopReason, Timings, TokenLogprob,
    ToolCall, ToolCallDelta, ToolCallType, Usage, ValidationErrorResponse,
};

/// Which pair of chunk and completion a stream speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerKind {
    /// `chunk` and `done`.
    Chat,
    /// `completion_chunk` and `completion_done`.
    Completion,
}

/// What one step adds to one choice.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Delta {
    /// Which of the `n`.
    pub choice: u32,
    /// Text of the answer.
    pub content: String,
    /// Text of the reasoning; chats only.
    pub reasoning: String,
    /// Pieces of tool calls; chats only.
    pub tool_calls: Vec<ToolCallDelta>,
    /// Of the tokens since the choice's last delta, when asked for.
    pub logprobs: Option<Vec<TokenLogprob>>,
    /// In the choice's last delta.
    pub finish: Option<(FinishReason, StopReason)>,
}

impl Delta {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.content.is_empty() && self.reasoning.is_empty() && self.tool_calls.is_empty() && self.finish.is_none()
    }
}

/// How a stream ends. What it ends with is put together from what was delivered, so that the two cannot differ.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// Every choice is through.
    Done,
    /// Nothing was generated.
    ValidationError(ErrorInfo),
    /// The model failed.
    ModelError(ErrorInfo),
    /// The engine failed.
    InternalError(ErrorInfo),
    /// Someone cancelled.
    Cancelled(CancelReason),
}

/// The answer as far as it was delivered.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) kind: AnswerKind,
    pub(super) id: String,
    pub(super) model: String,
    pub(super) created: u64,
    pub(super) usage: Usage,
    pub(super) timings: Timings,
    choices: Vec<Choice>,
}

#[derive(Debug, Clone, Default)]
struct Choice {
    begun: bool,
    content: String,
    reasoning: String,
    tool_calls: Vec<ToolCall>,
    logprobs: Option<Vec<TokenLogprob>>,
    finish: Option<(FinishReason, StopReason)>,
}

impl Answer {
    pub(super) fn new(kind: AnswerKind, id: String, model: String, created: u64, choices: u32) -> Self {
        let choices = vec![Choice::default(); choices.max(1) as usize];
        Self { kind, id, model, created, usage: Usage::default(), timings: Timings::default(), choices }
    }

    /// Appends `delta` and says it as a chunk.
    pub(super) fn deliver(&mut self, delta: Delta) -> Response {
        let Delta { choice: index, content, reasoning, tool_calls, logprobs, finish } = delta;
        let mut first = false;
        if let Some(choice) = self.choices.get_mut(index as usize) {
            first = !choice.begun;
            choice.append(&content, &reasoning, &tool_calls, logprobs.as_deref(), finish.as_ref());
        }
        let finish_reason = finish.map(|(reason, _)| reason);
        let (id, model, created) = (self.id.clone(), self.model.clone(), self.created);
        match self.kind {
            AnswerKind::Chat => {
                let delta = ChunkDelta {
                    role: first.then_some(AssistantRole::Assistant),
                    content: (!content.is_empty()).then_some(content),
                    reasoning_content: (!reasoning.is_empty()).then_some(reasoning),
                    tool_calls: (!tool_calls.is_empty()).then_some(tool_calls),
                };
                let choices = vec![ChunkChoice { index, delta, finish_reason, logprobs }];
                Response::Chunk(ChunkResponse { id, model, created, choices, round: None, usage: None, upstream: None })
            }
            AnswerKind::Completion => {
                let choices = vec![CompletionChunkChoice { index, text: content, finish_reason, logprobs }];
                Response::CompletionChunk(CompletionChunkResponse { id, model, created, choices, usage: None })
            }
        }
    }

    /// How each choice came to its end, as far as it was delivered.
    pub(super) fn finish_reasons(&self) -> Vec<Option<FinishReason>> {
        self.choices.iter().map(|choice| choice.finish.as_ref().map(|(reason, _)| *reason)).collect()
    }

    /// The terminal, from what was delivered.
    pub(super) fn end(&mut self, end: End) -> Response {
        match (end, self.kind) {
            (End::ValidationError(error), _) => Response::ValidationError(ValidationErrorResponse { error }),
            (End::Done, AnswerKind::Chat) => {
                Response::Done(DoneResponse { completion: self.chat(FinishReason::Error) })
            }
            (End::Done, AnswerKind::Completion) => {
                Response::CompletionDone(CompletionDoneResponse { completion: self.completion(FinishReason::Error) })
            }
            (End::ModelError(error), AnswerKind::Chat) => {
                Response::ModelError(ModelErrorResponse { error, partial: self.chat(FinishReason::Error) })
            }
            (End::ModelError(error), AnswerKind::Completion) => {
                let partial = self.completion(FinishReason::Error);
                Response::CompletionModelError(CompletionModelErrorResponse { error, partial })
            }
            (End::InternalError(error), AnswerKind::Chat) => {
                Response::InternalError(InternalErrorResponse { error, partial: self.chat(FinishReason::Error) })
            }
            (End::InternalError(error), AnswerKind::Completion) => {
                let partial = self.completion(FinishReason::Error);
                Response::CompletionInternalError(InternalErrorResponse { error, partial })
            }
            (End::Cancelled(reason), AnswerKind::Chat) => {
                Response::Cancelled(CancelledResponse { reason, partial: self.chat(FinishReason::Cancelled) })
            }
            (End::Cancelled(reason), AnswerKind::Completion) => {
                let partial = self.completion(FinishReason::Cancelled);
                Response::CompletionCancelled(CancelledResponse { reason, partial })
            }
        }
    }

    /// `unfinished` is the reason of choices whose last chunk was not delivered.
    fn chat(&mut self, unfinished: FinishReason) -> ChatCompletion {
        let choices = std::mem::take(&mut self.choices).into_iter().zip(0..).map(|(choice, index)| {
            let (finish_reason, stop_reason) = choice.finish.map_or((unfinished, None), |(why, how)| (why, Some(how)));
            let message = AssistantOutput {
                role: AssistantRole::Assistant,
                content: choice.content,
                reasoning_content: (!choice.reasoning.is_empty()).then_some(choice.reasoning),
                reasoning_signature: None,
                tool_calls: (!choice.tool_calls.is_empty()).then_some(choice.tool_calls),
            };
            ChatChoice { index, message, finish_reason, stop_reason, logprobs: choice.logprobs }
        });
        ChatCompletion {
            object: ChatCompletionObject::ChatCompletion,
            choices: choices.collect(),
            id: self.id.clone(),
            model: self.model.clone(),
            created: self.created,
            usage: Some(self.usage),
            timings: Some(self.timings),
            transcript: None,
        }
    }

    fn completion(&mut self, unfinished: FinishReason) -> Completion {
        let choices = std::mem::take(&mut self.choices).into_iter().zip(0..).map(|(choice, index)| {
            let (finish_reason, stop_reason) = choice.finish.map_or((unfinished, None), |(why, how)| (why, Some(how)));
            CompletionChoice { index, text: choice.content, finish_reason, stop_reason, logprobs: choice.logprobs }
        });
        Completion {
            object: CompletionObject::TextCompletion,
            choices: choices.collect(),
            id: self.id.clone(),
            model: self.model.clone(),
            created: self.created,
            usage: Some(self.usage),
            timings: Some(self.timings),
        }
    }
}

impl Choice {
    fn append(
        &mut self,
        content: &str,
        reasoning: &str,
        tool_calls: &[ToolCallDelta],
        logprobs: Option<&[TokenLogprob]>,
        finish: Option<&(FinishReason, StopReason)>,
    ) {
        self.begun = true;
        self.content.push_str(content);
        self.reasoning.push_str(reasoning);
        for delta in tool_calls {
            // Indices count up from 0, and the first delta of a call brings its id and name.
            let index = delta.index as usize;
            while self.tool_calls.len() <= index {
                let function = FunctionCall { name: String::new(), arguments: String::new() };
                self.tool_calls.push(ToolCall { id: String::new(), kind: ToolCallType::Function, function });
            }
            let call = &mut self.tool_calls[index];
            call.id.push_str(delta.id.as_deref().unwrap_or_default());
            call.function.name.push_str(delta.function.name.as_deref().unwrap_or_default());
            call.function.arguments.push_str(delta.function.arguments.as_deref().unwrap_or_default());
        }
        if let Some(logprobs) = logprobs {
            self.logprobs.get_or_insert_default().extend_from_slice(logprobs);
        }
        if let Some(finish) = finish {
            self.finish = Some(finish.clone());
        }
    }
}
