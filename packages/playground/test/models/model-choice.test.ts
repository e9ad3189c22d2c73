import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { WickError } from "wick";
import { scriptedModel } from "wick/testing";
import { ModelChoice } from "../../src/models/model-choice.ts";
import { ServerKey } from "../../src/models/server-key.ts";
import { servedModels } from "../../src/models/served-models.ts";
import { PassingTexts } from "../../src/page/kept-texts.ts";

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A server that answers `GET /v1/models` in a way of its own. */
async function serve(
  answer: (authorization: string | undefined) => { status?: number; body: unknown },
): Promise<string> {
  server = createServer(({ headers, url }, response) => {
    const { status = 200, body } = url === "/v1/models" ? answer(headers.authorization) : { status: 404, body: {} };
    response.writeHead(status, { "content-type": "application/json" });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const list = (...names: string[]) => ({ object: "list", data: names.map((id) => ({ id, object: "model" })) });
const noBrowser = () => Promise.reject(new Error("not here"));

describe("the server's models", () => {
  test("are asked for with the key", async () => {
    const origin = await serve((authorization) => ({ body: list("a", String(authorization)) }));
    expect(await servedModels(`${origin}/v1`, "k")).toEqual(["a", "Bearer k"]);
    expect(await servedModels(`${origin}/v1`, undefined)).toEqual(["a", "undefined"]);
  });

  test.each([
    [{ status: 401, body: {} }, "unauthorized"],
    [{ status: 403, body: {} }, "unauthorized"],
    [{ status: 500, body: {} }, "http_error"],
    [{ body: "<!doctype html>" }, "stream_protocol"],
    [{ body: {} }, "stream_protocol"],
    [{ body: { data: [{ name: "a" }] } }, "stream_protocol"],
    [{ body: { data: "a" } }, "stream_protocol"],
  ])("%j is %s", async (answer, code) => {
    const origin = await serve(() => answer);
    await expect(servedModels(`${origin}/v1`, undefined)).rejects.toMatchObject({ code });
  });

  test("of a server that is not there", async () => {
    const origin = await serve(() => ({ body: {} }));
    server?.close();
    await expect(servedModels(`${origin}/v1`, undefined)).rejects.toMatchObject({ code: "connection_failed" });
  });
});

describe("the choice", () => {
  test("is the first model, until another one is chosen, which stays", async () => {
    let names = ["a", "b"];
    const origin = await serve(() => ({ body: list(...names) }));
    const models = new ModelChoice(origin, new ServerKey(undefined), noBrowser);
    expect(models.name.value).toBeUndefined();
    expect(models.model()).toBeUndefined();
    await models.ask();
    expect(models.name.value).toBe("a");
    models.choose("b");
    await models.ask();
    expect(models.name.value).toBe("b");
    expect(models.model()?.info).toMatchObject({ id: "b", backend: "remote" });
    names = ["c"];
    await models.ask();
    expect(models.name.value).toBe("c");
  });

  test("waits for a key, which is the tab's alone", async () => {
    const origin = await serve((authorization) =>
      authorization === "Bearer right" ? { body: list("a") } : { status: 401, body: {} },
    );
    const tab = new PassingTexts();
    const models = new ModelChoice(origin, new ServerKey(tab), noBrowser);
    await models.ask();
    expect(models.served.value).toEqual({ kind: "locked", isWrong: false });
    await models.unlock("wrong");
    expect(models.served.value).toEqual({ kind: "locked", isWrong: true });
    await models.unlock("right");
    expect(models.served.value).toEqual({ kind: "ready", names: ["a"] });
    expect(tab.getItem("wick.key")).toBe("right");
    expect(new ServerKey(tab).value).toBe("right");
  });

  test("of an older question is not heard", async () => {
    const origin = await serve((authorization) =>
      authorization === undefined ? { status: 401, body: {} } : { body: list("a") },
    );
    const models = new ModelChoice(origin, new ServerKey(undefined), noBrowser);
    const first = models.ask();
    await models.unlock("k");
    await first;
    expect(models.served.value.kind).toBe("ready");
  });
});

describe("the model in the page", () => {
  test("answers instead of the server's, until it is turned off", async () => {
    const origin = await serve(() => ({ body: list("a") }));
    const own = scriptedModel({ replies: ["Hi."], info: { id: "demo" } });
    const models = new ModelChoice(origin, new ServerKey(undefined), async (onProgress) => {
      onProgress({ kind: "download", file: "f", loadedBytes: 1, totalBytes: 2 });
      return own;
    });
    await models.ask();
    const on = models.runInBrowser(true);
    expect(models.inBrowser.value).toEqual({
      kind: "loading",
      progress: { kind: "download", file: "f", loadedBytes: 1, totalBytes: 2 },
    });
    expect(models.name.value).toBeUndefined();
    await on;
    expect(models.name.value).toBe("demo");
    expect(models.model()).toBe(own);
    await models.runInBrowser(false);
    expect(models.name.value).toBe("a");
    await expect(own.chat.complete({ messages: [{ role: "user", content: "Hi" }] })).rejects.toMatchObject({
      code: "engine_closed",
    });
  });

  test("that cannot be loaded says why", async () => {
    const origin = await serve(() => ({ body: list() }));
    const failures: unknown[] = [
      new WickError({ code: "model_integrity", message: "Damaged.", retryable: false }),
      new TypeError("Failed to fetch dynamically imported module"),
    ];
    const models = new ModelChoice(origin, new ServerKey(undefined), () => Promise.reject(failures.shift()));
    await models.runInBrowser(true);
    expect(models.inBrowser.value).toMatchObject({ kind: "failed", error: { code: "model_integrity" } });
    await models.runInBrowser(true);
    expect(models.inBrowser.value).toMatchObject({
      kind: "failed",
      error: { code: "backend_unavailable", retryable: true },
    });
  });

  test("that is turned off while it loads is closed when it comes", async () => {
    const origin = await serve(() => ({ body: list("a") }));
    const own = scriptedModel({ replies: ["Hi."] });
    let give: (model: typeof own) => void = () => {};
    const models = new ModelChoice(origin, new ServerKey(undefined), () => new Promise((resolve) => (give = resolve)));
    const on = models.runInBrowser(true);
    await models.runInBrowser(false);
    give(own);
    await on;
    expect(models.inBrowser.value).toEqual({ kind: "off" });
    await expect(own.tokenize("a")).rejects.toMatchObject({ code: "engine_closed" });
  });
});
