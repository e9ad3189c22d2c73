// Where requests go, and secrets with them.

import { inspect } from "node:util";
import { describe, expect, test, vi } from "vitest";
import { WickError } from "wick";
import { collect, terminalOf } from "../../../../test/conformance/chunks.js";
import { errorOf, events, hello, loopbackHost, messages, said, sends } from "./loopback-host.js";

describe("20: base URLs", () => {
  test.each([
    ["", "/v1/chat/completions"],
    ["/", "/v1/chat/completions"],
    ["/v1", "/v1/chat/completions"],
    ["/v1/", "/v1/chat/completions"],
    ["/openai", "/openai/v1/chat/completions"],
    ["/openai/v1//", "/openai/v1/chat/completions"],
    ["/v1beta/openai/", "/v1beta/openai/chat/completions"],
    ["/api/paas/v4", "/api/paas/v4/chat/completions"],
    ["/v1?api-version=7", "/v1/chat/completions?api-version=7"],
  ])('"%s"', async (path, asked) => {
    await using host = await loopbackHost(sends(hello));
    await collect(host.connect({ baseURL: `${host.url}${path}` }).chat.stream({ messages }));
    expect(host.received[0]?.path).toBe(asked);
  });
});

describe("21: secrets", () => {
  const apiKey = "sk-very-secret-0123456789";
  const extraHeaders = { "x-api-key": "header-secret-987654" };

  test("are in no error, no log and no picture of a model", async () => {
    const repeated = JSON.stringify({ error: { message: `bad key ${apiKey}, header ${extraHeaders["x-api-key"]}` } });
    await using host = await loopbackHost((response, _, count) => {
      if (count === 0) return response.writeHead(401).end(repeated);
      return response.writeHead(200, events).end(`${said("a")}data: ${repeated}\n\n`);
    });
    const model = host.connect({ apiKey, extraHeaders });
    const logged = vi.spyOn(console, "error");
    const responses = [
      ...(await collect(model.chat.stream({ messages }))),
      ...(await collect(model.chat.stream({ messages }))),
    ];
    const error = new WickError(errorOf(responses.slice(0, 1)) ?? { code: "internal", message: "", retryable: false });
    for (const text of [
      JSON.stringify(responses),
      inspect(model, { depth: 9, showHidden: true }),
      inspect(error, { depth: 9 }),
    ]) {
      expect(text).not.toContain(apiKey);
      expect(text).not.toContain("header-secret");
    }
    expect(JSON.stringify(responses)).toContain("bad key [secret], header [secret]");
    expect(logged).not.toHaveBeenCalled();
    logged.mockRestore();
  });

  test("go to no other host", async () => {
    await using other = await loopbackHost(sends(hello));
    for (const status of [301, 302, 303, 307, 308]) {
      await using host = await loopbackHost(
        sends("", { location: `${other.url}/v1/chat/completions?x=${apiKey}` }, status),
      );
      const responses = await collect(host.connect({ apiKey }).chat.stream({ messages }));
      expect(responses).toMatchObject([{ kind: "internal_error", error: { code: "http_error", status } }]);
      expect(errorOf(responses)?.message).toContain(other.url);
      expect(errorOf(responses)?.message).not.toContain(apiKey);
    }
    expect(other.received).toHaveLength(0);
  });

  test("but to another place of the same one", async () => {
    await using host = await loopbackHost((response, { path }) =>
      path === "/v1/chat/completions"
        ? response.writeHead(308, { location: "/moved/here" }).end()
        : response.writeHead(200, events).end(hello),
    );
    expect(terminalOf(await collect(host.connect({ apiKey }).chat.stream({ messages }))).kind).toBe("done");
    expect(host.received[1]).toMatchObject({
      path: "/moved/here",
      headers: { authorization: `Bearer ${apiKey}` },
      body: { model: "m" },
    });
  });

  test("in circles no one is led", async () => {
    await using host = await loopbackHost(sends("", { location: "/v1/chat/completions" }, 307));
    expect(errorOf(await collect(host.connect().chat.stream({ messages })))?.code).toBe("http_error");
    expect(host.received.length).toBeLessThan(10);
  });

  test.each<[string, unknown]>([
    ["throws", () => Promise.reject(new Error(`vault said ${apiKey}`))],
    ["gives no string", () => 7],
    ["gives a line break", () => `${apiKey}\n`],
  ])("a key function that %s", async (_, given) => {
    await using host = await loopbackHost(sends(hello));
    const responses = await collect(host.connect({ apiKey: given as () => string }).chat.stream({ messages }));
    expect(responses).toMatchObject([{ kind: "validation_error", error: { where: "options.apiKey" } }]);
    expect(JSON.stringify(responses)).not.toContain(apiKey);
    expect(host.received).toHaveLength(0);
  });
});
