import { describe, expect, test } from "vitest";
import type { ChatRequest, ChatResponse, ConnectOptions, Response } from "wick";
import { collect, terminalOf } from "../../../../test/conformance/chunks.js";
import { chunk, done, ended, events, loopbackHost, messages, said, sends } from "./loopback-host.js";

/** What a stream of these bytes becomes. */
async function answered(
  body: string | Uint8Array | readonly Uint8Array[],
  { request = {}, options = {}, headers = events }: Setting = {},
): Promise<ChatResponse[]> {
  const pieces =
    typeof body === "string" ? [new TextEncoder().encode(body)] : body instanceof Uint8Array ? [body] : body;
  await using host = await loopbackHost(async (response) => {
    response.writeHead(200, headers);
    for (const piece of pieces) {
      response.write(piece);
      // Each in a packet of its own.
      if (pieces.length > 1) await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  });
  return await collect(host.connect(options).chat.stream({ messages, ...request }));
}

interface Setting {
  request?: Partial<ChatRequest>;
  options?: Partial<ConnectOptions>;
  headers?: Record<string, string>;
}

/** Content, reasoning and calls, as the chunks have them. */
function deltas(responses: readonly Response[]): unknown[] {
  const withoutRole = (delta: object) => Object.fromEntries(Object.entries(delta).filter(([name]) => name !== "role"));
  return responses.flatMap((response) =>
    response.kind === "chunk" ? response.choices.map(({ delta }) => withoutRole(delta)) : [],
  );
}

function messageOf(responses: readonly ChatResponse[], choice = 0): unknown {
  const terminal = terminalOf(responses);
  if (terminal.kind !== "done") throw new Error(JSON.stringify(terminal));
  return terminal.completion.choices[choice]?.message;
}

const upstreamOf = (responses: readonly Response[]) =>
  responses.flatMap((response) => (response.kind === "chunk" ? (response.upstream ?? []) : []));

const hello = said("Hel") + said("lo €😀") + ended() + done;
const bytes = new TextEncoder().encode(hello);

function cutAt(...places: number[]): Uint8Array[] {
  return [0, ...places].map((from, index) => bytes.slice(from, places[index] ?? bytes.length));
}

describe("1, 2: however the bytes are cut", () => {
  const oneByOne = Array.from(bytes, (_, at) => bytes.slice(at, at + 1));
  const bom = "\uFEFF";

  test.each<[string, string | readonly Uint8Array[]]>([
    ["as sent", hello],
    ["with CRLF", hello.replaceAll("\n", "\r\n")],
    ["with CR", hello.replaceAll("\n", "\r")],
    ["byte by byte", oneByOne],
    ["with a byte order mark", bom + hello],
    ["with a byte order mark that is cut", [new Uint8Array([0xef]), new Uint8Array([0xbb, 0xbf]), bytes]],
    ["with comments", `: ping\n\n${hello.replaceAll("data:", ": keep alive\n\ndata:")}`],
    ["without spaces", hello.replaceAll("data: ", "data:")],
    ["with more spaces", hello.replaceAll("data: [DONE]", "data:   [DONE]  ")],
    ["in several lines of data", hello.replaceAll(',"object"', ',\ndata: "object"')],
    ["with ids and retries", `retry: 10\n\n${hello.replaceAll("data:", "id: 7\ndata:")}`],
    ["with events without data", `event: ping\n\n${hello}`],
    ["with empty data", `data:\n\n${hello}data: \n\n`],
    ["with unknown fields", `x: y\nz\n${hello}`],
    ["cut within a character", cutAt(bytes.indexOf(0xe2) + 1, bytes.indexOf(0xf0) + 2)],
  ])("%s", async (_, body) => {
    const responses = await answered(body);
    expect(deltas(responses)).toEqual([{ content: "Hel" }, { content: "lo €😀" }, {}]);
    expect(messageOf(responses)).toEqual({ role: "assistant", content: "Hello €😀" });
  });

  test("a byte order mark later on is data", async () => {
    const responses = await answered(said("a") + said("\uFEFFb") + ended() + done);
    expect(messageOf(responses)).toMatchObject({ content: "a\uFEFFb" });
  });

  test("bytes that are no UTF-8 are U+FFFD", async () => {
    const [head = "", tail = ""] = (said("a#b") + ended() + done).split("#");
    const responses = await answered(Buffer.concat([Buffer.from(head), Buffer.from([0xff]), Buffer.from(tail)]));
    expect(messageOf(responses)).toMatchObject({ content: "a\uFFFDb" });
  });
});

describe("3, 4: the end", () => {
  test("the last event without an empty line is delivered", async () => {
    const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
    const last = chunk({ index: 0, delta: {}, finish_reason: "length" }, { usage }).trimEnd();
    const responses = await answered(said("a") + last);
    expect(terminalOf(responses)).toMatchObject({
      kind: "done",
      completion: {
        choices: [{ finishReason: "length" }],
        usage: { promptTokens: 1, completionTokens: 2, totalTokens: 3 },
      },
    });
  });

  test("of a body that is cut anywhere is stream_truncated, with what was delivered", async () => {
    const endsAt = hello.indexOf(ended()) + ended().trimEnd().length;
    for (let at = 0; at < endsAt; at += 7) {
      const responses = await answered(bytes.slice(0, at));
      const terminal = terminalOf(responses);
      const text = deltas(responses).map((delta) => (delta as { content?: string }).content ?? "");
      expect(terminal).toMatchObject({
        kind: "internal_error",
        error: { code: "stream_truncated", retryable: true },
        partial: { choices: [{ message: { content: text.join("") }, finishReason: "error" }] },
      });
    }
  });

  test("a finish reason without [DONE] is enough", async () => {
    expect(messageOf(await answered(said("a") + ended()))).toMatchObject({ content: "a" });
  });

  test("[DONE] without a finish reason, too", async () => {
    const responses = await answered(said("a") + done);
    expect(terminalOf(responses)).toMatchObject({ kind: "done", completion: { choices: [{ finishReason: "stop" }] } });
    expect(responses.at(-2)).toMatchObject({ kind: "chunk", choices: [{ finishReason: "stop" }] });
  });

  test("one of two choices is not", async () => {
    const body = said("a") + said("b", 1) + ended("stop", 1);
    const responses = await answered(body, { request: { n: 2 } });
    expect(terminalOf(responses)).toMatchObject({
      kind: "internal_error",
      error: { code: "stream_truncated" },
      partial: { choices: [{ message: { content: "a" } }, { message: { content: "b" } }] },
    });
  });

  test("nor is one of two, of which the other never came", async () => {
    const responses = await answered(said("a") + ended(), { request: { n: 2 } });
    expect(terminalOf(responses)).toMatchObject({ kind: "internal_error", error: { code: "stream_truncated" } });
    expect(terminalOf(await answered(said("a") + ended() + done, { request: { n: 2 } })).kind).toBe("done");
  });

  test("5: what follows [DONE] is ignored", async () => {
    const responses = await answered(`${hello}${said("more")}data: nonsense\n\n`);
    expect(messageOf(responses)).toMatchObject({ content: "Hello €😀" });
  });
});

describe("6, 7: what is missing", () => {
  test("usage that is null, that comes late, and twice: the last counts, and the end is told once", async () => {
    const usage = (total: number) => ({
      usage: { prompt_tokens: 1, completion_tokens: total - 1, total_tokens: total },
    });
    const body =
      chunk({ index: 0, delta: { content: "a" }, finish_reason: null }, { usage: null }) +
      chunk({ index: 0, delta: {}, finish_reason: "stop" }, usage(5)) +
      `data: ${JSON.stringify({ choices: [], ...usage(9) })}\n\n` +
      `data: ${JSON.stringify({ choices: [], usage: null })}\n\n${done}`;
    const responses = await answered(body);
    expect(responses.filter(({ kind }) => kind === "chunk")).toHaveLength(2);
    expect(responses.at(-2)).toMatchObject({ choices: [{ finishReason: "stop" }], usage: { totalTokens: 9 } });
    expect(terminalOf(responses)).toMatchObject({ completion: { usage: { promptTokens: 1, totalTokens: 9 } } });
  });

  test("a host that says no usage has none", async () => {
    const terminal = terminalOf(await answered(hello));
    expect(terminal.kind === "done" && "usage" in terminal.completion).toBe(false);
  });

  test("the end repeated with the usage is the end", async () => {
    const again = chunk(
      { index: 0, delta: { role: "assistant", content: "" }, finish_reason: "stop" },
      { usage: { prompt_tokens: 1, completion_tokens: 1 } },
    );
    expect(terminalOf(await answered(said("a") + ended() + again + done))).toMatchObject({
      completion: { usage: { totalTokens: 2 } },
    });
  });

  test("details of usage", async () => {
    const usage = {
      prompt_tokens: 9,
      completion_tokens: 5,
      prompt_tokens_details: { cached_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 2 },
    };
    expect(
      terminalOf(await answered(said("a") + chunk({ index: 0, delta: {}, finish_reason: "stop" }, { usage }))),
    ).toMatchObject({
      completion: {
        usage: { promptTokens: 9, completionTokens: 5, totalTokens: 14, cachedTokens: 4, reasoningTokens: 2 },
      },
    });
  });

  test("ids, models, times, indexes and finish reasons", async () => {
    const bare = (choice: object) => `data: ${JSON.stringify({ choices: [choice] })}\n\n`;
    const responses = await answered(bare({ delta: { content: "a" } }) + bare({ delta: {}, finish_reason: "stop" }));
    expect(messageOf(responses)).toMatchObject({ content: "a" });
    expect(responses[0]).toMatchObject({ model: "m", choices: [{ index: 0 }] });
  });

  test("no choices at all, as Azure begins", async () => {
    const filter = { prompt_filter_results: [{ prompt_index: 0 }] };
    const responses = await answered(`data: ${JSON.stringify({ choices: [], ...filter })}\n\n${hello}`);
    expect(responses[0]).toMatchObject({ kind: "chunk", upstream: [filter], choices: [{ delta: { content: "Hel" } }] });
  });
});

describe("8: finish reasons", () => {
  test.each([
    ["stop", "stop"],
    ["length", "length"],
    ["model_length", "length"],
    ["tool_calls", "tool_calls"],
    ["content_filter", "content_filter"],
    ["eos_token", "stop"],
  ])("%s reads %s", async (reason, read) => {
    const responses = await answered(said("a") + ended(reason) + done);
    expect(terminalOf(responses)).toMatchObject({ completion: { choices: [{ finishReason: read }] } });
    const known = upstreamOf(responses);
    expect(known).toEqual(reason === "eos_token" ? [{ finish_reason: "eos_token" }] : []);
  });

  test("error is a model_error with the partial", async () => {
    const responses = await answered(said("a") + ended("error") + done);
    expect(terminalOf(responses)).toMatchObject({
      kind: "model_error",
      partial: { choices: [{ message: { content: "a" } }] },
    });
  });

  test("error beside an error has its words", async () => {
    const last = chunk(
      { index: 0, delta: {}, finish_reason: "error" },
      { error: { message: "out of memory", type: "server_error", code: "oom" } },
    );
    expect(terminalOf(await answered(said("a") + last + done))).toMatchObject({
      kind: "model_error",
      error: { retryable: true, upstream: { message: "out of memory", type: "server_error", code: "oom" } },
      partial: { choices: [{ message: { content: "a" } }] },
    });
  });
});

describe("9, 10: content and reasoning", () => {
  const thinking = (text: string, rest: object = {}) => ({
    type: "thinking",
    thinking: [{ type: "text", text }],
    ...rest,
  });

  test("null, empty, a list of text", async () => {
    const body =
      said(null) +
      said("") +
      said([]) +
      said([
        { type: "text", text: "a" },
        { type: "text", text: "b" },
      ]) +
      ended();
    expect(deltas(await answered(body))).toEqual([{ content: "ab" }, {}]);
  });

  test("thoughts of Mistral's: in pieces, with empty pieces between, closed and signed, then text", async () => {
    const body =
      said([thinking("So")]) +
      said("") +
      said([thinking(" it is.")]) +
      said([thinking("", { closed: true, signature: "sig" }), { type: "text", text: "Four" }]) +
      said(".") +
      ended();
    const responses = await answered(body, { options: { provider: "mistral" } });
    expect(deltas(responses)).toEqual([
      { reasoningContent: "So" },
      { reasoningContent: " it is." },
      { content: "Four" },
      { content: "." },
      {},
    ]);
    expect(messageOf(responses)).toEqual({
      role: "assistant",
      content: "Four.",
      reasoningContent: "So it is.",
      reasoningSignature: "sig",
    });
  });

  test.each(["reasoning_content", "reasoning"])("%s", async (name) => {
    const body = chunk({ index: 0, delta: { [name]: "Hm" }, finish_reason: null }) + said("a") + ended();
    expect(messageOf(await answered(body))).toEqual({ role: "assistant", content: "a", reasoningContent: "Hm" });
  });

  test("both names for the same thoughts", async () => {
    const body =
      chunk({ index: 0, delta: { reasoning_content: "Hm", reasoning: "Hm" }, finish_reason: null }) + ended();
    expect(messageOf(await answered(body))).toMatchObject({ reasoningContent: "Hm" });
  });

  test("unknown parts, unknown fields and unknown events go along in upstream", async () => {
    const reference = { type: "reference", reference_ids: [1] };
    const body =
      said([{ type: "text", text: "a" }, reference]) +
      `event: file_produced\ndata: {"id":"f"}\n\n` +
      `data: {"type":"ping"}\n\n` +
      chunk(
        { index: 0, delta: { content: "b", annotations: [1] }, finish_reason: null, native: "x" },
        { citations: ["u"], p: "abc" },
      ) +
      ended() +
      `data: {"choices":[],"timings":{"ms":1}}\n\n${done}`;
    const responses = await answered(body);
    expect(upstreamOf(responses)).toEqual([
      reference,
      { event: "file_produced", data: { id: "f" } },
      { type: "ping" },
      { citations: ["u"] },
      { choice: 0, annotations: [1] },
      { choice: 0, native: "x" },
      { timings: { ms: 1 } },
    ]);
    expect(messageOf(responses)).toMatchObject({ content: "ab" });
  });

  test("logprobs", async () => {
    const logprobs = {
      content: [{ token: "a", logprob: -0.5, bytes: [97], top_logprobs: [{ token: "a", logprob: -0.5 }] }],
    };
    const body = chunk({ index: 0, delta: { content: "a" }, finish_reason: null, logprobs }) + ended();
    const terminal = terminalOf(await answered(body));
    expect(terminal).toMatchObject({
      completion: {
        choices: [
          {
            logprobs: [
              { token: "a", id: -1, logprob: -0.5, bytes: [97], top: [{ token: "a", id: -1, logprob: -0.5 }] },
            ],
          },
        ],
      },
    });
  });
});

describe("11: tool calls", () => {
  const calls = (...fragments: object[]) => chunk({ index: 0, delta: { tool_calls: fragments }, finish_reason: null });
  const call = (id: string, name: string, given: string) => ({
    id,
    type: "function",
    function: { name, arguments: given },
  });
  const nine = expect.stringMatching(/^[A-Za-z0-9]{9}$/);
  const two = [call("a1", "f", '{"x":1}'), call("b2", "g", "{}")];

  test.each<[string, string, unknown[]]>([
    ["whole, with numbers", calls({ index: 0, ...two[0] }, { index: 1, ...two[1] }), two],
    ["whole, without numbers", calls(...two), two],
    ["whole, all numbered 0", calls({ index: 0, ...two[0] }) + calls({ index: 0, ...two[1] }), two],
    [
      "whole, without numbers and ids",
      calls({ function: { name: "f", arguments: '{"x":1}' } }, { function: { name: "g", arguments: "{}" } }),
      [
        { ...two[0], id: nine },
        { ...two[1], id: nine },
      ],
    ],
    [
      "whole, all numbered 0, without ids",
      calls({ index: 0, function: { name: "f", arguments: '{"x":1}' } }) +
        calls({ index: 0, function: { name: "f", arguments: "{}" } }),
      [{ ...two[0], id: nine }, call(nine, "f", "{}")],
    ],
    [
      "in OpenAI's fragments",
      calls({ index: 0, id: "a1", type: "function", function: { name: "f", arguments: "" } }) +
        calls({ index: 0, function: { arguments: '{"x"' } }) +
        calls({ index: 0, function: { arguments: ":1}" } }) +
        calls({ index: 1, id: "b2", function: { name: "g", arguments: "{}" } }),
      two,
    ],
    [
      "in Mistral's fragments",
      calls({ index: 0, id: "a1", function: { name: "f", arguments: "" } }) +
        calls({ index: 0, id: "null", function: { name: "", arguments: '{"x":1}' } }) +
        calls({ index: 1, id: "b2", function: { name: "g", arguments: "{}" } }),
      two,
    ],
    [
      "interleaved",
      calls(
        { index: 0, id: "a1", function: { name: "f", arguments: '{"x"' } },
        { index: 1, id: "b2", function: { name: "g" } },
      ) + calls({ index: 1, function: { arguments: "{}" } }, { index: 0, function: { arguments: ":1}" } }),
      two,
    ],
    [
      "with the name in each fragment",
      calls({ index: 0, id: "a1", function: { name: "f", arguments: '{"x"' } }) +
        calls({ index: 0, id: "a1", function: { name: "f", arguments: ":1}" } }),
      [two[0]],
    ],
    [
      "with a name in pieces",
      calls({ index: 0, id: "a1", function: { name: "get_" } }) +
        calls({ index: 0, function: { name: "time", arguments: "{}" } }),
      [call("a1", "get_time", "{}")],
    ],
    [
      "with an object of arguments",
      calls({ index: 0, id: "a1", function: { name: "f", arguments: { x: 1 } } }),
      [two[0]],
    ],
    [
      "with a null id",
      calls({ index: 0, id: null, function: { name: "f", arguments: "{}" } }),
      [call(nine, "f", "{}")],
    ],
  ])("%s", async (_, body, expected) => {
    const responses = await answered(body + ended("tool_calls") + done);
    expect(messageOf(responses)).toEqual({ role: "assistant", content: "", toolCalls: expected });
    const pieces = responses.flatMap((response) =>
      response.kind === "chunk" ? (response.choices[0].delta.toolCalls ?? []) : [],
    );
    for (const index of expected.keys()) {
      const own = pieces.filter((piece) => piece.index === index);
      expect(own.filter(({ id }) => id !== undefined)).toHaveLength(1);
      expect(own[0]?.id).toBeDefined();
    }
  });
});

test("12: choices that come one between another", async () => {
  const body = said("a") + said("x", 1) + said("b") + ended("stop") + said("y", 1) + ended("length", 1) + done;
  const responses = await answered(body, { request: { n: 2 } });
  expect(messageOf(responses, 0)).toMatchObject({ content: "ab" });
  expect(messageOf(responses, 1)).toMatchObject({ content: "xy" });
  expect(terminalOf(responses)).toMatchObject({
    completion: { choices: [{ finishReason: "stop" }, { finishReason: "length" }] },
  });
});

describe("13: errors in the middle", () => {
  const words = { message: "boom", type: "t", code: "c" };

  test.each<[string, string, object]>([
    ["{error: {…}}", `data: ${JSON.stringify({ error: words })}\n\n`, words],
    [
      "{error: {…}} with an empty code",
      `data: ${JSON.stringify({ error: { ...words, code: null, param: null } })}\n\n`,
      { message: "boom", type: "t" },
    ],
    ["{error: text}", `data: {"error":"boom","error_type":"t"}\n\n`, { message: "boom", type: "t" }],
    ['{object: "error"}', `data: ${JSON.stringify({ object: "error", ...words })}\n\n`, words],
    ["a number as code", `data: {"error":{"message":"boom","code":500}}\n\n`, { message: "boom", code: "500" }],
    ["an event of that name", `event: error\ndata: ${JSON.stringify(words)}\n\n`, words],
    ["an event of that name with text", "event: error\ndata: boom\n\n", { message: "boom" }],
    ["a field of that name, as llama.cpp's was", `error: ${JSON.stringify(words)}\n\n`, words],
    ["{detail}", `data: {"detail":"boom"}\n\n`, { message: "boom" }],
    ["a list, as Google's", `data: ${JSON.stringify([{ error: words }])}\n\n`, words],
  ])("%s", async (_, body, upstream) => {
    const responses = await answered(said("a") + body + done);
    expect(terminalOf(responses)).toMatchObject({
      kind: "model_error",
      error: { code: "engine_failed", where: "event 2" },
    });
    const terminal = terminalOf(responses);
    expect(terminal.kind === "model_error" && terminal.error.upstream).toEqual(upstream);
    expect(terminal.kind === "model_error" && terminal.partial.choices[0].message.content).toBe("a");
  });

  test.each<[string, string]>([
    ["text that is no JSON", "data: Internal Server Error\n\n"],
    ["a number", "data: 7\n\n"],
    ["choices that are no list", `data: {"choices":{}}\n\n`],
    ["a choice that is no object", `data: {"choices":[7]}\n\n`],
    ["a delta that is no object", chunk({ index: 0, delta: 7 })],
    ["content that is no text", said(7)],
    ["a choice that leaves out others", said("b", 3)],
    ["a negative choice", said("b", -1)],
    ["text after the end", ended() + said("b")],
    ["two ends", ended() + ended("length")],
    ["the same end twice", ended() + ended()],
  ])("%s is stream_protocol, and is kept", async (_, body) => {
    const responses = await answered(said("a") + body + done);
    const terminal = terminalOf(responses);
    expect(terminal).toMatchObject({
      kind: "internal_error",
      error: {
        code: "stream_protocol",
        where: expect.stringMatching(/^event \d$/),
        details: { received: expect.any(String) },
      },
      partial: { choices: [{ message: { content: "a" }, finishReason: "error" }] },
    });
  });

  test("two hundred characters are kept, not more", async () => {
    const terminal = terminalOf(await answered(`data: ${"x".repeat(5000)}\n\n`));
    const received = terminal.kind === "internal_error" ? terminal.error.details?.["received"] : undefined;
    expect(received).toBe("x".repeat(200));
  });
});

describe("14: answers that are no stream", () => {
  const json = { "content-type": "application/json" };
  const completion = {
    id: "c",
    object: "chat.completion",
    created: 1,
    model: "m",
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: "a",
          reasoning_content: "Hm",
          tool_calls: [{ id: "x", type: "function", function: { name: "f", arguments: "{}" } }],
        },
        finish_reason: "tool_calls",
      },
    ],
    usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
  };

  test.each([json, { "content-type": "text/plain" }, events])(
    "a completion under %o is turned into a stream",
    async (headers) => {
      const responses = await answered(JSON.stringify(completion), { headers });
      expect(responses.map(({ kind }) => kind)).toEqual(["chunk", "chunk", "done"]);
      expect(messageOf(responses)).toEqual({
        role: "assistant",
        content: "a",
        reasoningContent: "Hm",
        toolCalls: [{ id: "x", type: "function", function: { name: "f", arguments: "{}" } }],
      });
      expect(terminalOf(responses)).toMatchObject({ completion: { usage: { totalTokens: 3 } } });
    },
  );

  test.each<Record<string, string>>([
    { "content-type": "text/plain" },
    {},
    { "content-type": "application/octet-stream" },
    { "content-type": "Text/Event-Stream;charset=UTF-8" },
  ])("events under %o are read all the same", async (headers) => {
    expect(messageOf(await answered(`\n\n${hello}`, { headers }))).toMatchObject({ content: "Hello €😀" });
  });

  test.each<[string, string, Record<string, string>]>([
    ["a page", "<!doctype html><title>Login</title>", { "content-type": "text/html" }],
    ["text", "Please log in", { "content-type": "text/plain" }],
    ["JSON of another kind", '{"status":"ok"}', json],
    ["half of a JSON value", '{"choices":[{"mess', json],
    ["nothing", "", { "content-type": "text/html" }],
  ])("%s is stream_protocol, and is kept", async (_, body, headers) => {
    const [terminal] = await answered(body, { headers });
    expect(terminal).toMatchObject({
      kind: "internal_error",
      error: { code: "stream_protocol" },
      partial: { choices: [{ index: 0, message: { role: "assistant", content: "" } }] },
    });
    if (body === "" || terminal?.kind !== "internal_error") return;
    expect(terminal.error.details?.["received"]).toBe(body);
  });

  test("a stream without an event is truncated", async () => {
    expect(await answered("")).toMatchObject([{ kind: "internal_error", error: { code: "stream_truncated" } }]);
  });

  test("an error with status 200", async () => {
    expect(await answered('{"error":{"message":"boom"}}', { headers: json })).toMatchObject([
      { kind: "model_error", error: { upstream: { message: "boom" } } },
    ]);
  });
});

test("201 is as good as 200", async () => {
  await using host = await loopbackHost(sends(hello, events, 201));
  expect(messageOf(await collect(host.connect().chat.stream({ messages })))).toMatchObject({ content: "Hello €😀" });
});

describe("19: long events", () => {
  test("of 8 MB, and 2 MB in writes of 1 KB, in linear time", async () => {
    const text = "x".repeat(8 * 1024 * 1024);
    const began = performance.now();
    expect(messageOf(await answered(said(text) + ended()))).toMatchObject({ content: text });
    const event = new TextEncoder().encode(said("y".repeat(2 * 1024 * 1024)) + ended());
    const pieces = Array.from({ length: Math.ceil(event.length / 1024) }, (_, at) =>
      event.slice(at * 1024, (at + 1) * 1024),
    );
    expect(messageOf(await answered(pieces))).toMatchObject({ content: "y".repeat(2 * 1024 * 1024) });
    // Who looks at every byte again and again takes minutes; the figure itself is measured in bench/.
    expect(performance.now() - began).toBeLessThan(20_000);
  });

  test("beyond 16 MiB are stream_protocol, and what came before is kept", async () => {
    const responses = await answered(`${said("a")}data: ${"x".repeat(17 * 1024 * 1024)}`);
    expect(terminalOf(responses)).toMatchObject({
      kind: "internal_error",
      error: { code: "stream_protocol" },
      partial: { choices: [{ message: { content: "a" } }] },
    });
  });

  test("a million empty lines and comments are passed over", async () => {
    const responses = await answered(`${"\n".repeat(1_000_000)}${": x\n".repeat(200_000)}${hello}`);
    expect(messageOf(responses)).toMatchObject({ content: "Hello €😀" });
  });
});
