// Who leaves, and who reads slowly.

import { once } from "node:events";
import { describe, expect, test, vi } from "vitest";
import type { ChatResponse } from "wick";
import { collect, eventually, terminalOf } from "../../../../test/conformance/chunks.js";
import { connect } from "../../src/remote/connect.js";
import { errorOf, events, hello, loopbackHost, messages, never, said, shortest, sleep } from "./loopback-host.js";

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
      expect(terminalOf(responses)).toMatchObject({
        kind: "cancelled",
        reason: "cancel",
        partial: { choices: [{ message: { content: "a" } }] },
      });
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
    const closed = async () => {
      await using host = await hanging();
      const began = await leave(host);
      return ((await host.received[0]?.closed) ?? Number.NaN) - began;
    };
    expect(await shortest(100, closed)).toBeLessThan(100);
  });

  test("before the headers", async () => {
    const closed = async () => {
      await using host = await loopbackHost(never);
      const controller = new AbortController();
      const responses = collect(host.connect().chat.stream({ messages }, { signal: controller.signal }));
      await eventually(() => host.received.length === 1);
      controller.abort();
      const began = performance.now();
      const partial = { choices: [{ message: { content: "" } }] };
      expect(await responses).toMatchObject([{ kind: "cancelled", partial }]);
      return ((await host.received[0]?.closed) ?? Number.NaN) - began;
    };
    expect(await shortest(100, closed)).toBeLessThan(100);
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

  test("the body of a fetch that knows no signals is closed", async () => {
    const cancelled = vi.fn<() => void>();
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode(said("a"))),
      cancel: cancelled,
    });
    const fetch = async () => new Response(body, { headers: events });
    const model = connect({ provider: "openai", model: "m", fetch });
    for await (const _ of model.chat.stream({ messages })) break;
    await eventually(() => cancelled.mock.calls.length === 1);
    expect(cancelled).toHaveBeenCalledOnce();
  });

  test("a fetch that knows no signals is left behind", async () => {
    let late: ((response: Response) => void) | undefined;
    const fetch = () =>
      new Promise<Response>((resolve) => {
        late = resolve;
      });
    const model = connect({
      provider: "openai",
      model: "m",
      baseURL: "http://host",
      fetch,
      connectTimeoutMs: 50,
      maxRetries: 0,
    });
    expect(errorOf(await collect(model.chat.stream({ messages })))?.code).toBe("timeout");
    const cancelled = vi.fn<() => void>();
    late?.(new Response(new ReadableStream({ cancel: cancelled })));
    await eventually(() => cancelled.mock.calls.length === 1);
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
