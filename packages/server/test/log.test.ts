// oxlint-disable vitest/valid-expect -- a message says which round of a loop it was.
// oxlint-disable vitest/no-conditional-expect -- what is expected of one differs from what is of another.

// What the log and the metrics tell, and what they never do: text of prompts and answers, keys, and anything that begins a line.

import { describe, expect, test } from "vitest";
import { Model } from "wick";
import { demoModel } from "@wick/demo-model";
import { scriptedModel } from "wick/testing";
import { eventually } from "../../../test/conformance/chunks.ts";
import { capital } from "./support/questions.ts";
import { RawConnection } from "./support/raw-connection.ts";
import { listeningServer } from "./support/running-server.ts";
import { testServer } from "./support/test-server.ts";

const chat = "/v1/chat/completions";
const key = "sk-canarykey-0123456789";
/** Words that stand in prompts, in answers, and in other places of a request. */
const canaries = ["canaryprompt", "canaryanswer", "canarythought", "canaryargument", "canaryfield", "canarykey"];
const [prompt, answer, thought, argument, field] = canaries as [string, string, string, string, string, string];
const messages = [{ role: "user", content: `Say ${prompt}.` }];

/** All that a request can be. Some are wrong, each in its way. */
const requests: [string, object][] = [
  [chat, { messages }],
  [chat, { messages, stream: true }],
  [chat, { messages, n: 2, logprobs: true, top_logprobs: 2 }],
  [`${chat}?format=wick`, { messages }],
  [chat, { messages, temperature: `${field}` }],
  [chat, { messages, response_format: { type: field } }],
  [chat, { messages, reasoning_effort: field }],
  [chat, { messages: [{ role: field, content: prompt }] }],
  [chat, { messages: [{ role: "user", content: [{ type: field, text: prompt }] }] }],
  [chat, { messages: [{ role: "user", content: { text: prompt } }] }],
  [chat, { messages: [{ role: "tool", tool_call_id: field, content: prompt }] }],
  [chat, { messages, stop: [prompt, ""] }],
  [chat, { messages, model: field }],
  [chat, { messages, user: field, metadata: { a: field } }],
  [chat, { messages, guided_regex: field }],
  [chat, { messages, tools: [{ type: "function", function: { name: `${field}!` } }] }],
  [chat, { messages, tool_choice: { type: "function", function: { name: field } } }],
  [chat, { messages, chat_template_kwargs: { tokenize: field } }],
  ["/v1/completions", { prompt }],
  ["/v1/completions", { prompt: [prompt, prompt], stream: true, echo: true }],
  ["/v1/completions", { prompt: [prompt, 1] }],
  ["/v1/fim/completions", { prompt, suffix: prompt }],
  ["/v1/embeddings", { input: [prompt] }],
  ["/v1/embeddings", { input: [prompt, ""] }],
  ["/v1/responses", { input: prompt, instructions: prompt, metadata: { a: field } }],
  ["/v1/responses", { input: prompt, stream: true, store: false }],
  ["/v1/responses", { input: prompt, background: true }],
  ["/v1/responses", { input: prompt, previous_response_id: field }],
  ["/v1/messages", { messages, max_tokens: 9, system: prompt }],
  ["/v1/messages", { messages, max_tokens: 9, stream: true }],
  ["/v1/messages", { messages, max_tokens: field }],
  ["/v1/messages/count_tokens", { messages }],
  ["/v1/tokenize", { prompt }],
  ["/v1/tokenize", { messages }],
];
const call = { id: "call12345", type: "function" as const, function: { name: "f", arguments: `{"a":"${argument}"}` } };
const ends = [
  undefined,
  { kind: "model_error", after: 2, error: { code: "numeric_error" } },
  { kind: "internal_error", after: 1, error: { code: "engine_failed" } },
  { kind: "validation_error", error: { code: "queue_full" } },
] as const;

test("nothing of a request or an answer is in any line of the log, in the metrics, or in an error", async () => {
  const replies = (_: unknown, index: number) => ({
    text: [answer, " and ", answer],
    reasoning: thought,
    toolCalls: [call],
    end: ends[index % ends.length],
  });
  const model = scriptedModel({ replies, embeddings: (input) => [input.length, 1] });
  await using server = await listeningServer(model, { apiKeys: [key], metrics: true });
  const wrong: string[] = [];
  for (let round = 0; round < ends.length; round += 1) {
    for (const [address, body] of requests) {
      const got = await server.post(address, body, { authorization: `Bearer ${key}` });
      // The partial answer is the one place that has text, and it has the answer's.
      const { partial: _, ...error } = { ...(got.json as { partial?: object }) };
      if (got.status !== 200) wrong.push(`${address} ${JSON.stringify(error)}`);
    }
    // So that the replies are told to others.
    await server.post(chat, { messages }, { authorization: `Bearer ${key}` });
  }
  await server.post(chat, { messages }, { authorization: `Bearer ${key}x` });
  await server.get(`/v1/models?${prompt}=${key}`, { authorization: `Bearer ${key}` });
  await server.get(`/${prompt}`, {
    authorization: `Bearer ${key}`,
    referer: `http://localhost/${prompt}`,
    cookie: prompt,
  });
  const metrics = await server.get("/metrics", { authorization: `Bearer ${key}` });
  expect(metrics.status).toBe(200);
  expect(server.lines.length).toBeGreaterThan(requests.length * ends.length);
  expect(wrong.length).toBeGreaterThan(20);
  for (const canary of canaries) {
    expect(
      server.lines.filter((line) => line.includes(canary)),
      canary,
    ).toEqual([]);
    expect(
      wrong.filter((line) => line.includes(canary)),
      canary,
    ).toEqual([]);
    expect(metrics.text).not.toContain(canary);
  }
});

test("nor what a real engine refuses", async () => {
  await using model = await Model.load(demoModel());
  await using server = await listeningServer(model);
  const wrong = [
    { messages: [{ role: "user", content: `${prompt} `.repeat(3000) }] },
    { messages, response_format: { type: "json_schema", json_schema: { name: "a", schema: { type: "nonsense" } } } },
    {
      messages,
      tools: [
        {
          type: "function",
          function: { name: "a", parameters: { type: "object", properties: { a: { $ref: "#/nonsense" } } } },
        },
      ],
      tool_choice: "required",
    },
    { messages: [...messages, { role: "tool", tool_call_id: prompt, content: prompt }] },
    { messages, max_tokens: 2, logit_bias: { 99999: 1 } },
  ];
  for (const body of wrong) {
    const { status, text } = await server.post(chat, body);
    expect(status).toBe(400);
    expect(text).not.toContain(prompt);
  }
  expect(server.lines.join("")).not.toContain(prompt);
});

describe("an entry", () => {
  test("of an answer has its figures", async () => {
    await using model = await Model.load(demoModel());
    const server = testServer(model, { apiKeys: [{ name: "ci", key }] }, { authorization: `Bearer ${key}` });
    for (const stream of [false, true]) {
      const { headers } = await server.post(chat, { ...capital, stream });
      expect(server.log.at(-1)).toEqual({
        event: "request_ended",
        requestId: headers.get("x-request-id"),
        method: "POST",
        route: chat,
        status: 200,
        durationMs: expect.any(Number),
        caller: "ci",
        model: "demo",
        responseId: expect.stringMatching(/^chatcmpl-/),
        isStreamed: stream,
        end: "done",
        usage: { promptTokens: 16, completionTokens: 10, totalTokens: 26, cachedTokens: expect.any(Number) },
        firstTokenMs: expect.any(Number),
      });
    }
    const entry = server.log.at(-1);
    if (entry?.event === "request_ended") expect(entry.firstTokenMs).toBeLessThanOrEqual(entry.durationMs);
    await server.get("/v1/models/demo");
    expect(server.log.at(-1)).toMatchObject({ method: "GET", route: "/v1/models/:model", status: 200 });
    expect(server.log.at(-1)).not.toHaveProperty("isStreamed");
  });

  test("is one for each request, whatever becomes of it", async () => {
    const server = testServer(scriptedModel({ replies: ["Yes."] }));
    await server.get("/health");
    await server.get("/nope");
    await server.ask("OPTIONS", "/v1/models");
    await server.ask("HEAD", "/v1/models");
    await server.post(chat, "{");
    await server.post(chat, { messages });
    await server.get("/v1/models", { host: "evil.example" });
    expect(server.log.map((entry) => entry.event === "request_ended" && [entry.status, entry.errorCode])).toEqual([
      [200, undefined],
      [404, "not_found"],
      [204, undefined],
      [200, undefined],
      [400, "invalid_request"],
      [200, undefined],
      [403, "forbidden_host"],
    ]);
    expect(new Set(server.log.map((entry) => "requestId" in entry && entry.requestId)).size).toBe(7);
  });

  test("is a warning where the server failed, else for information", async () => {
    const replies = [{ end: { kind: "internal_error", error: { code: "internal" } } }] as const;
    await using server = await listeningServer(scriptedModel({ replies }));
    await server.post(chat, { messages });
    await server.get("/nope");
    const ended = server.entries().filter(({ event }) => event === "request_ended");
    expect(ended.map(({ level }) => level)).toEqual([40, 30]);
  });
});

describe("what comes from outside", () => {
  const injected = 'evil\r\n{"level":60,"event":"request_ended","forged":true}\r\n\u2028\u001b[2J';

  test("cannot begin a line: neither a model's name, nor an address, nor the id of a request", async () => {
    await using server = await listeningServer(scriptedModel({ replies: ["Yes."] }));
    await server.post(chat, { messages, model: injected });
    await server.post(chat, { messages, user: injected, metadata: { [injected]: injected } });
    await server.get(`/v1/models/${encodeURIComponent(injected)}`);
    await server.get(`/${encodeURIComponent(injected)}`);
    using connection = await RawConnection.open(server.port);
    connection.send(
      "GET /health HTTP/1.1\r\nhost: localhost\r\nx-request-id: evil\u000b{}\r\nconnection: close\r\n\r\n",
    );
    await connection.closed();
    await eventually(() => server.lines.length >= 4);
    for (const line of server.lines) {
      expect(line).toMatch(/^\{[^\r\n\p{Cc}\u2028]*\}\n$/u);
      expect(JSON.parse(line)).not.toHaveProperty("forged");
      expect(line).not.toContain("evil");
    }
  });

  test.each([
    ["abc-123", true],
    ["a.b:c_d-e", true],
    ["A".repeat(128), true],
    ["A".repeat(129), false],
    ["", false],
    ["a b", false],
    ["a\tb", false],
    ['a"b', false],
    ["<script>", false],
    ["é", false],
    ["a/b", false],
  ])("as the id of a request, %j, is taken: %s", async (id, isTaken) => {
    const server = testServer(scriptedModel({ replies: ["Yes."] }));
    const { headers } = await server.post(chat, { messages }, { "x-request-id": id });
    const given = headers.get("x-request-id") ?? "";
    if (isTaken) expect(given).toBe(id);
    else expect(given).toMatch(/^req-[\da-f]{32}$/);
    expect(server.log).toMatchObject([{ requestId: given }]);
  });
});
