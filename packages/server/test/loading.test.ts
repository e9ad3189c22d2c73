// oxlint-disable vitest/no-conditional-expect -- what is expected of one differs from what is of another.

// Models that are still loading, and models that never will.

import { describe, expect, test } from "vitest";
import { type Model, WickError } from "wick";
import { scriptedModel } from "wick/testing";
import { testServer } from "./support/test-server.ts";

const body = { messages: [{ role: "user", content: "Hi" }] };
const calls: [string, object][] = [
  ["/v1/chat/completions", body],
  ["/v1/chat/completions", { ...body, stream: true }],
  ["/v1/completions", { prompt: "a" }],
  ["/v1/fim/completions", { prompt: "a" }],
  ["/v1/embeddings", { input: "a" }],
  ["/v1/responses", { input: "a" }],
  ["/v1/messages", { ...body, max_tokens: 1 }],
  ["/v1/messages/count_tokens", body],
  ["/v1/tokenize", { prompt: "a" }],
  ["/v1/detokenize", { tokens: [65] }],
];

/** A load that the test brings to its end. */
function loading() {
  let settle: { loaded(model: Model): void; failed(error: Error): void } | undefined;
  const model = new Promise<Model>((resolve, reject) => {
    settle = { loaded: resolve, failed: reject };
  });
  if (settle === undefined) throw new Error("A promise is made at once.");
  return { model, ...settle };
}

/** Lets what has settled be told. */
const told = () => new Promise((resolve) => setTimeout(resolve));

describe("while a model loads", () => {
  test.each(calls)("%s with %j is told to come again, and is answered then", async (address, question) => {
    const { model, loaded } = loading();
    const server = testServer({ demo: model });
    const early = await server.post(address, question);
    expect(early.status).toBe(503);
    expect(early.headers.get("retry-after")).toBe("2");
    expect(early.headers.get("x-should-retry")).toBe("true");
    if (address.startsWith("/v1/messages")) expect(early.json).toMatchObject({ error: { type: "overloaded_error" } });
    else expect(early.json).toMatchObject({ error: { code: "busy", type: "server_error", param: "model" } });
    loaded(scriptedModel({ replies: ["Yes."], embeddings: () => [1] }));
    await told();
    expect(await server.post(address, question)).toMatchObject({ status: 200 });
  });

  test("others answer, /health says so, and the list has those that are ready", async () => {
    const { model, loaded } = loading();
    const server = testServer({ slow: model, quick: scriptedModel({ replies: ["Yes."] }) });
    expect(await server.post("/v1/chat/completions", { ...body, model: "quick" })).toMatchObject({ status: 200 });
    const health = await server.get("/health");
    expect(health).toMatchObject({
      status: 503,
      json: { status: "loading", models: { slow: "loading", quick: "ok" } },
    });
    expect(health.headers.get("retry-after")).toBe("2");
    expect(await server.get("/v1/models")).toMatchObject({ json: { data: [{ id: "quick" }] } });
    expect(await server.get("/v1/models/slow")).toMatchObject({ status: 503, json: { error: { code: "busy" } } });
    loaded(scriptedModel({ replies: ["No."] }));
    await told();
    expect(await server.get("/health")).toMatchObject({
      status: 200,
      json: { status: "ok", models: { slow: "ok", quick: "ok" } },
    });
    expect(await server.get("/v1/models")).toMatchObject({ json: { data: [{ id: "slow" }, { id: "quick" }] } });
  });
});

describe("a model that could not be loaded", () => {
  const error = new WickError({
    code: "model_invalid",
    message: "The file ends early.",
    where: "byte 4096",
    retryable: false,
  });

  test.each(calls)("%s with %j says why, and not to come again", async (address, question) => {
    const { model, failed } = loading();
    const server = testServer({ demo: model });
    failed(error);
    await told();
    const answer = await server.post(address, question);
    expect(answer.status).toBe(503);
    expect(answer.headers.get("x-should-retry")).toBe("false");
    expect(answer.headers.get("retry-after")).toBeNull();
    if (!address.startsWith("/v1/messages"))
      expect(answer.json).toMatchObject({ error: { code: "model_invalid", param: "model" } });
    expect(answer.text).toContain("The file ends early.");
  });

  test("is told by /health, and is the others' business not at all", async () => {
    const { model, failed } = loading();
    const server = testServer({ broken: model, fine: scriptedModel({ replies: ["Yes."] }) });
    failed(error);
    await told();
    const health = { status: "failed", models: { broken: "failed", fine: "ok" } };
    expect(await server.get("/health")).toMatchObject({ status: 503, json: health });
    expect(await server.get("/v1/models")).toMatchObject({ json: { data: [{ id: "fine" }] } });
    expect(await server.post("/v1/chat/completions", { ...body, model: "fine" })).toMatchObject({ status: 200 });
  });

  test("by a bug says no more than that, neither its message nor where", async () => {
    const { model, failed } = loading();
    const server = testServer({ demo: model });
    const bug = new TypeError("cannot read /home/secret/model.gguf");
    failed(bug);
    await told();
    const answer = await server.post("/v1/chat/completions", body);
    expect(answer).toMatchObject({ status: 503, json: { error: { code: "internal" } } });
    expect(answer.text).not.toMatch(/secret|TypeError|\bat \//);
    // As the answer says: under its id.
    const reason = server.log.find(({ event }) => event === "request_failed");
    expect(reason).toMatchObject({ requestId: answer.headers.get("x-request-id"), error: bug });
    expect((await server.get("/health")).text).not.toContain("secret");
  });
});

describe("a server", () => {
  test("without a model is the program's mistake", () => {
    expect(() => testServer({})).toThrow(/at least one model/);
  });

  test("with a limit that is none is the program's mistake", () => {
    const model = scriptedModel({ replies: [] });
    for (const limits of [
      { bodyBytes: 0 },
      { bodyMs: -1 },
      { jsonDepth: NaN },
      { liveRequests: Infinity },
      { bodyBites: 1 },
    ]) {
      expect(() => testServer(model, { limits })).toThrow(TypeError);
    }
    expect(() => testServer(model, { limits: undefined })).not.toThrow();
  });

  test("answers while it has its models closed under it: each says so", async () => {
    const model = scriptedModel({ replies: ["Yes."] });
    const server = testServer(model);
    await model.close();
    expect(await server.post("/v1/chat/completions", body)).toMatchObject({
      status: 503,
      json: { error: { code: "engine_closed" } },
    });
    expect(await server.post("/v1/tokenize", { prompt: "a" })).toMatchObject({ status: 503 });
    expect(await server.get("/health")).toMatchObject({ status: 503, json: { status: "failed" } });
  });
});
