// oxlint-disable vitest/valid-expect -- a message says which round of a loop it was.
// oxlint-disable vitest/no-conditional-expect -- what is expected of one differs from what is of another.

// Who may ask. That a wrong key takes as long as a right one is not measured here, where neighbours' noise is larger than any
// difference: keys are compared as digests of one length, all of them at every request (`access/api-keys.ts`).

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { scriptedModel } from "wick/testing";
import { apiKeysOfFile } from "../src/node/index.ts";
import { routes } from "../src/routes.ts";
import { type ListeningServer, listeningServer } from "./support/running-server.ts";
import { testServer } from "./support/test-server.ts";

const key = "sk-0123456789abcdef";
const other = "sk-fedcba9876543210";
const chat = { messages: [{ role: "user", content: "Hi" }] };
const model = scriptedModel({ replies: ["Yes."] });
const server = testServer(model, {
  apiKeys: [{ name: "ci", key }, other],
  exposeMetrics: true,
  files: (path) => (path === "/index.html" ? { body: "<p>", headers: { "content-type": "text/html" } } : undefined),
});
const refused = { status: 401, json: { error: { code: "unauthorized", type: "authentication_error" } } };

describe("a key", () => {
  test.each<[string, Record<string, string>]>([
    ["in Authorization", { authorization: `Bearer ${key}` }],
    ["in another spelling", { authorization: `bearer   ${key} ` }],
    ["as Anthropic's clients send it", { "x-api-key": key }],
    ["that is the second one", { authorization: `Bearer ${other}` }],
  ])("%s is taken", async (_, headers) => {
    expect(await server.post("/v1/chat/completions", chat, headers)).toMatchObject({ status: 200 });
  });

  test.each<[string, Record<string, string>]>([
    ["none", {}],
    ["an empty one", { authorization: "Bearer " }],
    ["no scheme", { authorization: key }],
    ["another scheme", { authorization: `Basic ${btoa(`x:${key}`)}` }],
    ["a wrong one", { authorization: "Bearer sk-0123456789abcdeg" }],
    ["one that begins rightly", { authorization: `Bearer ${key.slice(0, -1)}` }],
    ["one that goes on", { authorization: `Bearer ${key}0` }],
    ["one in capitals", { authorization: `Bearer ${key.toUpperCase()}` }],
    ["two in one header", { authorization: `Bearer ${key} ${other}` }],
    ["two in one header, with a comma", { authorization: `Bearer ${key}, Bearer ${other}` }],
    ["its name", { authorization: "Bearer ci" }],
    ["a wrong one before a right one", { authorization: "Bearer wrong", "x-api-key": key }],
    ["one of a megabyte", { authorization: `Bearer ${"k".repeat(1024 * 1024)}` }],
    ["in a cookie", { cookie: `authorization=Bearer ${key}` }],
  ])("%s is refused", async (_, headers) => {
    const answer = await server.post("/v1/chat/completions", chat, headers);
    expect(answer).toMatchObject(refused);
    expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer\b/);
    expect(answer.text).not.toContain(key);
  });

  test.each(["api_key", "api-key", "key", "access_token", "authorization"])(
    "in the query as %s is refused",
    async (name) => {
      expect(await server.get(`/v1/models?${name}=${key}`)).toMatchObject(refused);
    },
  );

  test("that is short, or has the name of another, is the program's mistake", () => {
    expect(() => testServer(model, { apiKeys: ["fifteen letters"] })).toThrow(/key-1 must have at least 16 characters/);
    for (const wrong of ["", "a key that has spaces", "schlüssel-schlüssel", "0123456789abcde\n"]) {
      expect(() => testServer(model, { apiKeys: [wrong] })).toThrow(/must have at least 16 characters, and no spaces/);
    }
    // Of a variable that is not set, in a program without types.
    expect(() => testServer(model, { apiKeys: [undefined as never] })).toThrow(/key-1 must have/);
    const twice = [
      { name: "ci", key },
      { name: "ci", key: other },
    ];
    expect(() => testServer(model, { apiKeys: twice })).toThrow(/one name/);
  });
});

describe("without a key", () => {
  const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];
  const addresses = new Set([
    ...routes.map(({ path }) => path.replace(/:response/, "resp_1").replace(/:model\{.+\}/, "demo")),
    "/openapi.json",
    "/",
    "/nope",
    "/v1",
    "/v1/",
    "/v2/models",
    "//v1/models",
    "/v1/models/",
    "/V1/MODELS",
    "/health/",
    "/healthz",
    "/health/../v1/models",
    "/v1/../health/x",
    "/health%2f..%2fv1/models",
    "/admin",
  ]);
  // The page's own files hold nothing that is not published.
  const isOpen = (method: string, address: string) =>
    address === "/health" || (address === "/" && (method === "GET" || method === "HEAD"));

  test.each([...addresses].filter((address) => address !== "/health"))("%s is 401 by every method", async (address) => {
    for (const method of methods) {
      if (isOpen(method, address)) continue;
      const body = method === "GET" || method === "HEAD" ? {} : { body: chat };
      const answer = await server.ask(method, address, body);
      expect(answer.status, method).toBe(401);
      if (method !== "HEAD") expect(answer.text, method).toContain("Authorization: Bearer");
    }
  });

  test("/health and the page are open, and tell nothing of the callers", async () => {
    expect(await server.get("/health")).toMatchObject({ status: 200, json: { status: "ok", models: { demo: "ok" } } });
    expect(await server.get("/")).toMatchObject({ status: 200, text: "<p>" });
  });

  test("a body of any size is not even read", async () => {
    let isRead = false;
    const body = new ReadableStream(
      {
        pull: () => {
          isRead = true;
        },
      },
      { highWaterMark: 0 },
    );
    const init = { method: "POST", body, duplex: "half" as const, headers: { "content-type": "application/json" } };
    const response = await server.server.fetch(new Request("http://localhost/v1/chat/completions", init));
    expect(response.status).toBe(401);
    expect(isRead).toBe(false);
  });
});

test("logs name the bearer, by its own name or its number, and have no key, right or wrong", async () => {
  const apiKeys = [{ name: "ci", key }, other];
  await using listening: ListeningServer = await listeningServer(model, { apiKeys });
  for (const sent of [key, other, "sk-ffffffffffffffff"]) {
    await listening.post("/v1/chat/completions", chat, { authorization: `Bearer ${sent}` });
    await listening.get(`/v1/models?api_key=${sent}`);
  }
  const callers = listening
    .entries()
    .filter(({ status }) => status === 200)
    .map(({ caller }) => caller);
  expect(callers).toEqual(["ci", "key-2"]);
  expect(listening.lines.length).toBeGreaterThanOrEqual(6);
  expect(listening.lines.join("")).not.toMatch(/sk-/);
});

describe("a file of keys", () => {
  const read = async (text: string) => {
    const folder = await mkdtemp(join(tmpdir(), "wick-keys-"));
    const file = join(folder, "keys.txt");
    await writeFile(file, text);
    return apiKeysOfFile(file).finally(() => rm(folder, { recursive: true }));
  };

  test("has one on a line, with a name or without", async () => {
    expect(await read(`# ours\n\nci:${key}\r\n  ${other}  \n`)).toEqual([
      { name: "ci", key },
      { name: "file-key-2", key: other },
    ]);
  });

  test("keeps what follows the first colon", async () => {
    expect(await read(`ci:${key}:more\n`)).toEqual([{ name: "ci", key: `${key}:more` }]);
  });

  test("that is empty, or not there, is told without its path", async () => {
    await expect(read("# nothing\n")).rejects.toMatchObject({ code: "invalid_request", info: { where: "apiKeyFile" } });
    const missing = apiKeysOfFile("/nowhere/wick-keys.txt");
    await expect(missing).rejects.toMatchObject({ code: "io_error", message: expect.not.stringContaining("nowhere") });
  });

  test("is what serve asks by", async () => {
    const folder = await mkdtemp(join(tmpdir(), "wick-keys-"));
    await writeFile(join(folder, "keys"), `ci:${key}\n`);
    await using listening = await listeningServer(model, { apiKeyFile: join(folder, "keys") });
    await rm(folder, { recursive: true });
    expect(await listening.get("/v1/models")).toMatchObject({ status: 401 });
    expect(await listening.get("/v1/models", { authorization: `Bearer ${key}` })).toMatchObject({ status: 200 });
  });

  test("stands beside keys of the program's own", async () => {
    const folder = await mkdtemp(join(tmpdir(), "wick-keys-"));
    await writeFile(join(folder, "keys"), `${key}\n`);
    await using listening = await listeningServer(model, { apiKeys: [other], apiKeyFile: join(folder, "keys") });
    await rm(folder, { recursive: true });
    for (const given of [key, other]) {
      expect(await listening.get("/v1/models", { authorization: `Bearer ${given}` })).toMatchObject({ status: 200 });
    }
  });
});
