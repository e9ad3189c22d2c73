// When a request is sent again, and where.

import { describe, expect, test } from "vitest";
import { collect, eventually, terminalOf } from "../../../../test/conformance/chunks.js";
import { connect } from "../../src/remote/connect.js";
import { errorOf, events, hello, loopbackHost, messages, said, sends, shortest, sleep } from "./loopback-host.js";

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
    expect(responses).toMatchObject([
      { kind: "validation_error", error: { code: "rate_limited", retryAfterMs: 3_600_000 } },
    ]);
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
    const ended = async () => {
      await using host = await answersAfter(9, 429, { "retry-after": "30" });
      const controller = new AbortController();
      const { signal } = controller;
      const responses = collect(host.connect({ maxRetries: 2 }).chat.stream({ messages }, { signal }));
      await eventually(() => host.received.length === 1);
      await sleep(50);
      const began = performance.now();
      controller.abort();
      expect(await responses).toMatchObject([{ kind: "cancelled", reason: "signal" }]);
      expect(host.received).toHaveLength(1);
      return performance.now() - began;
    };
    expect(await shortest(50, ended)).toBeLessThan(50);
  });

  test("the key is asked for each time", async () => {
    await using host = await answersAfter(1, 503);
    let keys = 0;
    const apiKey = async () => `key-${(keys += 1)}`;
    await collect(host.connect({ maxRetries: 1, apiKey }).chat.stream({ messages }));
    expect(host.received.map(({ headers }) => headers.authorization)).toEqual(["Bearer key-1", "Bearer key-2"]);
  });
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
      const isSame =
        first === one ? one.received.length === (before[0] ?? 0) + 2 : two.received.length === (before[1] ?? 0) + 2;
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
      expect((await model.chat.complete({ messages: conversation(`question ${at}`) })).choices[0].message.content).toBe(
        "Hello",
      );
    }
  });
});
