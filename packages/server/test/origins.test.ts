// Which pages may ask.

import { describe, expect, test } from "vitest";
import { scriptedModel } from "wick/testing";
import { testServer } from "./support/test-server.ts";

const page = "https://app.example";
const evil = "https://evil.example";
const chat = { messages: [{ role: "user", content: "Hi" }] };
const reply = scriptedModel({ replies: ["Yes."] });

/** The headers by which a browser lets a page read an answer. */
function corsOf(headers: Headers): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => name.startsWith("access-control-")));
}

describe("a page of a foreign origin", () => {
  test.each([
    evil,
    "null",
    "http://app.example",
    "https://app.example:8443",
    "https://app.example.evil",
    "https://sub.app.example",
    "https://app.example/",
    "HTTPS://APP.EXAMPLE",
    "file://",
    "http://localhost:5173",
    "http://127.0.0.1.evil",
    "",
  ])("%j is refused, and may not read that", async (origin) => {
    const model = scriptedModel({ replies: ["Yes."] });
    const server = testServer(model, { allowedOrigins: [page] });
    for (const answer of [
      await server.post("/v1/chat/completions", chat, { origin }),
      await server.post("/v1/chat/completions", { ...chat, stream: true }, { origin }),
      await server.get("/v1/models", { origin }),
      await server.get("/health", { origin }),
      await server.get("/nope", { origin }),
    ]) {
      expect(answer).toMatchObject({
        status: 403,
        json: { error: { code: "forbidden_host", param: "headers.origin" } },
      });
      expect(corsOf(answer.headers)).toEqual({});
    }
    expect(model.calls).toHaveLength(0);
  });

  test("that sends a form, which browsers let through without asking, is refused by its origin and by its type", async () => {
    const model = scriptedModel({ replies: ["Yes."] });
    const server = testServer(model, { allowedOrigins: [page] });
    const body = JSON.stringify(chat);
    for (const type of [
      "text/plain",
      "text/plain;charset=UTF-8",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
    ]) {
      const headers = { "content-type": type };
      const foreign = await server.post("/v1/chat/completions", body, { ...headers, origin: evil });
      expect(foreign).toMatchObject({ status: 403 });
      // Without an Origin, as old browsers send forms.
      expect(await server.post("/v1/chat/completions", body, headers)).toMatchObject({ status: 415 });
    }
    expect(model.calls).toHaveLength(0);
  });

  test("is refused its preflight", async () => {
    const server = testServer(reply, { allowedOrigins: [page] });
    const headers = {
      origin: evil,
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type",
    };
    const answer = await server.ask("OPTIONS", "/v1/chat/completions", { headers });
    expect(answer).toMatchObject({ status: 403 });
    expect(corsOf(answer.headers)).toEqual({});
  });

  test("is refused where nothing is allowed, which is the default", async () => {
    const answer = await testServer(reply).get("/v1/models", { origin: page });
    expect(answer).toMatchObject({ status: 403 });
    expect(corsOf(answer.headers)).toEqual({});
  });
});

describe("a page on the list", () => {
  const server = testServer(scriptedModel({ replies: ["Yes."] }), { allowedOrigins: [page, "http://localhost:5173/"] });

  test("asks first, and is told what it may send", async () => {
    const asked = "authorization, content-type, x-stainless-lang";
    const headers = { origin: page, "access-control-request-method": "POST", "access-control-request-headers": asked };
    const answer = await server.ask("OPTIONS", "/v1/chat/completions", { headers });
    expect(answer).toMatchObject({ status: 204, text: "" });
    expect(corsOf(answer.headers)).toMatchObject({
      "access-control-allow-origin": page,
      "access-control-allow-methods": expect.stringContaining("POST"),
      "access-control-allow-headers": asked,
    });
    expect(corsOf(answer.headers)).not.toHaveProperty("access-control-allow-credentials");
    expect(answer.headers.get("vary")).toMatch(/\borigin\b/i);
  });

  test("asks first without a key, since browsers send none then", async () => {
    const guarded = testServer(reply, { allowedOrigins: [page], apiKeys: ["sk-0123456789abcdef"] });
    const headers = { origin: page, "access-control-request-method": "POST" };
    expect(await guarded.ask("OPTIONS", "/v1/chat/completions", { headers })).toMatchObject({ status: 204 });
    expect(await guarded.post("/v1/chat/completions", chat, { origin: page })).toMatchObject({ status: 401 });
  });

  const failing = testServer(
    scriptedModel({
      replies: [{ text: ["A", "B"], end: { kind: "model_error", after: 1, error: { code: "numeric_error" } } }],
    }),
    { allowedOrigins: [page] },
  );
  const guarded = testServer(reply, { allowedOrigins: [page], apiKeys: ["sk-0123456789abcdef"] });
  test.each([
    ["an answer", 200, () => server.post("/v1/chat/completions", chat, { origin: page })],
    ["a stream", 200, () => server.post("/v1/chat/completions", { ...chat, stream: true }, { origin: page })],
    ["a list", 200, () => server.get("/v1/models", { origin: page })],
    ["/health", 200, () => server.get("/health", { origin: page })],
    ["a wrong request", 400, () => server.post("/v1/chat/completions", {}, { origin: page })],
    ["a wrong address", 404, () => server.get("/nope", { origin: page })],
    ["a wrong method", 405, () => server.get("/v1/chat/completions", { origin: page })],
    ["a model that fails", 500, () => failing.post("/v1/chat/completions", chat, { origin: page })],
    ["no key", 401, () => guarded.post("/v1/chat/completions", chat, { origin: page })],
    ["an error as Anthropic has it", 400, () => server.post("/v1/messages", {}, { origin: page })],
  ])("may read %s, and when to come again", async (_, status, ask) => {
    const answer = await ask();
    expect(answer.status).toBe(status);
    expect(corsOf(answer.headers)).toEqual({
      "access-control-allow-origin": page,
      "access-control-expose-headers": expect.stringMatching(/(?=.*retry-after)(?=.*x-request-id)/),
    });
    expect(answer.headers.get("vary")).toMatch(/\borigin\b/i);
  });

  test("may be written with a slash at its end", async () => {
    const answer = await server.get("/v1/models", { origin: "http://localhost:5173" });
    expect(answer.headers.get("access-control-allow-origin")).toBe("http://localhost:5173");
  });
});

describe("who sends no foreign origin", () => {
  const server = testServer(reply);

  test.each(["http://localhost", "https://localhost"])("the server's own pages, %s", async (origin) => {
    const answer = await server.get("/v1/models", { origin, host: "localhost" });
    expect(answer.status).toBe(200);
    expect(corsOf(answer.headers)).toEqual({});
  });

  test("own pages at a port: another port is another origin", async () => {
    const host = "127.0.0.1:8080";
    expect((await server.get("/v1/models", { host, origin: "http://127.0.0.1:8080" })).status).toBe(200);
    expect((await server.get("/v1/models", { host, origin: "http://127.0.0.1:8081" })).status).toBe(403);
    expect((await server.get("/v1/models", { host, origin: "http://localhost:8080" })).status).toBe(403);
  });

  test("programs, which send none: no header of CORS", async () => {
    expect(corsOf((await server.get("/v1/models")).headers)).toEqual({});
    const options = await server.ask("OPTIONS", "/v1/models");
    expect(options.status).toBe(204);
    expect(corsOf(options.headers)).toEqual({});
  });

  test("an origin that is none is the program's mistake, told at once", () => {
    expect(() => testServer(reply, { allowedOrigins: ["app.example"] })).toThrow(TypeError);
  });
});
