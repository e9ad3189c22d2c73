// What a body may be, before anyone looks at its fields.

import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { scriptedModel } from "wick/testing";
import { RawConnection } from "./support/raw-connection.ts";
import { listeningServer } from "./support/running-server.ts";
import { testServer } from "./support/test-server.ts";

const model = scriptedModel({ replies: ["Yes."] });
const server = testServer(model);
const chat = '{"messages":[{"role":"user","content":"Hi"}]}';
const megabytes = 1024 * 1024;
const posts = ["/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses", "/v1/tokenize"];

/** The body with blanks, which mean nothing, so that it has so many bytes. */
const padded = (bytes: number) => `${chat.slice(0, -1)}${" ".repeat(bytes - chat.length)}}`;

const refusedBody = (status: number, reason?: string) => ({
  status,
  json: {
    error: {
      code: status === 413 ? "too_large" : "invalid_request",
      param: "body",
      ...(reason && { message: expect.stringMatching(reason) }),
    },
  },
});

describe("the size of a body", () => {
  test("of 8 MiB is taken, one of a byte more is too large", async () => {
    expect(await server.post("/v1/chat/completions", padded(8 * megabytes))).toMatchObject({ status: 200 });
    expect(await server.post("/v1/chat/completions", padded(8 * megabytes + 1))).toMatchObject(refusedBody(413));
  });

  test("is refused by what Content-Length says, without reading it", async () => {
    await using listening = await listeningServer(model);
    using connection = await RawConnection.open(listening.port);
    const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json`;
    connection.send(`${head}\r\ncontent-length: ${8 * megabytes + 1}\r\n\r\n{`);
    await connection.says("too_large");
    expect(connection.status).toBe(413);
  });

  test("is counted where nobody says it", async () => {
    await using listening = await listeningServer(model, { limits: { bodyBytes: 1000 } });
    for (const [bytes, status] of [
      [1000, 200],
      [1001, 413],
    ] as const) {
      using connection = await RawConnection.open(listening.port);
      const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json`;
      connection.send(`${head}\r\ntransfer-encoding: chunked\r\n\r\n`);
      // In pieces that are each far below it.
      const body = padded(bytes);
      for (let at = 0; at < bytes; at += 100) {
        const piece = body.slice(at, at + 100);
        connection.send(`${piece.length.toString(16)}\r\n${piece}\r\n`);
      }
      connection.send("0\r\n\r\n");
      await connection.until(() => connection.status !== 0, "its answer");
      expect(connection.status).toBe(status);
    }
  });

  test("is held to what Content-Length says", async () => {
    await using listening = await listeningServer(model);
    const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json`;
    // Less than there is: the rest would be the next request, which it is not.
    using short = await RawConnection.open(listening.port);
    short.send(`${head}\r\ncontent-length: ${chat.length - 1}\r\n\r\n${chat}`);
    await short.closed();
    expect(new Set(short.received.match(/HTTP\/1\.1 \d+/g))).toEqual(new Set(["HTTP/1.1 400"]));
    // More than ever comes.
    using long = await RawConnection.open(listening.port);
    long.send(`${head}\r\ncontent-length: ${chat.length + 1}\r\n\r\n${chat}`);
    long.finish();
    await long.closed();
    expect([0, 400]).toContain(long.status);
    expect(await listening.post("/v1/chat/completions", chat)).toMatchObject({ status: 200 });
  });

  test("is counted before it is unpacked: none is", async () => {
    const bomb = gzipSync(Buffer.alloc(64 * megabytes, " "));
    expect(bomb.length).toBeLessThan(megabytes);
    for (const encoding of ["gzip", "deflate", "br", "zstd", "gzip, gzip", "x-gzip"]) {
      const answer = await server.post("/v1/chat/completions", bomb, { "content-encoding": encoding });
      expect(answer).toMatchObject({ status: 415, json: { error: { param: "headers.content-encoding" } } });
    }
    expect(await server.post("/v1/chat/completions", bomb)).toMatchObject(refusedBody(400, "not UTF-8"));
    const identity = await server.post("/v1/chat/completions", chat, { "content-encoding": "identity" });
    expect(identity).toMatchObject({ status: 200 });
  });
});

describe("a body that is no JSON", () => {
  const bytes = (text: string) => Buffer.from(text);
  test.each<[string, string | Uint8Array, RegExp]>([
    ["nothing", "", /empty/],
    ["blanks", "  \r\n", /not JSON/],
    ["a byte order mark before it", Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes(chat)]), /not JSON/],
    ["UTF-16", Buffer.from(chat, "utf16le"), /not JSON|not UTF-8/],
    ["a byte that is no UTF-8", Buffer.concat([bytes('{"user":"'), Buffer.from([0xff]), bytes('"}')]), /not UTF-8/],
    ["half a character", Buffer.concat([bytes(chat), Buffer.from([0xe2, 0x82])]), /not UTF-8/],
    [
      "a surrogate in UTF-8",
      Buffer.concat([bytes('{"user":"'), Buffer.from([0xed, 0xa0, 0x80]), bytes('"}')]),
      /not UTF-8/,
    ],
    ["an overlong character", Buffer.concat([bytes('{"user":"'), Buffer.from([0xc0, 0xaf]), bytes('"}')]), /not UTF-8/],
    ["a half", chat.slice(0, 20), /not JSON/],
    ["all but its last byte", chat.slice(0, -1), /not JSON/],
    ["one more bracket", `${chat}}`, /not JSON/],
    ["two of them", `${chat}${chat}`, /not JSON/],
    ["a comment", `${chat}// yes`, /not JSON/],
    ["single quotes", "{'messages':[]}", /not JSON/],
    ["NaN", '{"temperature":NaN}', /not JSON/],
    ["Infinity", '{"temperature":Infinity}', /not JSON/],
    ["a hexadecimal number", '{"temperature":0x1}', /not JSON/],
    ["a control character in a string", '{"user":"\u0001"}', /not JSON/],
    ["a NUL after it", `${chat}\0`, /not JSON/],
    ["a form", "messages=Hi&model=demo", /not JSON/],
  ])("%s", async (_, body, reason) => {
    for (const address of posts) {
      const answer = await server.post(address, body);
      expect(answer).toMatchObject(refusedBody(400));
      expect(answer.json).toMatchObject({ error: { message: expect.stringMatching(reason) } });
    }
  });

  test("is told in Anthropic's words, too", async () => {
    const error = { type: "invalid_request_error", message: expect.stringContaining("not JSON") };
    expect(await server.post("/v1/messages", "{")).toMatchObject({ status: 400, json: { type: "error", error } });
  });

  test.each(["null", "true", "1", '"text"', "[]", '[{"messages":[]}]'])("%s, which is no object", async (body) => {
    for (const address of posts) {
      expect(await server.post(address, body)).toMatchObject(refusedBody(400, "must be a JSON object"));
    }
  });
});

describe("a body that JSON.parse takes", () => {
  const nested = (depth: number) =>
    `{"messages":[{"role":"user","content":"Hi"}],"metadata":${'{"a":'.repeat(depth - 1)}1${"}".repeat(depth)}`;
  const named = (fields: number) => {
    const names = Array.from({ length: fields - 4 }, (_, index) => `"f${index}":0`);
    return `${chat.slice(0, -1)},"metadata":{${names.join(",")}}}`;
  };

  test("64 levels deep is taken, 65 are not", async () => {
    expect(await server.post("/v1/chat/completions", nested(64))).toMatchObject({ status: 200 });
    expect(await server.post("/v1/chat/completions", nested(65))).toMatchObject(refusedBody(400, "64 levels"));
    const arrays = `{"metadata":${"[".repeat(64)}${"]".repeat(64)}}`;
    expect(await server.post("/v1/chat/completions", arrays)).toMatchObject(refusedBody(400, "64 levels"));
  });

  test("a million levels deep is refused, and overflows no stack", async () => {
    const deep = `{"metadata":${"[".repeat(1e6)}${"]".repeat(1e6)}}`;
    expect(await server.post("/v1/chat/completions", deep)).toMatchObject({ status: 400 });
  });

  test("of 50,000 fields is taken, one more is not, nor are 100,000", async () => {
    expect(await server.post("/v1/chat/completions", named(50_000))).toMatchObject({ status: 200 });
    expect(await server.post("/v1/chat/completions", named(50_001))).toMatchObject(refusedBody(400, "50000 fields"));
    expect(await server.post("/v1/chat/completions", named(100_000))).toMatchObject(refusedBody(400, "50000 fields"));
  });

  test.each([
    ["at the top", `{"temperature":0,"temperature":2,${chat.slice(1)}`],
    ["within a message", '{"messages":[{"role":"user","role":"system","content":"Hi"}]}'],
    ["in another spelling", `{"temperature":0,"\\u0074emperature":2,${chat.slice(1)}`],
    ["of equal values", `{"n":1,"n":1,${chat.slice(1)}`],
    ["in a field that nobody reads", `{"metadata":{"a":1,"b":2,"a":1},${chat.slice(1)}`],
  ])("with a field given twice %s is refused: two readers could take two of them", async (_, body) => {
    expect(await server.post("/v1/chat/completions", body)).toMatchObject(refusedBody(400, "given twice"));
  });

  test("with one name in two objects is taken, and so is a name in a string", async () => {
    const body = `{"metadata":{"a":{"b":1},"c":{"b":1},"d":"\\"b\\":1,\\"b\\":2","e":[{"b":1},{"b":1}]},${chat.slice(1)}`;
    expect(await server.post("/v1/chat/completions", body)).toMatchObject({ status: 200 });
  });

  test.each([
    ["__proto__", `{"__proto__":{"temperature":0},${chat.slice(1)}`],
    ["__proto__, escaped", `{"__\\u0070roto__":{"isAdmin":true},${chat.slice(1)}`],
    ["__proto__ further in", `{"metadata":{"a":[{"__proto__":{"isAdmin":true}}]},${chat.slice(1)}`],
  ])("with a field called %s is refused", async (_, body) => {
    expect(await server.post("/v1/chat/completions", body)).toMatchObject(refusedBody(400, "__proto__"));
    expect("isAdmin" in {}).toBe(false);
  });

  test("with fields called constructor and prototype changes nothing", async () => {
    const body = `{"constructor":{"prototype":{"isAdmin":true}},"toString":1,"hasOwnProperty":1,${chat.slice(1)}`;
    expect(await server.post("/v1/chat/completions", body)).toMatchObject({ status: 200 });
    expect("isAdmin" in {}).toBe(false);
    expect(await testServer(model, { strict: true }).post("/v1/chat/completions", body)).toMatchObject({ status: 422 });
  });

  test.each(["1e999", "-1e999", `1${"0".repeat(400)}`, "1E+400", "9".repeat(400)])(
    "with the number %s is refused",
    async (number) => {
      for (const field of ["temperature", "metadata", "nonsense"]) {
        const body = `{"${field}":${number},${chat.slice(1)}`;
        expect(await server.post("/v1/chat/completions", body)).toMatchObject(
          refusedBody(400, "too large for a double"),
        );
      }
    },
  );

  test("with small numbers in long spellings is taken", async () => {
    const body = `{"temperature":0.${"0".repeat(400)}1e-5,"top_p":10e-1,"metadata":"1e999",${chat.slice(1)}`;
    expect(await server.post("/v1/chat/completions", body)).toMatchObject({ status: 200 });
  });
});

describe("the type of a body", () => {
  test.each([
    "application/json",
    "application/json; charset=utf-8",
    'Application/JSON;charset="UTF-8"',
    "application/vnd.api+json",
  ])("%s is taken", async (type) => {
    expect(await server.post("/v1/chat/completions", chat, { "content-type": type })).toMatchObject({ status: 200 });
  });

  test.each([
    "text/plain",
    "text/json",
    "application/jsonp",
    "application/x-json",
    "application/json; charset=utf-16",
    "application/json, text/plain",
    "text/plain; application/json",
    "multipart/form-data; boundary=application/json",
    "*/*",
  ])("%s is not", async (type) => {
    const refusal = { status: 415, json: { error: { param: "headers.content-type", code: "invalid_request" } } };
    expect(await server.post("/v1/chat/completions", chat, { "content-type": type })).toMatchObject(refusal);
  });

  test("must be said", async () => {
    const request = new Request("http://localhost/v1/chat/completions", { method: "POST", body: Buffer.from(chat) });
    expect((await server.server.fetch(request)).status).toBe(415);
  });
});
