//! An example for the reference page of every generated type.

/// TypeScript that uses the type `name`; lines are joined by `\n`. The variables are what their names say.
pub(super) fn example(name: &str) -> Option<&'static str> {
    Some(match name {
        "AssistantOutput" => "const { message } = completion.choices[0];\nmessages.push(message);",
        "CancelReason" => "if (response.kind === \"cancelled\" && response.reason === \"timeout\") retry();",
        "CancelledResponse" => {
            "if (response.kind === \"cancelled\") console.log(response.partial.choices[0].message.content);"
        }
        "ChatChoice" => "for (const { index, message } of completion.choices) console.log(index, message.content);",
        "ChatCompletion" => {
            "const completion = await model.chat.complete({ messages });\nconsole.log(completion.choices[0].message.content);"
        }
        "ChunkChoice" => {
            "if (response.kind === \"chunk\") for (const { index, delta } of response.choices) show(index, delta.content ?? \"\");"
        }
        "ChunkDelta" => {
            "if (response.kind === \"chunk\") process.stdout.write(response.choices[0].delta.reasoningContent ?? \"\");"
        }
        "ChunkResponse" => {
            "if (response.kind === \"chunk\") process.stdout.write(response.choices[0].delta.content ?? \"\");"
        }
        "Completion" => "const completion = await model.completions.complete({ prompt: \"Once upon a time\" });",
        "CompletionChoice" => "const { text, finishReason } = completion.choices[0];",
        "CompletionChunkChoice" | "CompletionChunkResponse" => {
            "if (response.kind === \"completion_chunk\") process.stdout.write(response.choices[0].text);"
        }
        "CompletionDoneResponse" => {
            "if (response.kind === \"completion_done\") console.log(response.completion.usage);"
        }
        "CompletionModelErrorResponse" => {
            "if (response.kind === \"completion_model_error\") console.error(response.error.message, response.partial.choices[0].text);"
        }
        "DoneResponse" => "if (response.kind === \"done\") console.log(response.completion.choices[0].finishReason);",
        "Embedding" => "const [{ embedding }] = list.data;",
        "EmbeddingList" => {
            "const list = await model.embeddings.create({ inputs: [\"a\", \"b\"] });\nconsole.log(list.data.length);"
        }
        "EmbeddingsResponse" => "if (response.kind === \"embeddings\") console.log(response.embeddings.data.length);",
        "ErrorCode" => {
            "switch (error.code) {\n  case \"context_overflow\": return shorten(messages);\n  case \"queue_full\": return later();\n  default: throw error; // minor versions add codes\n}"
        }
        "ErrorInfo" => {
            "if (response.kind === \"model_error\" && response.error.retryable) await sleep(response.error.retryAfterMs ?? 1000);"
        }
        "FinishReason" => "if (completion.choices[0].finishReason === \"length\") console.warn(\"cut off\");",
        "InternalErrorResponse" => {
            "if (response.kind === \"internal_error\") save(response.partial.choices[0].message.content);"
        }
        "ModelErrorResponse" => {
            "if (response.kind === \"model_error\") save(response.partial.choices[0].message.content);"
        }
        "PromptProgressResponse" => {
            "for await (const response of model.chat.stream({ messages, promptProgress: true }))\n  if (response.kind === \"prompt_progress\") bar(response.processed / response.total);"
        }
        "RawResponse" => "const { logits, tokens } = await model.logits([1, 2, 3], { last: 2 });",
        "Response" => "import type { WickResponse } from \"wick\"; // the same type, beside fetch's Response",
        "StopReason" => {
            "const { stopReason } = completion.choices[0];\nif (stopReason?.kind === \"stop_string\") console.log(stopReason.text);"
        }
        "Timings" => "const { firstTokenMs, tokensPerSecond } = completion.timings ?? {};",
        "TokenLogprob" => {
            "const completion = await model.chat.complete({ messages, logprobs: true, topLogprobs: 3 });\nfor (const { token, logprob } of completion.choices[0].logprobs ?? []) console.log(token, Math.exp(logprob));"
        }
        "ToolApprovalResponse" => {
            "if (response.kind === \"agentic_tool_approval_required\") await stream.approve(response.approvalId);"
        }
        "ToolCall" => {
            "for (const { id, function: { name, arguments: input } } of message.toolCalls ?? [])\n  messages.push({ role: \"tool\", toolCallId: id, content: await run(name, JSON.parse(input)) });"
        }
        "ToolCallDelta" => {
            "if (response.kind === \"chunk\")\n  for (const { index, function: call } of response.choices[0].delta.toolCalls ?? []) show(index, call.arguments ?? \"\");"
        }
        "ToolPhase" | "ToolProgressResponse" => {
            "if (response.kind === \"agentic_tool_call_progress\" && response.phase.kind === \"complete\") console.log(response.phase.output);"
        }
        "UpstreamError" => "console.error(error.info.upstream?.requestId);",
        "Usage" => "const { promptTokens, completionTokens } = completion.usage ?? {};",
        "ValidationErrorResponse" => {
            "if (response.kind === \"validation_error\") console.error(response.error.where, response.error.message);"
        }
        _ => return log_example(name),
    })
}

fn log_example(name: &str) -> Option<&'static str> {
    Some(match name {
        "CacheEvictedEvent" => "if (entry.event === \"cache_evicted\") evicted.add(entry.blocks);",
        "EngineFailedEvent" => "if (entry.event === \"engine_failed\") page(entry.errorCode, entry.panic);",
        "KvCacheType" => {
            "if (entry.event === \"model_loaded\" && entry.kvCache === \"f32\") console.warn(\"twice the memory\");"
        }
        "KvGrowthFailedEvent" => {
            "if (entry.event === \"kv_growth_failed\") console.warn(`${entry.blocks} of ${entry.limit} blocks`);"
        }
        "LoadWarningEvent" => "if (entry.event === \"load_warning\") console.warn(entry.model, entry.warning);",
        "LogEvent" => {
            "const count = (event: LogEvent[\"event\"]) => entries.filter((entry) => entry.event === event).length;"
        }
        "LogHead" => "const line = ({ atMs, level, message }: LogHead) => `${atMs.toFixed(0)} ${level} ${message}`;",
        "LogLevel" => "const model = await Model.load(source, { onLog, logLevel: \"debug\" });",
        "ModelClosedEvent" => {
            "if (entry.event === \"model_closed\") console.info(entry.ended, \"requests ended with it\");"
        }
        "ModelLoadedEvent" => {
            "if (entry.event === \"model_loaded\") console.info(entry.engine, entry.threads, entry.loadMs);"
        }
        "QueueFullEvent" => "if (entry.event === \"queue_full\") refused.add(1);",
        "RequestAcceptedEvent" => "if (entry.event === \"request_accepted\") queueLength.record(entry.queued);",
        "RequestBegunEvent" => "if (entry.event === \"request_begun\") waited.record(entry.waitedMs);",
        "RequestEndedEvent" | "RequestOutcome" => {
            "if (entry.event === \"request_ended\" && entry.outcome === \"done\") console.debug(entry.request, entry.completionTokens, entry.ms);"
        }
        "SequencePreemptedEvent" => "if (entry.event === \"sequence_preempted\") recomputed.add(entry.tokens);",
        "SequenceResumedEvent" => "if (entry.event === \"sequence_resumed\") saved.add(entry.cachedTokens);",
        "DraftFailedEvent" => "if (entry.event === \"draft_failed\") console.warn(entry.errorCode, entry.error);",
        "StepFailedEvent" => "if (entry.event === \"step_failed\") console.warn(entry.errorCode, entry.sequences);",
        _ => return None,
    })
}
