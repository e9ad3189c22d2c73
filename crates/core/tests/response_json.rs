//! The JSON of every kind of `Response`, as it crosses a wire.

use serde_json::{Map, Value, json};
use wick_core::error::{Error, ErrorCode};
use wick_core::response::{
    AssistantOutput, AssistantRole, CancelReason, CancelledResponse, ChatChoice, ChatCompletion, ChatCompletionObject,
    ChunkChoice, ChunkDelta, ChunkResponse, Completion, CompletionChoice, CompletionChunkChoice,
    CompletionChunkResponse, CompletionDoneResponse, CompletionModelErrorResponse, CompletionObject, DoneResponse,
    Embedding, EmbeddingList, EmbeddingsResponse, FinishReason, FunctionCallDelta, InternalErrorResponse, ListObject,
    ModelErrorResponse, PromptProgressResponse, RawResponse, Response, StopReason, Timings, TokenAlternative,
    TokenLogprob, ToolApprovalResponse, ToolCallDelta, ToolPhase, ToolProgressResponse, Usage, ValidationErrorResponse,
};

fn chat() -> ChatCompletion {
    ChatCompletion {
        object: ChatCompletionObject::ChatCompletion,
        id: "c-1".to_owned(),
        model: "demo".to_owned(),
        created: 7,
        choices: vec![ChatChoice {
            index: 0,
            message: AssistantOutput {
                role: AssistantRole::Assistant,
                content: "Hi".to_owned(),
                reasoning_content: None,
                reasoning_signature: None,
                tool_calls: None,
            },
            finish_reason: FinishReason::Stop,
            stop_reason: Some(StopReason::StopString { text: "\n".to_owned() }),
            logprobs: None,
        }],
        usage: Some(Usage { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5, ..Usage::default() }),
        timings: Some(Timings { first_token_ms: Some(1.5), ..Timings::default() }),
        transcript: None,
    }
}

fn chat_json() -> Value {
    json!({"object": "chat.completion", "id": "c-1", "model": "demo", "created": 7,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finishReason": "stop",
            "stopReason": {"kind": "stop_string", "text": "\n"}}],
        "usage": {"promptTokens": 3, "completionTokens": 2, "totalTokens": 5}, "timings": {"firstTokenMs": 1.5}})
}

fn completion() -> Completion {
    Completion {
        object: CompletionObject::TextCompletion,
        id: "t-1".to_owned(),
        model: "demo".to_owned(),
        created: 7,
        choices: vec![CompletionChoice {
            index: 0,
            text: "x".to_owned(),
            finish_reason: FinishReason::Length,
            stop_reason: Some(StopReason::MaxTokens),
            logprobs: None,
        }],
        usage: None,
        timings: None,
    }
}

fn completion_json() -> Value {
    json!({"object": "text_completion", "id": "t-1", "model": "demo", "created": 7,
        "choices": [{"index": 0, "text": "x", "finishReason": "length", "stopReason": {"kind": "max_tokens"}}]})
}

fn embeddings() -> EmbeddingList {
    EmbeddingList {
        object: ListObject::List,
        model: "demo".to_owned(),
        data: vec![Embedding { index: 0, embedding: vec![0.5, -1.0] }],
        usage: None,
    }
}

fn embeddings_json() -> Value {
    json!({"object": "list", "model": "demo", "data": [{"index": 0, "embedding": [0.5, -1.0]}]})
}

fn error() -> wick_core::error::ErrorInfo {
    Error::new(ErrorCode::NumericError, "not a number").at("event 3").detail("max", 4).into_info()
}

fn error_json() -> Value {
    json!({"code": "numeric_error", "message": "not a number", "where": "event 3", "retryable": false, "details": {"max": 4}})
}

fn tool_progress(phase: ToolPhase) -> Response {
    Response::AgenticToolCallProgress(ToolProgressResponse {
        round: 0,
        call_id: "a".to_owned(),
        tool_name: "t".to_owned(),
        input: Map::new(),
        phase,
    })
}

fn tool_progress_json(phase: &Value) -> Value {
    json!({"kind": "agentic_tool_call_progress", "round": 0, "callId": "a", "toolName": "t", "input": {}, "phase": phase})
}

/// Every kind, with what it must look like.
#[expect(clippy::too_many_lines, reason = "a table")]
fn every_kind() -> Vec<(Response, Value)> {
    let logprob = TokenLogprob {
        token: "H".to_owned(),
        id: 4,
        logprob: -0.25,
        bytes: Some(vec![72]),
        top: Some(vec![TokenAlternative { token: "H".to_owned(), id: 4, logprob: -0.25 }]),
    };
    let chunk = ChunkResponse {
        id: "c-1".to_owned(),
        model: "demo".to_owned(),
        created: 7,
        choices: vec![ChunkChoice {
            index: 0,
            delta: ChunkDelta {
                role: Some(AssistantRole::Assistant),
                content: Some("H".to_owned()),
                reasoning_content: None,
                tool_calls: Some(vec![ToolCallDelta {
                    index: 0,
                    id: Some("x".to_owned()),
                    function: FunctionCallDelta { name: Some("f".to_owned()), arguments: None },
                }]),
            },
            finish_reason: None,
            logprobs: Some(vec![logprob]),
        }],
        round: None,
        usage: None,
        upstream: None,
    };
    let completion_chunk = CompletionChunkResponse {
        id: "t-1".to_owned(),
        model: "demo".to_owned(),
        created: 7,
        choices: vec![CompletionChunkChoice {
            index: 0,
            text: "x".to_owned(),
            finish_reason: Some(FinishReason::Length),
            logprobs: None,
        }],
        usage: None,
    };
    vec![
        (
            Response::Chunk(chunk),
            json!({"kind": "chunk", "id": "c-1", "model": "demo", "created": 7, "choices": [{"index": 0,
                "delta": {"role": "assistant", "content": "H", "toolCalls": [{"index": 0, "id": "x", "function": {"name": "f"}}]},
                "finishReason": null,
                "logprobs": [{"token": "H", "id": 4, "logprob": -0.25, "bytes": [72], "top": [{"token": "H", "id": 4, "logprob": -0.25}]}]}]}),
        ),
        (Response::Done(DoneResponse { completion: chat() }), json!({"kind": "done", "completion": chat_json()})),
        (
            Response::ValidationError(ValidationErrorResponse { error: error() }),
            json!({"kind": "validation_error", "error": error_json()}),
        ),
        (
            Response::ModelError(ModelErrorResponse { error: error(), partial: chat() }),
            json!({"kind": "model_error", "error": error_json(), "partial": chat_json()}),
        ),
        (
            Response::InternalError(InternalErrorResponse { error: error(), partial: chat() }),
            json!({"kind": "internal_error", "error": error_json(), "partial": chat_json()}),
        ),
        (
            Response::CompletionInternalError(InternalErrorResponse { error: error(), partial: completion() }),
            json!({"kind": "internal_error", "error": error_json(), "partial": completion_json()}),
        ),
        (
            Response::EmbeddingsInternalError(InternalErrorResponse { error: error(), partial: embeddings() }),
            json!({"kind": "internal_error", "error": error_json(), "partial": embeddings_json()}),
        ),
        (
            Response::Cancelled(CancelledResponse { reason: CancelReason::Signal, partial: chat() }),
            json!({"kind": "cancelled", "reason": "signal", "partial": chat_json()}),
        ),
        (
            Response::CompletionCancelled(CancelledResponse { reason: CancelReason::Timeout, partial: completion() }),
            json!({"kind": "cancelled", "reason": "timeout", "partial": completion_json()}),
        ),
        (
            Response::EmbeddingsCancelled(CancelledResponse { reason: CancelReason::Cancel, partial: embeddings() }),
            json!({"kind": "cancelled", "reason": "cancel", "partial": embeddings_json()}),
        ),
        (
            Response::PromptProgress(PromptProgressResponse {
                processed: 1,
                total: 9,
                cached: 0,
                queue_position: Some(2),
            }),
            json!({"kind": "prompt_progress", "processed": 1, "total": 9, "cached": 0, "queuePosition": 2}),
        ),
        (tool_progress(ToolPhase::Calling), tool_progress_json(&json!({"kind": "calling"}))),
        (
            tool_progress(ToolPhase::Output { delta: "o".to_owned() }),
            tool_progress_json(&json!({"kind": "output", "delta": "o"})),
        ),
        (
            tool_progress(ToolPhase::Complete { output: "o".to_owned(), duration_ms: Some(2.0) }),
            tool_progress_json(&json!({"kind": "complete", "output": "o", "durationMs": 2.0})),
        ),
        (
            tool_progress(ToolPhase::Failed { error: error() }),
            tool_progress_json(&json!({"kind": "failed", "error": error_json()})),
        ),
        (tool_progress(ToolPhase::Denied { reason: None }), tool_progress_json(&json!({"kind": "denied"}))),
        (
            Response::AgenticToolApprovalRequired(ToolApprovalResponse {
                approval_id: "p".to_owned(),
                round: 1,
                call_id: "a".to_owned(),
                tool_name: "t".to_owned(),
                input: Map::new(),
                expires_in_ms: None,
            }),
            json!({"kind": "agentic_tool_approval_required", "approvalId": "p", "round": 1, "callId": "a", "toolName": "t", "input": {}}),
        ),
        (
            Response::CompletionChunk(completion_chunk),
            json!({"kind": "completion_chunk", "id": "t-1", "model": "demo", "created": 7,
                "choices": [{"index": 0, "text": "x", "finishReason": "length"}]}),
        ),
        (
            Response::CompletionDone(CompletionDoneResponse { completion: completion() }),
            json!({"kind": "completion_done", "completion": completion_json()}),
        ),
        (
            Response::CompletionModelError(CompletionModelErrorResponse { error: error(), partial: completion() }),
            json!({"kind": "completion_model_error", "error": error_json(), "partial": completion_json()}),
        ),
        (
            Response::Embeddings(EmbeddingsResponse { embeddings: embeddings() }),
            json!({"kind": "embeddings", "embeddings": embeddings_json()}),
        ),
    ]
}

#[test]
fn every_kind_has_its_json() {
    for (response, expected) in every_kind() {
        assert_eq!(serde_json::to_value(&response).unwrap(), expected);
    }
}

#[test]
fn raw_logits_are_never_json() {
    let raw = Response::Raw(RawResponse { tokens: vec![1], logits: vec![0.0] });
    assert!(serde_json::to_string(&raw).is_err());
    assert!(raw.is_terminal());
}
