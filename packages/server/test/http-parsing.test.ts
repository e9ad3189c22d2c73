// oxlint-disable vitest/expect-expect -- functions beside the tests assert.

// Bytes that are no request, or two at once. Each is answered by its status alone and its connection closed, and the server goes on.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { scriptedModel } from "wick/testing";
import { RawConnection } from "./support/raw-connection.ts";
import { type ListeningServer, listeningServer } from "./support/running-server.ts";

const model = scriptedModel({ replies: ["Yes."] });
const chat = '{"messages":[{"role":"user","content":"Hi"}]}';
const post = "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
let server: ListeningServer;

beforeAll(async () => {
  server = await listeningServer(model);
});
afterAll(() => server.running.close());

/** Sends it, and gives all statuses that came before the connection was closed. */
async function statusesOf(bytes: string): Promise<number[]> {
  using connection = await RawConnection.open(server.port);
  connection.send(bytes);
  await connection.closed();
  return [...connection.received.matchAll(/HTTP\/1\.1 (?<status>\d{3}) /g)].map(({ groups }) =>
    Number(groups?.["status"]),
  );
}

/** The same, and that another is answered after it. */
async function refusedWith(status: number, bytes: string): Promise<void> {
  const before = model.calls.length;
  expect(await statusesOf(bytes)).toEqual([status]);
  expect(model.calls).toHaveLength(before);
  expect(await server.get("/health")).toMatchObject({ status: 200 });
}

describe("headers", () => {
  const get = "GET /v1/models HTTP/1.1\r\nhost: localhost\r\n";

  test("of 15 KiB are taken, of 17 KiB are not", async () => {
    expect(await statusesOf(`${get}connection: close\r\nx-long: ${"x".repeat(15 * 1024)}\r\n\r\n`)).toEqual([200]);
    await refusedWith(431, `${get}x-long: ${"x".repeat(17 * 1024)}\r\n\r\n`);
    await refusedWith(431, `GET /v1/models?${"x".repeat(17 * 1024)} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  });

  test("that are 3,000 are too many", async () => {
    const many = Array.from({ length: 3000 }, (_, index) => `x-${index}: ${index}\r\n`).join("");
    await refusedWith(431, `${get}${many}\r\n`);
  });

  test("that are 3,000 and short are too many as well: none is left out in silence", async () => {
    const many = "a:b\r\n".repeat(3000);
    expect(many.length).toBeLessThan(16 * 1024);
    await refusedWith(431, `${get}${many}\r\n`);
  });

  test("past any count do not hide a second Host", async () => {
    await refusedWith(431, `${get}${"a:b\r\n".repeat(2500)}host: evil.example\r\n\r\n`);
  });

  test.each([
    ["a NUL in a value", `${get}x-a: b\0c\r\n\r\n`],
    ["a NUL in a name", `${get}x-\0a: b\r\n\r\n`],
    ["a control character", `${get}x-a: b\u0001c\r\n\r\n`],
    ["a name with a blank", `${get}x a: b\r\n\r\n`],
    ["a blank before the colon", `${get}x-a : b\r\n\r\n`],
    ["no colon", `${get}nonsense\r\n\r\n`],
    ["a lone line feed within", `${get}x-a: b\n\r\n\r\n`.replace("localhost\r\n", "localhost\n")],
    ["a lone carriage return", `${get}x-a: b\rc: d\r\n\r\n`],
    ["a folded line", `${get}x-a: b\r\n c\r\n\r\n`],
  ])("%s", async (_, bytes) => {
    await refusedWith(400, bytes);
  });
});

describe("the first line", () => {
  test.each([
    ["HTTP/0.9", "GET /v1/models\r\n\r\n"],
    ["HTTP/9.9", "GET /v1/models HTTP/9.9\r\nhost: localhost\r\n\r\n"],
    ["no method", "/v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n"],
    ["a method of nobody", "FETCH /v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n"],
    ["TLS", "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003"],
    ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["an address without a slash", "GET v1/models HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"],
    ["a backslash in the address", "GET /v1\\models HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"],
  ])("%s", async (_, bytes) => {
    await refusedWith(400, bytes);
  });

  test("CONNECT is closed, and makes no tunnel", async () => {
    const statuses = await statusesOf("CONNECT example.com:443 HTTP/1.1\r\nhost: localhost\r\n\r\n");
    expect(statuses).not.toContain(200);
  });
});

describe("a body in two lengths", () => {
  const smuggled = "GET /v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n";
  test.each([
    [
      "length and chunks",
      `${post}content-length: ${chat.length}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    ],
    ["chunks and length", `${post}transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n${smuggled}`],
    ["two lengths", `${post}content-length: 5\r\ncontent-length: 6\r\n\r\n${chat}${smuggled}`],
    ["a list of lengths", `${post}content-length: 5, 6\r\n\r\n${chat}${smuggled}`],
    ["a negative length", `${post}content-length: -1\r\n\r\n${smuggled}`],
    ["a length with a sign", `${post}content-length: +5\r\n\r\n${smuggled}`],
    ["a length in hexadecimal", `${post}content-length: 0x5\r\n\r\n${smuggled}`],
    ["an endless length", `${post}content-length: 99999999999999999999\r\n\r\n${smuggled}`],
    ["an encoding of nobody", `${post}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n${smuggled}`],
    ["an encoding that is hidden", `${post}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled}`],
  ])("%s", async (_, bytes) => {
    await refusedWith(400, bytes);
  });
});

describe("a chunk", () => {
  const chunked = `${post}transfer-encoding: chunked\r\n\r\n`;
  test.each([
    ["whose length is no number", `${chunked}Z\r\nhello\r\n0\r\n\r\n`],
    ["whose length is negative", `${chunked}-1\r\nhello\r\n0\r\n\r\n`],
    ["whose length is beyond all", `${chunked}FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n`],
    ["that is longer than it says", `${chunked}2\r\nhello\r\n0\r\n\r\n`],
    ["that ends with a line feed alone", `${chunked}5\nhello\n0\n\n`],
  ])("%s", async (_, bytes) => {
    await refusedWith(400, bytes);
  });

  test("that comes after a good one, and after the request was begun", async () => {
    await refusedWith(400, `${chunked}${chat.length.toString(16)}\r\n${chat}\r\nZ\r\n`);
  });
});

test("two requests one behind the other are answered in their order", async () => {
  const one = `${post}content-length: ${chat.length}\r\n\r\n${chat}`;
  const two = "GET /nope HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
  expect(await statusesOf(`${one}${two}`)).toEqual([200, 404]);
});

test("nothing of it is in the log but what was answered by the server itself", () => {
  for (const entry of server.entries()) expect(entry).toMatchObject({ event: "request_ended" });
});
