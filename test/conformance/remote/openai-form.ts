import type { ChunkChoice, CompletionChunkChoice, TokenLogprob, Usage, WickResponse } from "wick";

/** A stream of ours as OpenAI's servers write it: what that form has no place for is lost. */
export async function chunksOfOpenai(
  stream: AsyncIterable<WickResponse>,
  headers: Record<string, string>,
): Promise<Response> {
  const reader = stream[Symbol.asyncIterator]();
  // A refusal is a status there.
  const first = await reader.next();
  if (first.done !== true && first.value.kind === "validation_error") {
    return Response.json(
      { error: { message: first.value.error.message, code: first.value.error.code } },
      { status: 400, headers },
    );
  }
  let next: IteratorResult<WickResponse, unknown> | undefined = first;
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = next ?? (await reader.next());
        next = undefined;
        if (done === true) return controller.close();
        controller.enqueue(
          encoder.encode(
            eventsOf(value)
              .map((event) => `data: ${event}\n\n`)
              .join(""),
          ),
        );
        return undefined;
      },
      async cancel() {
        await reader.return?.();
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { headers: { "content-type": "text/event-stream", ...headers } });
}

function eventsOf(response: WickResponse): string[] {
  switch (response.kind) {
    case "chunk":
      return [
        JSON.stringify({
          ...headOf(response),
          object: "chat.completion.chunk",
          choices: response.choices.map(chatChoice),
        }),
      ];
    case "completion_chunk":
      return [
        JSON.stringify({ ...headOf(response), object: "text_completion", choices: response.choices.map(textChoice) }),
      ];
    case "done":
    case "completion_done":
      return [
        JSON.stringify({ ...headOf(response.completion), choices: [], usage: usageOf(response.completion.usage) }),
        "[DONE]",
      ];
    case "model_error":
    case "internal_error":
    case "completion_model_error":
      return [JSON.stringify({ error: { message: response.error.message, code: response.error.code } }), "[DONE]"];
    default:
      return [];
  }
}

function headOf({ id, model, created }: { id: string; model: string; created: number }) {
  return { id, model, created };
}

function chatChoice({ index, delta, finishReason, logprobs }: ChunkChoice) {
  const { role, content, reasoningContent, toolCalls } = delta;
  return {
    index,
    delta: { role, content, reasoning_content: reasoningContent, tool_calls: toolCalls },
    finish_reason: finishReason,
    logprobs: logprobs === undefined ? null : { content: logprobs.map(logprobOf) },
  };
}

function textChoice({ index, text, finishReason }: CompletionChunkChoice) {
  return { index, text, finish_reason: finishReason, logprobs: null };
}

function logprobOf({ token, id, logprob, bytes, top }: TokenLogprob) {
  return { token, id, logprob, bytes: bytes ?? null, top_logprobs: top ?? [] };
}

function usageOf(usage: Usage | undefined) {
  return (
    usage && {
      prompt_tokens: usage.promptTokens,
      completion_tokens: usage.completionTokens,
      total_tokens: usage.totalTokens,
      prompt_tokens_details: { cached_tokens: usage.cachedTokens },
      completion_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    }
  );
}
