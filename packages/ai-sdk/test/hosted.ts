// Hosts that answer what a test says, for what no engine of ours would.

import { type ConnectOptions, Model } from "wick";

/** What a host was asked. */
export interface Asked {
  path: string;
  headers: Headers;
  body: Readonly<Record<string, unknown>>;
}

/** A model at a host in this process. `asked` has the requests that came, in order. */
export function hosted(
  answer: (asked: Asked, index: number) => Response | Promise<Response>,
  options: Partial<ConnectOptions> = {},
): { model: Model; asked: Asked[] } {
  const asked: Asked[] = [];
  const model = Model.connect({
    provider: "openai",
    model: "hosted",
    baseURL: "http://localhost:1",
    maxRetries: 0,
    ...options,
    fetch: async (input, init) => {
      const request = new Request(input, init);
      const path = new URL(request.url).pathname;
      asked.push({ path, headers: request.headers, body: JSON.parse(await request.text()) });
      // Of the array that was pushed to.
      return answer(asked[asked.length - 1] as Asked, asked.length - 1);
    },
  });
  return { model, asked };
}

/** Chunks as OpenAI's API has them, each with one choice's delta and more. */
export function chunks(...deltas: readonly Readonly<Record<string, unknown>>[]): Response {
  const head = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1_700_000_000, model: "hosted-v1" };
  const events = deltas.map(({ finish_reason = null, logprobs, usage, error, ...delta }) =>
    error === undefined
      ? {
          ...head,
          choices: [{ index: 0, delta, finish_reason, ...(logprobs !== undefined && { logprobs }) }],
          ...(usage !== undefined && { usage }),
        }
      : { error },
  );
  const text = [...events.map((event) => JSON.stringify(event)), "[DONE]"].map((data) => `data: ${data}\n\n`).join("");
  return new Response(text, { headers: { "content-type": "text/event-stream" } });
}

/** A piece of a tool call. */
export function callPiece(index: number, piece: { id?: string; name?: string; arguments?: string }) {
  const { id, ...call } = piece;
  return { tool_calls: [{ index, ...(id !== undefined && { id, type: "function" }), function: call }] };
}
