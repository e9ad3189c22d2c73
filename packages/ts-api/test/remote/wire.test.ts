import { describe, expect, test } from "vitest";
import { collect, terminalOf } from "../../../../test/conformance/chunks.js";
import { chunk, done, ended, events, loopbackHost, messages, said, sends } from "./loopback-host.js";
import { answered, deltas, hello, messageOf, upstreamOf } from "./answered.js";

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

test("12: choices that come one between another", async () => {
  const body = said("a") + said("x", 1) + said("b") + ended("stop") + said("y", 1) + ended("length", 1) + done;
  const responses = await answered(body, { request: { n: 2 } });
  expect(messageOf(responses, 0)).toMatchObject({ content: "ab" });
  expect(messageOf(responses, 1)).toMatchObject({ content: "xy" });
  expect(terminalOf(responses)).toMatchObject({
    completion: { choices: [{ finishReason: "stop" }, { finishReason: "length" }] },
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
