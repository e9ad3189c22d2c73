// Where a server listens, and where it refuses to.

import { once } from "node:events";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { describe, expect, test } from "vitest";
import { WickError } from "wick";
import { scriptedModel } from "wick/testing";
import { serve } from "../src/node/index.ts";
import { listeningServer } from "./support/running-server.ts";
import { RawConnection } from "./support/raw-connection.ts";

const model = scriptedModel({ replies: ["Yes."] });
const options = { models: { demo: model }, port: 0, log: false, playground: false } as const;
const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === "::1"));

describe("an address", () => {
  test("is this machine's own, and a port that was free, where nothing else is said", async () => {
    await using server = await serve(options);
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    expect(server.port).toBeGreaterThan(0);
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  });

  test("can be a name", async () => {
    await using server = await serve({ ...options, host: "localhost" });
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  });

  test.skipIf(!hasIpv6)("can be of IPv6, in brackets; skipped where the machine has none", async () => {
    await using server = await serve({ ...options, host: "::1" });
    expect(server.url).toBe(`http://[::1]:${server.port}`);
    expect((await fetch(`${server.url}/v1/models`)).status).toBe(200);
    await expect(RawConnection.open(server.port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  test("that another server has is an error of its own, and the other goes on", async () => {
    await using first = await serve(options);
    const second = serve({ ...options, port: first.port });
    await expect(second).rejects.toMatchObject({
      code: "io_error",
      message: expect.stringMatching(new RegExp(`port ${first.port} \\(EADDRINUSE\\): choose another port`)),
      info: { where: "port", retryable: false },
    });
    expect(await second.catch((error: unknown) => WickError.isInstance(error))).toBe(true);
    expect((await fetch(`${first.url}/health`)).status).toBe(200);
  });

  test("that another program has, too", async () => {
    const other = createServer();
    await once(other.listen(0, "127.0.0.1"), "listening");
    const { port } = other.address() as { port: number };
    await expect(serve({ ...options, port })).rejects.toMatchObject({ code: "io_error" });
    other.close();
  });

  test.each([
    ["192.0.2.1", /EADDRNOTAVAIL/],
    ["no such name.invalid", /ENOTFOUND|EAI_AGAIN|EINVAL/],
  ])("that the machine has not, %s, is an error of its own", async (host, reason) => {
    const promise = serve({ ...options, host, insecure: true });
    await expect(promise).rejects.toMatchObject({ code: "io_error", message: expect.stringMatching(reason) });
  });

  test.each([-1, 65_536, 1.5, NaN])("with the port %d is an error of the program's, and typed", async (port) => {
    await expect(serve({ ...options, port })).rejects.toMatchObject({
      code: "invalid_request",
      info: { where: "port" },
    });
  });

  test("can be taken again after its end", async () => {
    const first = await serve(options);
    await first.close();
    await first.closed;
    await using second = await serve({ ...options, port: first.port });
    expect(second.port).toBe(first.port);
  });
});

describe("an address that others reach", () => {
  test.each(["0.0.0.0", "::", "192.0.2.1", "example.com", ""])(
    "%j without keys is refused, before it listens",
    async (host) => {
      await expect(serve({ ...options, host })).rejects.toMatchObject({
        code: "invalid_request",
        info: { where: "host" },
        message: expect.stringContaining("API keys"),
      });
    },
  );

  test("with keys is taken, and under any name: whoever has a key is no stranger's page", async () => {
    await using server = await listeningServer(model, { host: "0.0.0.0", apiKeys: ["sk-0123456789abcdef"] });
    using connection = await RawConnection.open(server.port);
    const head = "GET /v1/models HTTP/1.1\r\nhost: models.example\r\nconnection: close";
    connection.send(`${head}\r\nauthorization: Bearer sk-0123456789abcdef\r\n\r\n`);
    await connection.closed();
    expect(connection.status).toBe(200);
    using stranger = await RawConnection.open(server.port);
    stranger.send(`${head}\r\n\r\n`);
    await stranger.closed();
    expect(stranger.status).toBe(401);
  });

  test("without keys, where the program insists, answers to its own names alone", async () => {
    await using server = await listeningServer(model, { host: "0.0.0.0", insecure: true });
    const ask = async (host: string) => {
      using connection = await RawConnection.open(server.port);
      connection.send(`GET /v1/models HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
      await connection.closed();
      return connection.status;
    };
    expect(await ask(`127.0.0.1:${server.port}`)).toBe(200);
    expect(await ask("evil.example")).toBe(403);
  });

  test("127.0.0.1 with keys still looks at the Host", async () => {
    await using server = await listeningServer(model, { apiKeys: ["sk-0123456789abcdef"] });
    using connection = await RawConnection.open(server.port);
    connection.send(
      "GET /v1/models HTTP/1.1\r\nhost: evil.example\r\nauthorization: Bearer sk-0123456789abcdef\r\nconnection: close\r\n\r\n",
    );
    await connection.closed();
    expect(connection.status).toBe(403);
  });
});

test("a connection is kept for the next request, and closed when nobody asks", async () => {
  await using server = await listeningServer(model);
  using connection = await RawConnection.open(server.port);
  for (let count = 1; count <= 3; count += 1) {
    connection.send("GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n");
    await connection.until(() => connection.received.split('{"status":"ok"').length === count + 1, "its answer");
  }
  expect(connection.isClosed).toBe(false);
  await server.running.close();
  await connection.closed();
});
