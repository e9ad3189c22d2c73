import { once } from "node:events";
import { type Server, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type ChatResponse, WickError } from "wick";
import { collect, eventually, terminalOf, textOf } from "../../../../test/conformance/chunks.js";
import { connect } from "../../src/remote/connect.js";
import { done, ended, events, loopbackHost, messages, said, sends } from "./loopback-host.js";

const hello = said("Hello") + ended() + done;
const never = () => new Promise<never>(() => {});
const sleep = (ms: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, ms);
  });
const errorOf = (responses: readonly ChatResponse[]) => {
  const terminal = terminalOf(responses);
  return "error" in terminal ? terminal.error : undefined;
};

const unhandled: unknown[] = [];
process.on("unhandledRejection", (reason) => unhandled.push(reason));
afterEach(() => {
  expect(unhandled.splice(0)).toEqual([]);
});

describe("15: answers that are no success", () => {
  const json = { "content-type": "application/json" };

  test.each<[number, string, Record<string, string>, object]>([
    [400, '{"error":{"message":"no such model","type":"invalid","code":3003}}', json, { kind: "validation_error", error: { code: "invalid_request", retryable: false, upstream: { message: "no such model", type: "invalid", code: "3003" } } }],
    [422, '{"detail":[{"loc":["body","messages",0],"msg":"extra_forbidden","input":"secret prompt"}]}', json, { kind: "validation_error", error: { code: "invalid_request", upstream: { message: "body.messages.0: extra_forbidden" } } }],
    [422, '{"object":"error","message":{"detail":[{"loc":["a"],"msg":"b"}]}}', json, { kind: "validation_error", error: { upstream: { message: "a: b" } } }],
    [422, '{"detail":"nope"}', json, { kind: "validation_error", error: { upstream: { message: "nope" } } }],
    [401, '{"detail":"Unauthorized"}', json, { kind: "validation_error", error: { code: "unauthorized", upstream: { message: "Unauthorized" } } }],
    [403, '{"message":"Forbidden","request_id":"r1"}', json, { kind: "validation_error", error: { code: "unauthorized", upstream: { message: "Forbidden", requestId: "r1" } } }],
    [404, "", {}, { kind: "validation_error", error: { code: "not_found" } }],
    [413, "too long", { "content-type": "text/plain" }, { kind: "validation_error", error: { code: "too_large", upstream: { message: "too long" } } }],
    [429, '{"object":"error","message":"slow down","code":"1300"}', { ...json, "retry-after": "7" }, { kind: "validation_error", error: { code: "rate_limited", retryable: true, retryAfterMs: 7000, upstream: { code: "1300" } } }],
    [500, '{"error":"boom"}', json, { kind: "internal_error", error: { code: "http_error", retryable: true, upstream: { message: "boom" } } }],
    [503, "<html>Bad Gateway</html>", { "content-type": "text/html", "x-request-id": "r2" }, { kind: "internal_error", error: { code: "http_error", upstream: { message: "<html>Bad Gateway</html>", requestId: "r2" } } }],
    [418, "", {}, { kind: "internal_error", error: { code: "http_error", retryable: false } }],
  ])("%i %s", async (status, body, headers, expected) => {
    await using host = await loopbackHost(sends(body, headers, status));
    const responses = await collect(host.connect().chat.stream({ messages }));
    expect(responses).toMatchObject([expected]);
    expect(errorOf(responses)?.status).toBe(status);
    expect(JSON.stringify(responses)).not.toContain("secret prompt");
  });

  test("complete() throws it", async () => {
    await using host = await loopbackHost(sends("{}", {}, 404));
    const error = await host.connect().chat.complete({ messages }).catch((caught) => caught);
    expect(WickError.isInstance(error) && error.code).toBe("not_found");
  });

  test("an endless error body is cut, and its connection closed", async () => {
    await using host = await loopbackHost(async (response) => {
      response.writeHead(500, { "content-type": "text/plain" });
      while (!response.destroyed) {
        response.write("x".repeat(1024));
        await sleep(0);
      }
    });
    const responses = await collect(host.connect().chat.stream({ messages }));
    expect(errorOf(responses)?.code).toBe("http_error");
    await host.received[0]?.closed;
  });

  test("no one is there", async () => {
    const host = await loopbackHost(never);
    await host[Symbol.asyncDispose]();
    const responses = await collect(host.connect().chat.stream({ messages }));
    expect(responses).toMatchObject([{ kind: "internal_error", error: { code: "connection_failed", retryable: true } }]);
    expect(errorOf(responses)?.message).toContain("ECONNREFUSED");
  });

  test("a name that is none", async () => {
    const model = connect({ provider: "openai", model: "m", baseURL: "http://nowhere.invalid", maxRetries: 0 });
    expect(errorOf(await collect(model.chat.stream({ messages })))?.code).toBe("connection_failed");
  });

  test("a server that speaks no HTTP", async () => {
    await using server = await rawServer(() => "hello\r\n\r\n");
    const model = connect({ provider: "openai", model: "m", baseURL: server.url, maxRetries: 0 });
    expect(errorOf(await collect(model.chat.stream({ messages })))?.code).toBe("connection_failed");
  });
});

describe("16: retries", () => {
  const answersAfter = (failures: number, status: number, headers: Record<string, string> = {}) =>
    loopbackHost((response, _, count) =>
      count < failures ? response.writeHead(status, headers).end("{}") : response.writeHead(200, events).end(hello),
    );

  test("429 twice, and Retry-After of a second: three requests a second apart", async () => {
    await using host = await answersAfter(2, 429, { "retry-after": "1" });
    expect(terminalOf(await collect(host.connect({ maxRetries: 2 }).chat.stream({ messages }))).kind).toBe("done");
    const [first, second, third] = host.received.map(({ atMs }) => atMs);
    expect(host.received).toHaveLength(3);
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThan(950);
    expect((third ?? 0) - (second ?? 0)).toBeGreaterThan(950);
  });

  test("Retry-After as a date", async () => {
    await using host = await answersAfter(1, 503, { "retry-after": new Date(Date.now() + 2000).toUTCString() });
    expect(terminalOf(await collect(host.connect({ maxRetries: 1 }).chat.stream({ messages }))).kind).toBe("done");
    // Dates have seconds, and this one may be nearly over.
    expect((host.received[1]?.atMs ?? 0) - (host.received[0]?.atMs ?? 0)).toBeGreaterThan(900);
  });

  test.each(["-5", "soon", "1e400", ""])('Retry-After of "%s" is no time: half a second', async (text) => {
    await using host = await answersAfter(1, 503, { "retry-after": text });
    expect(terminalOf(await collect(host.connect({ maxRetries: 1 }).chat.stream({ messages }))).kind).toBe("done");
    expect((host.received[1]?.atMs ?? 0) - (host.received[0]?.atMs ?? 0)).toBeLessThan(2000);
  });

  test("Retry-After beyond a minute is the program's to wait for", async () => {
    await using host = await answersAfter(1, 429, { "retry-after": "3600" });
    const responses = await collect(host.connect({ maxRetries: 2 }).chat.stream({ messages }));
    expect(responses).toMatchObject([{ kind: "validation_error", error: { code: "rate_limited", retryAfterMs: 3_600_000 } }]);
    expect(host.received).toHaveLength(1);
  });

  test("a cap, after which the last error is told", async () => {
    await using host = await answersAfter(9, 500);
    const responses = await collect(host.connect({ maxRetries: 1 }).chat.stream({ messages }));
    expect(errorOf(responses)).toMatchObject({ code: "http_error", status: 500 });
    expect(host.received).toHaveLength(2);
  });

  test.each([400, 401, 404, 422])("%i is not tried again", async (status) => {
    await using host = await answersAfter(9, status);
    await collect(host.connect({ maxRetries: 2 }).chat.stream({ messages }));
    expect(host.received).toHaveLength(1);
  });

  test("a connection that breaks before the headers, or before the first delta", async () => {
    await using host = await loopbackHost((response, _, count) => {
      if (count === 0) return response.destroy();
      response.writeHead(200, events);
      response.write(": I am here\n\n");
      return count === 1 ? setImmediate(() => response.destroy()) : response.end(hello);
    });
    expect(terminalOf(await collect(host.connect({ maxRetries: 2 }).chat.stream({ messages }))).kind).toBe("done");
    expect(host.received).toHaveLength(3);
  });

  test("never after the first delta", async () => {
    await using host = await loopbackHost((response) => {
      response.writeHead(200, events).write(said("a"));
      setTimeout(() => response.destroy(), 20);
    });
    const responses = await collect(host.connect({ maxRetries: 2 }).chat.stream({ messages }));
    expect(terminalOf(responses)).toMatchObject({
      kind: "internal_error",
      error: { code: "stream_truncated" },
      partial: { choices: [{ message: { content: "a" } }] },
    });
    expect(host.received).toHaveLength(1);
  });

  test("aborted while it waits, it ends at once", async () => {
    await using host = await answersAfter(9, 429, { "retry-after": "30" });
    const controller = new AbortController();
    const responses = collect(host.connect({ maxRetries: 2 }).chat.stream({ messages }, { signal: controller.signal }));
    await eventually(() => host.received.length === 1);
    await sleep(50);
    const began = performance.now();
    controller.abort();
    expect(await responses).toMatchObject([{ kind: "cancelled", reason: "signal" }]);
    expect(performance.now() - began).toBeLessThan(50);
    expect(host.received).toHaveLength(1);
  });

  test("the key is asked for each time", async () => {
    await using host = await answersAfter(1, 503);
    let keys = 0;
    const apiKey = async () => `key-${(keys += 1)}`;
    await collect(host.connect({ maxRetries: 1, apiKey }).chat.stream({ messages }));
    expect(host.received.map(({ headers }) => headers.authorization)).toEqual(["Bearer key-1", "Bearer key-2"]);
  });
});

describe("17: who leaves closes the socket", () => {
  /** Says one word and then nothing. */
  const hanging = () => loopbackHost((response) => void response.writeHead(200, events).write(said("a")));

  const ways: Record<string, (host: Awaited<ReturnType<typeof hanging>>) => Promise<number>> = {
    async break(host) {
      for await (const _ of host.connect().chat.stream({ messages })) break;
      return performance.now();
    },
    async "a throw in the loop"(host) {
      const read = async () => {
        for await (const _ of host.connect().chat.stream({ messages })) throw new Error("mine");
      };
      await expect(read()).rejects.toThrow("mine");
      return performance.now();
    },
    async "return()"(host) {
      const reader = host.connect().chat.stream({ messages })[Symbol.asyncIterator]();
      await reader.next();
      await reader.return?.();
      return performance.now();
    },
    async "return() beside a pull"(host) {
      const reader = host.connect().chat.stream({ messages })[Symbol.asyncIterator]();
      await reader.next();
      const pull = reader.next();
      await reader.return?.();
      expect((await pull).value).toMatchObject({ kind: "cancelled" });
      return performance.now();
    },
    async "await using"(host) {
      {
        await using stream = host.connect().chat.stream({ messages });
        await stream[Symbol.asyncIterator]().next();
      }
      return performance.now();
    },
    async "cancel()"(host) {
      const stream = host.connect().chat.stream({ messages });
      const responses: ChatResponse[] = [];
      for await (const response of stream) {
        responses.push(response);
        stream.cancel();
      }
      expect(terminalOf(responses)).toMatchObject({ kind: "cancelled", reason: "cancel", partial: { choices: [{ message: { content: "a" } }] } });
      return performance.now();
    },
    async "a signal, with a reason"(host) {
      const controller = new AbortController();
      const reason = new Error("enough");
      const stream = host.connect().chat.stream({ messages }, { signal: controller.signal });
      const reader = stream[Symbol.asyncIterator]();
      await reader.next();
      controller.abort(reason);
      const began = performance.now();
      await reader.next();
      const error = await stream.final().catch((caught) => caught);
      expect(error).toMatchObject({ code: "cancelled", name: "AbortError", cause: reason, partialText: "a" });
      return began;
    },
    async "a signal while nobody reads"(host) {
      const controller = new AbortController();
      const reader = host.connect().chat.stream({ messages }, { signal: controller.signal })[Symbol.asyncIterator]();
      await reader.next();
      await sleep(20);
      controller.abort();
      const began = performance.now();
      await host.received[0]?.closed;
      expect((await reader.next()).value).toMatchObject({ kind: "cancelled", reason: "signal" });
      return began;
    },
    async "the time of the call"(host) {
      const responses = await collect(host.connect().chat.stream({ messages }, { timeoutMs: 100 }));
      expect(terminalOf(responses)).toMatchObject({ kind: "cancelled", reason: "timeout" });
      return performance.now();
    },
    async "a client of ours that goes away"(host) {
      const body = host.connect().chat.stream({ messages }).toResponse().body?.getReader();
      await body?.read();
      await body?.cancel();
      return performance.now();
    },
    async "close() of the model"(host) {
      const model = host.connect();
      const reader = model.chat.stream({ messages })[Symbol.asyncIterator]();
      await reader.next();
      const pull = reader.next();
      await model.close();
      expect((await pull).value).toMatchObject({ kind: "internal_error", error: { code: "engine_closed" } });
      expect(errorOf(await collect(model.chat.stream({ messages })))?.code).toBe("engine_closed");
      return performance.now();
    },
  };

  test.each(Object.entries(ways))("%s", async (_, leave) => {
    await using host = await hanging();
    const began = await leave(host);
    const closedAt = await host.received[0]?.closed;
    expect((closedAt ?? Number.NaN) - began).toBeLessThan(100);
  });

  test("before the headers", async () => {
    await using host = await loopbackHost(never);
    const controller = new AbortController();
    const responses = collect(host.connect().chat.stream({ messages }, { signal: controller.signal }));
    await eventually(() => host.received.length === 1);
    controller.abort();
    const began = performance.now();
    expect(await responses).toMatchObject([{ kind: "cancelled", partial: { choices: [{ message: { content: "" } }] } }]);
    expect(((await host.received[0]?.closed) ?? Number.NaN) - began).toBeLessThan(100);
  });

  test("a signal that has fired, and a stream that is never read, send nothing", async () => {
    await using host = await hanging();
    const model = host.connect();
    const aborted = await collect(model.chat.stream({ messages }, { signal: AbortSignal.abort() }));
    expect(aborted).toMatchObject([{ kind: "cancelled", reason: "signal" }]);
    await model.chat.stream({ messages })[Symbol.asyncDispose]();
    model.chat.stream({ messages }).cancel();
    await sleep(50);
    expect(host.received).toHaveLength(0);
  });

  test("after [DONE] the connection is closed, though the host leaves it open", async () => {
    await using host = await loopbackHost((response) => void response.writeHead(200, events).write(hello));
    const began = performance.now();
    expect(terminalOf(await collect(host.connect().chat.stream({ messages }))).kind).toBe("done");
    expect(performance.now() - began).toBeLessThan(1000);
    await host.received[0]?.closed;
  });

  test("and used again, where the host ends it", async () => {
    const sockets = new Set<unknown>();
    await using host = await loopbackHost((response) => {
      sockets.add(response.socket);
      response.writeHead(200, events).write(hello);
      setTimeout(() => response.end(), 5);
    });
    const model = host.connect();
    for (let turn = 0; turn < 5; turn += 1) {
      await model.chat.complete({ messages });
      await sleep(20);
    }
    expect(sockets.size).toBe(1);
  });

  test("a fetch that knows no signals is left behind", async () => {
    let late: ((response: Response) => void) | undefined;
    const fetch = () =>
      new Promise<Response>((resolve) => {
        late = resolve;
      });
    const model = connect({ provider: "openai", model: "m", baseURL: "http://host", fetch, connectTimeoutMs: 50, maxRetries: 0 });
    expect(errorOf(await collect(model.chat.stream({ messages })))?.code).toBe("timeout");
    const cancelled = vi.fn<() => void>();
    late?.(new Response(new ReadableStream({ cancel: cancelled })));
    await eventually(() => cancelled.mock.calls.length === 1);
  });
});

describe("18: time", () => {
  const dripping = (gapMs: number, count: number, text = said("a")) =>
    loopbackHost(async (response) => {
      response.writeHead(200, events).flushHeaders();
      for (let at = 0; at < count && !response.destroyed; at += 1) {
        await sleep(gapMs);
        response.write(text);
      }
      response.end(ended() + done);
    });

  test("a host that is never silent for long is never too slow", async () => {
    await using host = await dripping(60, 20);
    const responses = await collect(host.connect({ idleTimeoutMs: 400 }).chat.stream({ messages }));
    expect(textOf(responses)).toBe("a".repeat(20));
  });

  test("comments are life", async () => {
    await using host = await dripping(60, 20, ": ping\n\n");
    expect(terminalOf(await collect(host.connect({ idleTimeoutMs: 400 }).chat.stream({ messages }))).kind).toBe("done");
  });

  test("silence after the first delta", async () => {
    await using host = await loopbackHost((response) => void response.writeHead(200, events).write(said("a")));
    const began = performance.now();
    const responses = await collect(host.connect({ idleTimeoutMs: 300, maxRetries: 2 }).chat.stream({ messages }));
    expect(performance.now() - began).toBeGreaterThan(290);
    expect(performance.now() - began).toBeLessThan(1500);
    expect(terminalOf(responses)).toMatchObject({
      kind: "internal_error",
      error: { code: "timeout", retryable: true, details: { idleTimeoutMs: 300 } },
      partial: { choices: [{ message: { content: "a" } }] },
    });
    await host.received[0]?.closed;
    expect(host.received).toHaveLength(1);
  });

  test("a reader that is slow is not a host that is silent", async () => {
    await using host = await loopbackHost(sends(said("a") + said("b") + ended() + done));
    const texts: string[] = [];
    for await (const text of host.connect({ idleTimeoutMs: 50 }).chat.stream({ messages }).text()) {
      texts.push(text);
      await sleep(150);
    }
    expect(texts).toEqual(["a", "b"]);
  });

  test("no headers in time", async () => {
    await using host = await loopbackHost(never);
    const responses = await collect(host.connect({ connectTimeoutMs: 200, maxRetries: 2 }).chat.stream({ messages }));
    expect(responses).toMatchObject([{ kind: "internal_error", error: { code: "timeout", details: { connectTimeoutMs: 200 } } }]);
    expect(host.received).toHaveLength(1);
  });

  test("all of it, with retries, beside a signal", async () => {
    await using host = await dripping(50, 100);
    const options = { totalTimeoutMs: 400, idleTimeoutMs: 300, connectTimeoutMs: 300 };
    const responses = await collect(host.connect(options).chat.stream({ messages }, { signal: new AbortController().signal }));
    expect(terminalOf(responses)).toMatchObject({ kind: "internal_error", error: { code: "timeout", details: { totalTimeoutMs: 400 } } });
    await host.received[0]?.closed;

    await using busy = await loopbackHost(sends("", { "retry-after": "30" }, 503));
    const waited = await collect(busy.connect({ totalTimeoutMs: 200, maxRetries: 2 }).chat.stream({ messages }));
    expect(waited).toMatchObject([{ kind: "internal_error", error: { code: "timeout" } }]);
  });

  test("Node's own limits are lifted", async () => {
    const name = Symbol.for("undici.globalDispatcher.1");
    const original: { dispatch(options: object, handler: object): boolean } = Reflect.get(globalThis, name);
    // As Node's, but for a hundredth of a second where a request does not say: limits are looked at about once a second.
    const limited = {
      dispatch: (options: object, handler: object) =>
        original.dispatch({ headersTimeout: 10, bodyTimeout: 10, ...options }, handler),
    };
    await using host = await loopbackHost(async (response) => {
      await sleep(2500);
      response.writeHead(200, events).write(said("a"));
      await sleep(2500);
      response.end(ended());
    });
    Reflect.set(globalThis, name, limited);
    try {
      const plain = await fetch(host.url, { method: "POST", body: "{}" }).catch((error: unknown) => error);
      expect(plain).toBeInstanceOf(TypeError);
      expect(terminalOf(await collect(host.connect().chat.stream({ messages }))).kind).toBe("done");
    } finally {
      Reflect.set(globalThis, name, original);
    }
  });
});

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
    const responses = [...(await collect(model.chat.stream({ messages }))), ...(await collect(model.chat.stream({ messages })))];
    const error = new WickError(errorOf(responses.slice(0, 1)) ?? { code: "internal", message: "", retryable: false });
    for (const text of [JSON.stringify(responses), inspect(model, { depth: 9, showHidden: true }), inspect(error, { depth: 9 })]) {
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
      await using host = await loopbackHost(sends("", { location: `${other.url}/v1/chat/completions?x=${apiKey}` }, status));
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
    expect(host.received[1]).toMatchObject({ path: "/moved/here", headers: { authorization: `Bearer ${apiKey}` }, body: { model: "m" } });
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

describe("84: back-pressure", () => {
  test("a host whose reader does not read is not read either", async () => {
    let written = 0;
    let isWaiting = false;
    await using host = await loopbackHost(async (response) => {
      response.writeHead(200, events);
      const piece = said("x".repeat(64 * 1024));
      while (!response.destroyed && written < 512 * 1024 * 1024) {
        written += piece.length;
        if (response.write(piece)) continue;
        isWaiting = true;
        await once(response, "drain");
        isWaiting = false;
      }
    });
    const reader = host.connect().chat.stream({ messages })[Symbol.asyncIterator]();
    await reader.next();
    await eventually(() => isWaiting);
    const before = written;
    await sleep(300);
    // Sockets and kernels hold some; without back-pressure all of it comes at once.
    expect(written).toBeLessThan(32 * 1024 * 1024);
    expect(written - before).toBeLessThan(8 * 1024 * 1024);
    await reader.return?.();
  });
});

describe("76: a connection that is reset", () => {
  test.each(["data: {\"choi", said("a").slice(0, -20), "data: {\"choices\":[{\"delta\":{\"content\":\"\u00e9"])(
    "in the middle of %j keeps the partial",
    async (half) => {
      await using host = await loopbackHost((response) => {
        response.writeHead(200, events).write(said("a"));
        const cut = Buffer.from(half);
        response.write(cut.subarray(0, cut.length - 1));
        setTimeout(() => response.socket?.resetAndDestroy(), 30);
      });
      const terminal = terminalOf(await collect(host.connect().chat.stream({ messages })));
      expect(terminal).toMatchObject({
        kind: "internal_error",
        error: { code: "stream_truncated" },
        partial: { choices: [{ message: { content: "a" } }] },
      });
    },
  );
});

describe("several endpoints", () => {
  const conversation = (text: string) => [{ role: "user" as const, content: text }];

  test("share conversations, each of which stays where it is", async () => {
    await using one = await loopbackHost(sends(hello));
    await using two = await loopbackHost(sends(hello));
    const model = connect({ provider: "openai", model: "m", endpoints: [one.url, two.url] });
    for (let at = 0; at < 40; at += 1) {
      const before = [one.received.length, two.received.length];
      await model.chat.complete({ messages: conversation(`question ${at}`) });
      const first = one.received.length > (before[0] ?? 0) ? one : two;
      await model.chat.complete({
        messages: [...conversation(`question ${at}`), { role: "assistant", content: "Hm" }, ...conversation("more")],
      });
      const isSame = first === one ? one.received.length === (before[0] ?? 0) + 2 : two.received.length === (before[1] ?? 0) + 2;
      expect(isSame).toBe(true);
    }
    expect(one.received.length).toBeGreaterThan(20);
    expect(two.received.length).toBeGreaterThan(20);
  });

  test("one that fails is left at once, and asked last for a while", async () => {
    await using broken = await loopbackHost(sends("", {}, 503));
    await using whole = await loopbackHost(sends(hello));
    const model = connect({ provider: "openai", model: "m", endpoints: [broken.url, whole.url], maxRetries: 0 });
    const began = performance.now();
    for (let at = 0; at < 20; at += 1) await model.chat.complete({ messages: conversation(`question ${at}`) });
    expect(performance.now() - began).toBeLessThan(2000);
    expect(broken.received).toHaveLength(1);
    expect(whole.received).toHaveLength(20);
  });

  test("one that is silent after the headers fails over before the first delta, not after", async () => {
    await using broken = await loopbackHost((response) => {
      response.writeHead(200, events).write(": here\n\n");
      setTimeout(() => response.destroy(), 20);
    });
    await using whole = await loopbackHost(sends(hello));
    const model = connect({ provider: "openai", model: "m", endpoints: [broken.url, whole.url], maxRetries: 0 });
    for (let at = 0; at < 4; at += 1) {
      expect((await model.chat.complete({ messages: conversation(`question ${at}`) })).choices[0].message.content).toBe("Hello");
    }
  });
});

/** A server of bytes. */
async function rawServer(answer: () => string): Promise<{ url: string } & AsyncDisposable> {
  const server: Server = createServer((socket) => {
    socket.on("error", () => {});
    socket.end(answer(), () => socket.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  };
}
