// Answers that are no success, and connections that are lost.

import { type Server, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { WickError } from "wick";
import { collect, terminalOf } from "../../../../test/conformance/chunks.js";
import { connect } from "../../src/remote/connect.js";
import { errorOf, events, loopbackHost, messages, never, said, sends, sleep } from "./loopback-host.js";

describe("a server of ours that refuses", () => {
  test("is as clear as the engine: code, place and numbers are its own", async () => {
    const error = {
      code: "context_overflow",
      message: "too long",
      where: "messages",
      retryable: false,
      details: { prompt: 9, max: 4 },
    };
    await using host = await loopbackHost((response) => {
      response.writeHead(400, { "content-type": "application/json", "x-request-id": "r1" });
      response.end(JSON.stringify({ error }));
    });
    const ours = connect({ provider: "wick", model: "m", baseURL: host.url });
    expect(await collect(ours.chat.stream({ messages }))).toEqual([
      { kind: "validation_error", error: { ...error, status: 400, upstream: { requestId: "r1" } } },
    ]);
    const other = connect({ provider: "openai", model: "m", baseURL: host.url });
    expect(terminalOf(await collect(other.chat.stream({ messages })))).toMatchObject({
      error: { code: "invalid_request", upstream: { code: "context_overflow" } },
    });
  });
});

describe("15: answers that are no success", () => {
  const json = { "content-type": "application/json" };

  test.each<[number, string, Record<string, string>, object]>([
    [
      400,
      '{"error":{"message":"no such model","type":"invalid","code":3003}}',
      json,
      {
        kind: "validation_error",
        error: {
          code: "invalid_request",
          retryable: false,
          upstream: { message: "no such model", type: "invalid", code: "3003" },
        },
      },
    ],
    [
      422,
      '{"detail":[{"loc":["body","messages",0],"msg":"extra_forbidden","input":"secret prompt"}]}',
      json,
      {
        kind: "validation_error",
        error: { code: "invalid_request", upstream: { message: "body.messages.0: extra_forbidden" } },
      },
    ],
    [
      422,
      '{"object":"error","message":{"detail":[{"loc":["a"],"msg":"b"}]}}',
      json,
      { kind: "validation_error", error: { upstream: { message: "a: b" } } },
    ],
    [422, '{"detail":"nope"}', json, { kind: "validation_error", error: { upstream: { message: "nope" } } }],
    [
      401,
      '{"detail":"Unauthorized"}',
      json,
      { kind: "validation_error", error: { code: "unauthorized", upstream: { message: "Unauthorized" } } },
    ],
    [
      403,
      '{"message":"Forbidden","request_id":"r1"}',
      json,
      {
        kind: "validation_error",
        error: { code: "unauthorized", upstream: { message: "Forbidden", requestId: "r1" } },
      },
    ],
    [404, "", {}, { kind: "validation_error", error: { code: "not_found" } }],
    [
      413,
      "too long",
      { "content-type": "text/plain" },
      { kind: "validation_error", error: { code: "too_large", upstream: { message: "too long" } } },
    ],
    [
      429,
      '{"object":"error","message":"slow down","code":"1300"}',
      { ...json, "retry-after": "7" },
      {
        kind: "validation_error",
        error: { code: "rate_limited", retryable: true, retryAfterMs: 7000, upstream: { code: "1300" } },
      },
    ],
    [
      500,
      '{"error":"boom"}',
      json,
      { kind: "internal_error", error: { code: "http_error", retryable: true, upstream: { message: "boom" } } },
    ],
    [
      503,
      "<html>Bad Gateway</html>",
      { "content-type": "text/html", "x-request-id": "r2" },
      {
        kind: "internal_error",
        error: { code: "http_error", upstream: { message: "<html>Bad Gateway</html>", requestId: "r2" } },
      },
    ],
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
    const error = await host
      .connect()
      .chat.complete({ messages })
      .catch((caught) => caught);
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
    expect(responses).toMatchObject([
      { kind: "internal_error", error: { code: "connection_failed", retryable: true } },
    ]);
    expect(errorOf(responses)?.message).toContain("ECONNREFUSED");
  });

  test("a name that is none", async () => {
    const model = connect({ provider: "openai", model: "m", baseURL: "http://nowhere.invalid", maxRetries: 0 });
    expect(errorOf(await collect(model.chat.stream({ messages })))?.code).toBe("connection_failed");
  });

  test("a server without TLS, asked for it", async () => {
    await using host = await loopbackHost(never);
    const model = host.connect({ baseURL: host.url.replace("http:", "https:") });
    expect(errorOf(await collect(model.chat.stream({ messages })))?.code).toBe("connection_failed");
  });

  test("a server that speaks no HTTP", async () => {
    await using server = await rawServer(() => "hello\r\n\r\n");
    const model = connect({ provider: "openai", model: "m", baseURL: server.url, maxRetries: 0 });
    expect(errorOf(await collect(model.chat.stream({ messages })))?.code).toBe("connection_failed");
  });
});

describe("76: a connection that is reset", () => {
  test.each(['data: {"choi', said("a").slice(0, -20), 'data: {"choices":[{"delta":{"content":"\u00e9'])(
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
