// oxlint-disable vitest/valid-expect -- a message says which round of a loop it was.
// oxlint-disable vitest/no-conditional-expect -- what is expected of one differs from what is of another.

// Addresses and methods that there are not, and what is said of those that there are.

import { describe, expect, test } from "vitest";
import { scriptedModel } from "wick/testing";
import { routes } from "../src/routes.ts";
import { testServer } from "./support/test-server.ts";

const body = { messages: [{ role: "user", content: "Hi" }] };
const server = testServer({
  "org/demo-1": scriptedModel({ replies: ["Yes."] }),
  other: scriptedModel({ replies: ["No."] }),
});
const filled = (path: string) => path.replace(":response", "resp_1").replace(/:model\{.+\}/, "other");
const methodsOf = (path: string) => routes.filter((route) => route.path === path).map(({ method }) => method as string);
const paths = [...new Set(routes.map(({ path }) => path))];

const openAiError = (code: string, type: string) => ({
  error: { code, type, message: expect.any(String), param: null },
  object: "error",
});

describe("an address that there is not", () => {
  test.each([
    "/",
    "/v1",
    "/v1/",
    "/v1/chat",
    "/v1/chat/completions/",
    "/v1/chat/completions/x",
    "/v1//chat/completions",
    "/V1/chat/completions",
    "/chat/completions",
    "/v2/chat/completions",
    "/v1/engines",
    "/v1/files",
    "/api/tags",
    "/invocations",
    "/slots",
    "/v1/responses/a/b",
    "/%2e%2e/etc/passwd",
    "/..%2f..%2fetc/passwd",
    "/v1/models%2f..%2f..",
    "/%00",
    "/%ff",
    `/${"a".repeat(4000)}`,
  ])("%s is 404 in OpenAI's shape, by every method", async (address) => {
    for (const method of ["GET", "POST", "PUT", "DELETE"]) {
      const answer = await server.ask(method, address, method === "POST" ? { body } : {});
      expect(answer, method).toMatchObject({ status: 404, json: openAiError("not_found", "not_found_error") });
      expect(answer.headers.get("x-request-id")).toMatch(/^req-/);
    }
  });

  test.each(["/v1/messages/x", "/v1/messages/batches", "/v1/messages/count_tokens/x"])(
    "%s in Anthropic's",
    async (address) => {
      const error = { type: "not_found_error", message: expect.any(String) };
      expect(await server.post(address, body)).toMatchObject({ status: 404, json: { type: "error", error } });
    },
  );

  test("is none of the log's routes, whatever it is called", async () => {
    await server.get("/nope/secret");
    expect(server.log.at(-1)).toMatchObject({
      event: "request_ended",
      route: "none",
      status: 404,
      errorCode: "not_found",
    });
    expect(JSON.stringify(server.log)).not.toContain("secret");
  });
});

describe("a method that an address does not take", () => {
  // To other methods this address is the name of a response.
  const unmistakable = paths.filter((path) => path !== "/v1/responses/input_tokens");
  test.each(unmistakable)("%s", async (path) => {
    const taken = methodsOf(path);
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"].filter((name) => !taken.includes(name))) {
      const answer = await server.ask(method, filled(path), method === "GET" ? {} : { body });
      expect(answer.status, method).toBe(405);
      const allow = answer.headers.get("allow")?.split(", ") ?? [];
      expect(allow).toEqual(expect.arrayContaining([...taken, "OPTIONS"]));
      expect(allow).not.toContain(method);
      if (!path.startsWith("/v1/messages")) {
        expect(answer.json).toMatchObject({
          error: { code: "invalid_request", type: "invalid_request_error" },
          object: "error",
        });
      }
    }
  });

  test("/openapi.json", async () => {
    expect(await server.post("/openapi.json", body)).toMatchObject({ status: 405 });
  });
});

describe("HEAD", () => {
  test.each(paths.filter((path) => methodsOf(path).includes("GET")))("%s is GET without its body", async (path) => {
    const whole = await server.get(filled(path));
    const head = await server.ask("HEAD", filled(path));
    expect(head).toMatchObject({ status: whole.status, text: "" });
    expect(head.headers.get("content-type")).toBe(whole.headers.get("content-type"));
  });

  test.each(["/v1/chat/completions", "/v1/responses", "/v1/messages"])(
    "%s is not taken, and runs nothing",
    async (path) => {
      expect(await server.ask("HEAD", path)).toMatchObject({ status: 405, text: "" });
    },
  );

  test("of an address that there is not", async () => {
    expect(await server.ask("HEAD", "/nope")).toMatchObject({ status: 404, text: "" });
  });
});

describe("OPTIONS", () => {
  test.each([...paths, "/openapi.json"])("%s says what it takes, and runs nothing", async (path) => {
    const answer = await server.ask("OPTIONS", filled(path));
    expect(answer).toMatchObject({ status: 204, text: "" });
    const taken = path === "/openapi.json" ? ["GET"] : methodsOf(path);
    expect(answer.headers.get("allow")?.split(", ")).toEqual(expect.arrayContaining(taken));
  });

  test("/openapi.json, which a page on the list asks with its key", async () => {
    const allowing = testServer(scriptedModel({ replies: [] }), { allowedOrigins: ["https://app.example"] });
    const headers = {
      origin: "https://app.example",
      "access-control-request-method": "GET",
      "access-control-request-headers": "authorization",
    };
    const answer = await allowing.ask("OPTIONS", "/openapi.json", { headers });
    expect(answer.status).toBe(204);
    expect(answer.headers.get("access-control-allow-headers")).toBe("authorization");
  });
});

describe("a model that there is not", () => {
  const notFound = {
    status: 404,
    json: { error: { code: "not_found", param: "model", message: expect.stringContaining('"org/demo-1"') } },
  };
  test.each([
    ["/v1/chat/completions", body],
    ["/v1/completions", { prompt: "a" }],
    ["/v1/fim/completions", { prompt: "a" }],
    ["/v1/embeddings", { input: "a" }],
    ["/v1/responses", { input: "a" }],
    ["/v1/tokenize", { prompt: "a" }],
    ["/v1/detokenize", { tokens: [1] }],
  ])("%s names those that there are", async (address, question) => {
    for (const model of ["nope", "", "ORG/DEMO-1", "org/demo-1 ", "__proto__", "constructor", "toString", "../other"]) {
      const answer = await server.post(address, { ...question, model });
      expect(answer, model).toMatchObject(notFound);
      if (model === "nope") expect(answer.text).not.toContain("nope");
    }
    // There are two, so that none is meant.
    expect(await server.post(address, question)).toMatchObject(notFound);
    expect(await server.post(address, { ...question, model: null })).toMatchObject(notFound);
  });

  test("in Anthropic's shape", async () => {
    const error = { type: "not_found_error", message: expect.stringContaining("org/demo-1") };
    const answer = await server.post("/v1/messages", { ...body, max_tokens: 1, model: "claude-x" });
    expect(answer).toMatchObject({ status: 404, json: { type: "error", error } });
    expect(await server.post("/v1/messages/count_tokens", { ...body, model: "claude-x" })).toMatchObject({
      status: 404,
    });
  });

  test("and one whose name has a slash is found", async () => {
    expect(await server.get("/v1/models/org/demo-1")).toMatchObject({ status: 200, json: { id: "org/demo-1" } });
    expect(await server.get("/v1/models/org%2Fdemo-1")).toMatchObject({ status: 200, json: { id: "org/demo-1" } });
    expect(await server.get("/v1/models/org")).toMatchObject({ status: 404, json: { error: { param: "model" } } });
    expect(await server.post("/v1/chat/completions", { ...body, model: "org/demo-1" })).toMatchObject({
      json: { model: "org/demo-1" },
    });
  });

  test("where there is one, it need not be named", async () => {
    const single = testServer(scriptedModel({ replies: ["Yes."] }));
    expect(await single.post("/v1/chat/completions", body)).toMatchObject({ status: 200, json: { model: "demo" } });
    expect(await single.post("/v1/chat/completions", { ...body, model: "gpt-4o" })).toMatchObject({ status: 404 });
  });
});

describe("/v1/models", () => {
  test("lists what Mistral's and OpenAI's clients need of each", async () => {
    const { json } = await server.get("/v1/models");
    expect(json).toMatchObject({
      object: "list",
      data: [
        { id: "org/demo-1", object: "model", owned_by: "wick", type: "base", aliases: [], created: expect.any(Number) },
        {
          id: "other",
          capabilities: { completion_chat: true, function_calling: true, completion_fim: true, embeddings: false },
        },
      ],
    });
    const { created } = (json as { data: [{ created: number }] }).data[0];
    expect(Math.abs(created - Date.now() / 1000)).toBeLessThan(60);
  });
});
