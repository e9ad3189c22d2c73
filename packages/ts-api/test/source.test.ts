import { once } from "node:events";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createModel } from "../src/model/create-model.js";
import type { LoadOptions, LoadProgress, ModelSource } from "../src/model/load-options.js";
import { FakeEngine, FakeMemory, fakeBackend } from "./fake-engine.js";

const bytes = Uint8Array.from({ length: 3_000_000 }, (_, index) => (index * 2_654_435_761) >>> 24);
new DataView(bytes.buffer).setUint32(100_000, bytes.byteLength, true);

/** What the server does at each path, and the connections that a client left. */
const routes: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
  "/whole.gguf": (_, response) => void response.setHeader("content-length", bytes.byteLength).end(bytes),
  "/chunked": (_, response) => {
    for (let at = 0; at < bytes.byteLength; at += 77_777) response.write(bytes.subarray(at, at + 77_777));
    response.end();
  },
  "/gzip": (_, response) => void response.setHeader("content-encoding", "gzip").end(gzipSync(bytes)),
  "/redirected": (_, response) => void response.writeHead(302, { location: "/whole.gguf" }).end(),
  "/keyed": ({ headers }, response) => {
    if (headers["x-key"] === "open") response.end(bytes);
    else response.writeHead(401).end();
  },
  "/failing": (_, response) => void response.writeHead(500).end("no"),
  "/cut": (_, response) => {
    response.setHeader("content-length", bytes.byteLength).write(bytes.subarray(0, 1_000_000));
    setTimeout(() => response.destroy(), 20);
  },
  "/silent": (_, response) => {
    response.setHeader("content-length", bytes.byteLength).write(bytes.subarray(0, 1000));
    response.on("close", () => left.push("/silent"));
  },
};
const left: string[] = [];
const server = createServer((request, response) => {
  const route = routes[request.url?.split("?")[0] ?? ""];
  if (route === undefined) response.writeHead(404).end();
  else route(request, response);
});
let origin: string;

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => void server.close());

/** Loads by an engine that takes whole arrays, or one with a memory; the buffers that came to it. */
async function load(source: ModelSource, memory: FakeMemory | undefined, options: LoadOptions = {}) {
  const engine = new FakeEngine(memory);
  const loading = createModel(fakeBackend(engine)).load(source, options);
  const submitted = new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      if (engine.submitted.length === 0) return;
      clearInterval(timer);
      resolve();
    }, 1);
    loading.catch(() => clearInterval(timer));
  });
  await Promise.race([submitted, loading]);
  const [{ command, buffers } = { command: undefined, buffers: [] }] = engine.submitted;
  return {
    source: command?.["source"],
    buffers: buffers.map((buffer) => (typeof buffer === "number" ? memory?.buffers[buffer] : buffer)),
  };
}

/** A stream of `data` in pieces. */
function streamOf(data: Uint8Array, piece: number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= data.byteLength) return controller.close();
      controller.enqueue(data.slice(at, at + piece));
      at += piece;
    },
  });
}

describe.each([
  ["into whole arrays", () => undefined],
  ["into an engine's memory", () => new FakeMemory()],
])("%s", (_, memory) => {
  test.each<[string, () => ModelSource]>([
    ["a URL", () => new URL("/whole.gguf", origin)],
    ["a URL as a string", () => `${origin}/whole.gguf?signature=a/b`],
    ["a URL without a length", () => `${origin}/chunked`],
    ["a compressed answer", () => `${origin}/gzip`],
    ["a redirection", () => `${origin}/redirected`],
    ["a Request", () => new Request(`${origin}/keyed`, { headers: { "x-key": "open" } })],
    ["a Response", () => new Response(bytes, { headers: { "content-length": String(bytes.byteLength) } })],
    ["a Response without a length", () => new Response(streamOf(bytes, 65_536))],
    ["a stream", () => streamOf(bytes, 65_536)],
    ["a stream of small pieces", () => streamOf(bytes, 999)],
    ["a stream of one piece", () => streamOf(bytes, bytes.byteLength)],
    ["bytes", () => bytes],
    ["a blob: URL", () => URL.createObjectURL(new Blob([bytes]))],
  ])("%s", async (__, source) => {
    const { buffers } = await load(source(), memory());
    expect(buffers.length).toBe(1);
    expect(Buffer.compare(buffers[0] ?? new Uint8Array(), bytes)).toBe(0);
  });

  test("progress is told as it comes, up to the end", async () => {
    const told: LoadProgress[] = [];
    await load(`${origin}/whole.gguf`, memory(), { onProgress: (progress) => told.push(progress) });
    expect(told.length).toBeGreaterThanOrEqual(3);
    const loaded = told.map((progress) => progress.loadedBytes);
    expect(loaded).toEqual(loaded.toSorted((a, b) => a - b));
    expect(told.at(-1)).toMatchObject({
      kind: "download",
      file: "whole.gguf",
      loadedBytes: bytes.byteLength,
      totalBytes: bytes.byteLength,
      bytesPerSecond: expect.any(Number),
    });
  });

  test("what the hook throws ends the load", async () => {
    const hook = () => {
      throw new Error("mine");
    };
    await expect(load(`${origin}/whole.gguf`, memory(), { onProgress: hook })).rejects.toThrow("mine");
  });

  test.each<[string, string, () => ModelSource, object]>([
    ["a file that is not there", "not_found", () => `${origin}/none`, { status: 404 }],
    ["a file that is not ours", "unauthorized", () => `${origin}/keyed`, { status: 401 }],
    ["a server that fails", "download_failed", () => `${origin}/failing`, { status: 500 }],
    ["a Response of an error", "not_found", () => new Response("", { status: 404 }), { status: 404 }],
    ["a Response without a body", "download_failed", () => new Response(null), { status: 200 }],
    ["a server that is not there", "download_failed", () => "http://127.0.0.1:1/", {}],
    ["a connection that breaks", "download_failed", () => `${origin}/cut`, {}],
    [
      "a body that is short",
      "download_failed",
      () => new Response(streamOf(bytes, 1e6), { headers: { "content-length": "4000000" } }),
      { expected: 4_000_000, got: 3_000_000 },
    ],
    [
      "a body that is long",
      "download_failed",
      () => new Response(streamOf(bytes, 1e5), { headers: { "content-length": "2000000" } }),
      { expected: 2_000_000 },
    ],
  ])("%s", async (__, code, source, details) => {
    await expect(load(source(), memory())).rejects.toMatchObject({ code, info: { where: "source", details } });
  });

  test("a message tells no secret of a URL", async () => {
    const infoOf = (url: string) => load(url, memory()).catch(({ info }: { info: object }) => info);
    const named = await infoOf(`${origin.replace("//", "//me:secret@")}/none`);
    expect(named).toMatchObject({ code: "invalid_request", where: "source" });
    const signed = await infoOf(`${origin}/none?key=secret`);
    expect(signed).toMatchObject({ code: "not_found", message: expect.stringContaining("/none") });
    const unreachable = await infoOf("http://127.0.0.1:1/none?key=secret");
    expect(unreachable).toMatchObject({ code: "download_failed", message: expect.stringContaining("/none") });
    expect(JSON.stringify([named, signed, unreachable])).not.toContain("secret");
  });

  test("a stream that fails, or gives no bytes", async () => {
    const failing = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.error(new Error("disk"));
      },
    });
    await expect(load(failing, memory())).rejects.toMatchObject({ code: "download_failed" });
    const text = new ReadableStream({ start: (controller) => controller.enqueue("text") });
    await expect(load(text, memory())).rejects.toMatchObject({ code: "invalid_request", info: { where: "source" } });
  });

  test("an abort ends a download that hangs, and its connection", async () => {
    left.length = 0;
    const controller = new AbortController();
    const loading = load(`${origin}/silent`, memory(), { signal: controller.signal });
    setTimeout(() => controller.abort(new Error("enough")), 50);
    await expect(loading).rejects.toMatchObject({ code: "cancelled", cause: { message: "enough" } });
    await expect.poll(() => left).toEqual(["/silent"]);
  });

  test("an abort ends a stream that hangs, which is told", async () => {
    const controller = new AbortController();
    let reason: unknown;
    const hanging = new ReadableStream<Uint8Array>({
      cancel(given) {
        reason = given;
      },
    });
    const loading = load(hanging, memory(), { signal: controller.signal });
    setTimeout(() => controller.abort("enough"), 20);
    await expect(loading).rejects.toMatchObject({ code: "cancelled" });
    expect(reason).toBe("enough");
  });

  test("what was read already is refused", async () => {
    const response = new Response("x");
    await response.text();
    const stream = streamOf(bytes, 10);
    stream.getReader();
    for (const source of [response, stream]) {
      await expect(load(source, memory())).rejects.toMatchObject({
        code: "invalid_request",
        info: { where: "source" },
      });
    }
  });
});

test("the model is named by its address", async () => {
  expect((await load(`${origin}/whole.gguf?x=1`, undefined)).source).toEqual({
    kind: "files",
    files: { "whole.gguf": 0 },
  });
  expect((await load(`${origin}/chunked`, undefined)).source).toEqual({ kind: "bytes", buffer: 0 });
});

describe("a stream whose length is in its header", () => {
  test("is asked for it a few times only, and is read no further", async () => {
    const memory = new FakeMemory();
    let given = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(bytes.slice(given, given + 100));
        given = given + 100 >= bytes.byteLength ? 0 : given + 100;
      },
    });
    const { buffers } = await load(endless, memory);
    expect(Buffer.compare(buffers[0] ?? new Uint8Array(), bytes)).toBe(0);
    expect(memory.asked).toBeLessThan(8);
  });

  test.each([0, 10, 70_000, 200_000, 2_999_999])("that ends after %d bytes is handed over as it is", async (length) => {
    const { buffers } = await load(streamOf(bytes.subarray(0, length), 9999), new FakeMemory());
    expect(buffers[0]?.byteLength).toBe(length);
    expect(Buffer.compare(buffers[0] ?? new Uint8Array(1), bytes.subarray(0, length))).toBe(0);
  });
});
