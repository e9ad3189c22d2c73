// Limits of time.

import { describe, expect, test } from "vitest";
import { collect, terminalOf, textOf } from "../../../../test/conformance/chunks.js";
import { done, ended, events, loopbackHost, messages, never, said, sends, sleep } from "./loopback-host.js";

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
    expect(responses).toMatchObject([
      { kind: "internal_error", error: { code: "timeout", details: { connectTimeoutMs: 200 } } },
    ]);
    expect(host.received).toHaveLength(1);
  });

  test("all of it, with retries, beside a signal", async () => {
    await using host = await dripping(50, 100);
    const options = { totalTimeoutMs: 400, idleTimeoutMs: 300, connectTimeoutMs: 300 };
    const responses = await collect(
      host.connect(options).chat.stream({ messages }, { signal: new AbortController().signal }),
    );
    expect(terminalOf(responses)).toMatchObject({
      kind: "internal_error",
      error: { code: "timeout", details: { totalTimeoutMs: 400 } },
    });
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
