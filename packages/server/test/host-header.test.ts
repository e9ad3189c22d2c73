// oxlint-disable vitest/valid-expect -- a message says which round of a loop it was.
// oxlint-disable vitest/no-conditional-expect -- what is expected of one differs from what is of another.

// Which names the server answers under: a page whose own name resolves to this machine sends that name as its Host.

import { describe, expect, test } from "vitest";
import { scriptedModel } from "wick/testing";
import { RawConnection } from "./support/raw-connection.ts";
import { listeningServer } from "./support/running-server.ts";
import { testServer } from "./support/test-server.ts";

const model = scriptedModel({ replies: ["Yes."] });
const forbidden = { status: 403, json: { error: { code: "forbidden_host", param: "headers.host" } } };

describe("a request with the Host", () => {
  const server = testServer(model);
  test.each([
    "localhost",
    "LOCALHOST",
    "LocalHost:8080",
    "localhost:80",
    "127.0.0.1",
    "127.0.0.1:65535",
    "[::1]",
    "[::1]:8080",
  ])("%s is answered", async (host) => {
    expect(await server.get("/v1/models", { host })).toMatchObject({ status: 200 });
  });

  test.each([
    "example.com",
    "127.0.0.1.evil",
    "127.0.0.1.evil.example:8080",
    "localhost.evil.example",
    "evil-localhost",
    "localhost.",
    "localhost:8080:8080",
    "localhost:",
    "localhost:port",
    "localhost, localhost",
    "localhost,example.com",
    "user@localhost",
    "localhost/",
    "0.0.0.0",
    "127.0.0.2",
    "127.1",
    "2130706433",
    "0x7f.0.0.1",
    "[::]",
    "[::ffff:127.0.0.1]",
    "::1",
    "[::1",
    "printer.local",
    "metadata.internal",
    "192.168.0.1",
    "",
  ])("%j is refused", async (host) => {
    const answer = await server.get("/v1/models", { host });
    expect(answer).toMatchObject(forbidden);
    expect(answer.headers.get("access-control-allow-origin")).toBeNull();
  });

  test("is refused on every address, /health and unknown ones among them, before a key is asked for", async () => {
    const guarded = testServer(model, { apiKeys: ["sk-0123456789abcdef"] });
    for (const address of ["/health", "/", "/nope", "/openapi.json", "/metrics", "/v1/chat/completions"]) {
      expect(await guarded.get(address, { host: "evil.example" }), address).toMatchObject({ status: 403 });
    }
    expect(await server.ask("OPTIONS", "/v1/models", { headers: { host: "evil.example" } })).toMatchObject(forbidden);
  });

  test("is taken under names that the program allows, besides those of loopback", async () => {
    const named = testServer(model, { allowedHosts: ["Models.Example"] });
    for (const host of ["models.example", "MODELS.EXAMPLE:8443", "localhost"]) {
      expect(await named.get("/v1/models", { host })).toMatchObject({ status: 200 });
    }
    for (const host of ["models.example.evil", "amodels.example", "example"]) {
      expect(await named.get("/v1/models", { host })).toMatchObject(forbidden);
    }
    const any = testServer(model, { allowedHosts: "any" });
    expect(await any.get("/v1/models", { host: "whatever.example" })).toMatchObject({ status: 200 });
  });

  test("of its address, where there is no header", async () => {
    const { server: handler } = testServer(model);
    expect((await handler.fetch(new Request("http://127.0.0.1:8080/v1/models"))).status).toBe(200);
    expect((await handler.fetch(new Request("http://evil.example/v1/models"))).status).toBe(403);
  });
});

describe("over a socket", () => {
  const ask = async (port: number, head: string) => {
    using connection = await RawConnection.open(port);
    connection.send(`${head}\r\nconnection: close\r\n\r\n`);
    await connection.closed();
    return connection;
  };

  test.each([
    ["no Host", "GET /v1/models HTTP/1.1", 400],
    ["no Host in HTTP/1.0", "GET /v1/models HTTP/1.0", 400],
    ["an empty Host", "GET /v1/models HTTP/1.1\r\nhost:", 400],
    ["two Hosts", "GET /v1/models HTTP/1.1\r\nhost: localhost\r\nhost: localhost", 400],
    ["two Hosts, the first one right", "GET /v1/models HTTP/1.1\r\nhost: localhost\r\nHOST: evil.example", 400],
    ["two Hosts, the second one right", "GET /v1/models HTTP/1.1\r\nhost: evil.example\r\nhost: localhost", 400],
    ["a foreign Host", "GET /v1/models HTTP/1.1\r\nhost: evil.example", 403],
    ["a foreign Host behind a right address", "GET http://localhost/v1/models HTTP/1.1\r\nhost: evil.example", 403],
    ["a Host that is none", "GET /v1/models HTTP/1.1\r\nhost: local host", 400],
    ["a right Host", "GET /v1/models HTTP/1.1\r\nhost: localhost", 200],
  ])("%s: %j", async (_, head, status) => {
    await using server = await listeningServer(model);
    const connection = await ask(server.port, head);
    expect(connection.status).toBe(status);
    if (status !== 200) expect(connection.received).not.toContain('"object":"list"');
  });

  test("a page that rebinds its name comes with the port of this server, and is refused all the same", async () => {
    await using server = await listeningServer(model);
    using connection = await RawConnection.open(server.port);
    const host = `rebind.attacker.example:${server.port}`;
    // As a browser replays it: same origin in its eyes, so that no Origin or a matching one comes along.
    const body = '{"messages":[{"role":"user","content":"Hi"}]}';
    const head = `host: ${host}\r\norigin: http://${host}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`;
    connection.send(`POST /v1/chat/completions HTTP/1.1\r\n${head}\r\n\r\n${body}`);
    await connection.says("forbidden_host");
    expect(connection.status).toBe(403);
    expect(connection.received).not.toMatch(/access-control/i);
    expect(model.calls).toHaveLength(0);
  });
});
