// User programs against the built package; each must compile, each `@ts-expect-error` must be one.
// Checked by run.mjs under several compilers, flags and libraries.
import { Model, WickError, assertNever, isTerminal, readResponses, tool } from "wick";
import type {
  AgentResponse,
  AssistantMessage,
  ChatCompletion,
  ChatRequest,
  ChatResponse,
  Completion,
  CompletionResponse,
  EmbeddingResponse,
  FunctionTool,
  JsonValue,
  Kind,
  LogEntry,
  Message,
  Response as WickResponse,
  ResponseStream,
} from "wick";

declare const write: (text: string) => void;
declare const ask: (question: string) => Promise<boolean>;

// 1 — the README program: six kinds, no impossible arm, no `?.`, exhaustive.
export async function first(): Promise<void> {
  await using model = await Model.load("Qwen/Qwen3-4B", { isq: 4, onProgress: (p) => write(p.kind) });
  for await (const response of model.chat.stream({ messages: [{ role: "user", content: "Explain borrowing." }] })) {
    switch (response.kind) {
      case "chunk":
        write(response.choices[0].delta.content ?? "");
        break;
      case "done":
        write(`${response.completion.usage?.totalTokens}`);
        break;
      case "model_error":
      case "internal_error":
        write(response.partial.choices[0].message.content);
        break;
      case "validation_error":
        write(response.error.where ?? response.error.message);
        break;
      case "cancelled":
        write(response.reason);
        break;
      default:
        assertNever(response);
    }
  }
}

// 2 — a forgotten kind does not compile.
export async function forgotten(model: Model): Promise<void> {
  for await (const response of model.chat.stream({ messages: [] })) {
    switch (response.kind) {
      case "chunk":
      case "done":
      case "validation_error":
      case "model_error":
      case "internal_error":
        break;
      default:
        // @ts-expect-error — "cancelled" is missing
        assertNever(response);
    }
  }
}
export function forgottenReturn(response: ChatResponse): string {
  switch (response.kind) {
    case "chunk":
    case "done":
      return "";
    case "validation_error":
    case "model_error":
    case "internal_error":
      return response.error.code;
    default:
      // @ts-expect-error — "cancelled" is missing
      return assertNever(response);
  }
}

// 3 — tools that Wick runs widen the union, and only they; input is typed from the schema.
const schema = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (v: unknown) => v,
    types: { input: { city: "" }, output: { city: "" } },
  },
} as const;
const weather = tool({
  name: "weather",
  description: "Weather of a city",
  parameters: schema,
  needsApproval: true,
  execute: async ({ city }, { signal }) => (await fetch(`https://w/${city.trim()}`, { signal })).text(),
});
const plain: FunctionTool = { type: "function", function: { name: "f", parameters: { type: "object" } } };
export async function agent(model: Model, messages: Message[]): Promise<void> {
  await using stream = model.chat.stream({ messages, tools: [weather], maxToolRounds: 4 });
  for await (const response of stream) {
    switch (response.kind) {
      case "chunk":
        write(response.choices[0].delta.content ?? "");
        break;
      case "agentic_tool_call_progress":
        switch (response.phase.kind) {
          case "calling":
            write(JSON.stringify(response.input));
            break;
          case "output":
            write(response.phase.delta);
            break;
          case "complete":
            write(response.phase.output);
            break;
          case "failed":
            write(response.phase.error.message);
            break;
          case "denied":
            break;
          default:
            assertNever(response.phase);
        }
        break;
      case "agentic_tool_approval_required":
        if (await ask(`${response.toolName}?`)) await stream.approve(response.approvalId, { remember: true });
        else await stream.deny(response.approvalId, { reason: "no" });
        break;
      case "done":
        messages.push(...(response.completion.transcript ?? []));
        break;
      case "validation_error":
      case "model_error":
      case "internal_error":
      case "cancelled":
        break;
      default:
        assertNever(response);
    }
  }
}
export async function agentForgotten(model: Model): Promise<void> {
  for await (const response of model.chat.stream({ messages: [], tools: [weather] })) {
    switch (response.kind) {
      case "chunk":
      case "done":
      case "validation_error":
      case "model_error":
      case "internal_error":
      case "cancelled":
        break;
      default:
        // @ts-expect-error — a tool loop has two more kinds
        assertNever(response);
    }
  }
}
// Calls handed back to the program need no agentic arms; a plain stream has nothing to approve.
export const handedBack = (model: Model): ResponseStream<ChatResponse> =>
  model.chat.stream({ messages: [], tools: [plain] });
// @ts-expect-error — no approve() here
export const nothingToApprove = (model: Model) => model.chat.stream({ messages: [], tools: [plain] }).approve("x");

// 4 — prompt_progress is there when asked for, and only then.
export async function progress(model: Model, wanted: boolean): Promise<void> {
  for await (const r of model.chat.stream({ messages: [], promptProgress: true }))
    if (r.kind === "prompt_progress") write(`${r.processed}/${r.total}`);
  for await (const r of model.chat.stream({ messages: [], promptProgress: wanted }))
    if (r.kind === "prompt_progress") write(`${r.queuePosition ?? 0}`);
  // @ts-expect-error — not asked for: the comparison has no overlap
  for await (const r of model.chat.stream({ messages: [] })) if (r.kind === "prompt_progress") write("");
}

// 5 — typos, null and wrong roles in a request are errors, in spite of the generic.
export function typos(model: Model): void {
  // @ts-expect-error — a typo
  model.chat.stream({ messages: [], temprature: 0.5 });
  // @ts-expect-error — null is no value
  model.chat.stream({ messages: [], temperature: null });
  // @ts-expect-error — developer is no role
  model.chat.stream({ messages: [{ role: "developer", content: "x" }] });
  // @ts-expect-error — names follow Mistral's client
  model.chat.stream({ messages: [], max_tokens: 5 });
  const options: { temperature?: number } = {};
  const stop: string[] | undefined = undefined;
  model.chat.stream({ messages: [], temperature: options.temperature, stop }); // undefined is "not set", also under exactOptionalPropertyTypes
}

// 6 — a request built elsewhere, helpers over the narrow union, covariance.
const request: ChatRequest = { messages: [{ role: "system", content: "Be brief." }], randomSeed: 7 };
// @ts-expect-error — a plain request takes no executable tool: write AgentRequest
const wrong: ChatRequest = { messages: [], tools: [weather] };
export const show = (model: Model): Promise<string> => collect(model.chat.stream(request));
async function collect(stream: AsyncIterable<AgentResponse>): Promise<string> {
  let text = "";
  for await (const r of stream) if (r.kind === "chunk") text += r.choices[0].delta.content ?? "";
  return text;
}

// 7 — many turns: what came out goes back in.
export async function turns(model: Model): Promise<void> {
  const messages: Message[] = [{ role: "user", content: "Hi" }];
  const {
    choices: [{ message, finishReason }],
  } = await model.chat.complete({ messages, tools: [plain] });
  messages.push(message);
  if (finishReason === "tool_calls")
    for (const call of message.toolCalls ?? [])
      messages.push({ role: "tool", toolCallId: call.id, content: call.function.arguments });
  const back: AssistantMessage = { ...message, prefix: true };
  messages.push(back);
}

// 8 — errors: values in the loop, one class outside it.
export async function failing(model: Model, signal: AbortSignal): Promise<string> {
  try {
    return (await model.chat.complete(request, { signal, timeoutMs: 5_000 })).choices[0].message.content;
  } catch (error) {
    if (!WickError.isInstance(error)) throw error;
    if (error.code === "cancelled" || error.name === "AbortError") return error.partialText;
    if (error.code === "rate_limited") write(`again in ${error.info.retryAfterMs ?? 0} ms`);
    // @ts-expect-error — no such code
    if (error.code === "rate_limit") return "";
    return error.partial?.object === "chat.completion" ? error.partial.choices[0].message.content : error.partialText;
  }
}

// 9 — loop, then final(); text(); a label, because `break` in a switch does not leave the loop.
export async function ends(model: Model): Promise<ChatCompletion> {
  const stream = model.chat.stream(request);
  let seen = 0;
  reading: for await (const response of stream) {
    switch (response.kind) {
      case "chunk":
        if (++seen === 3) break reading;
        break;
      default:
        if (isTerminal(response)) write(response.kind);
    }
  }
  for await (const piece of model.chat.stream(request).text()) write(piece);
  return stream.final();
}

// 10 — raw completion and fill-in-the-middle: their own narrow union, their own partial.
export async function fim(model: Model): Promise<Completion> {
  for await (const r of model.completions.stream({ prompt: "Once" })) {
    switch (r.kind) {
      case "completion_chunk":
        write(r.choices[0].text);
        break;
      case "completion_done":
        write(r.completion.choices[0].text);
        break;
      case "completion_model_error":
      case "internal_error":
      case "cancelled":
        write(r.partial.choices[0].text);
        break;
      case "validation_error":
        break;
      default:
        assertNever(r);
    }
  }
  return model.fim.stream({ prompt: "def f(", suffix: "return x" }).final();
}

// 11 — a Worker and its page. `Response` below is fetch's: never import Wick's under that name.
export const worker = {
  async fetch(incoming: Request): Promise<Response> {
    const { messages } = (await incoming.json()) as { messages: Message[] };
    const model = Model.connect({ provider: "mistral", model: "mistral-small-latest", apiKey: () => "key" });
    const stream = model.chat.stream({ messages }, { signal: incoming.signal });
    return incoming.headers.has("x-raw")
      ? new Response(stream.toServerSentEvents())
      : stream.toResponse({ headers: { "x-a": "b" } });
  },
};
export async function page(signal: AbortSignal): Promise<void> {
  for await (const r of readResponses(await fetch("/chat", { method: "POST", signal })))
    if (r.kind === "chunk") write(r.choices[0].delta.content ?? "");
}

// 12 — structured output.
export async function structured(model: Model): Promise<string> {
  const { parsed, usage } = await model.chat.parse(request, schema);
  const stream = model.chat.parseStream(request, schema);
  for await (const partial of stream.partials()) write(partial.city ?? "");
  return parsed.city.toUpperCase() + (await stream.final()).parsed.city + (usage?.totalTokens ?? 0);
}

// 13 — a log hook: an event's fields are there where `event` says so, and the switch is exhaustive.
export async function logged(): Promise<void> {
  const onLog = (entry: LogEntry): number | string => {
    switch (entry.event) {
      case "model_loaded":
        return entry.kvMemoryBytes;
      case "load_warning":
        return entry.warning;
      case "engine_failed":
        return entry.panic ?? entry.errorCode;
      case "draft_failed":
        return `${entry.errorCode} ${entry.error}`;
      case "request_ended":
        return entry.completionTokens;
      case "request_accepted":
      case "request_begun":
      case "queue_full":
      case "sequence_preempted":
      case "sequence_resumed":
        return entry.request;
      case "model_closed":
      case "cache_evicted":
      case "kv_growth_failed":
      case "step_failed":
        return `${entry.atMs} ${entry.level} ${entry.message}`;
      default:
        return assertNever(entry);
    }
  };
  await using model = await Model.load("./model.gguf", { onLog, logLevel: "debug" });
  write(model.info.id);
}

// 14 — type laws: kinds are partitioned, narrow unions are exact, and what crosses a wire is JSON.
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type IsJson<T> = T extends JsonValue
  ? true
  : T extends (...a: never[]) => unknown
    ? false
    : T extends bigint | symbol | undefined | ArrayBufferView
      ? false
      : T extends readonly (infer E)[]
        ? IsJson<E>
        : T extends object
          ? { [K in keyof T]-?: IsJson<Exclude<T[K], undefined>> }[keyof T]
          : false;
type AllJson<T> = false extends IsJson<T> ? false : true;
const laws: [
  Equal<
    Kind,
    AgentResponse["kind"] | CompletionResponse["kind"] | EmbeddingResponse["kind"] | "prompt_progress" | "raw"
  >,
  Equal<Extract<ChatResponse, { kind: "cancelled" }>["partial"], ChatCompletion>,
  Equal<Extract<CompletionResponse, { kind: "internal_error" }>["partial"], Completion>,
  ChatResponse extends WickResponse ? true : false,
  AllJson<AgentResponse | CompletionResponse | EmbeddingResponse>,
  AllJson<{ kind: "x"; approve: () => void }>,
] = [true, true, true, true, true, false];
export { laws, wrong };
