import { readFile } from "node:fs/promises";
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compileUrl } from "../src/wasm/compile-url.js";

const file = fileURLToPath(import.meta.resolve("@wick/wasm/simd128.wasm"));
const page = "<!doctype html><title>The page that answers every address</title>";
let server: Server;
let base: string;

beforeAll(async () => {
  const module = await readFile(file);
  const answers: Record<string, { type?: string; body: Buffer | string }> = {
    "/right.wasm": { type: "application/wasm", body: module },
    "/octets.wasm": { type: "application/octet-stream", body: module },
    "/parameter.wasm": { type: "application/wasm; charset=utf-8", body: module },
    "/none.wasm": { body: module },
    "/cut.wasm": { type: "application/wasm", body: module.subarray(0, 100_000) },
    "/cut-octets.wasm": { type: "application/octet-stream", body: module.subarray(0, 100_000) },
    "/page.wasm": { type: "text/html", body: page },
    "/page-as.wasm": { type: "application/wasm", body: page },
    "/empty.wasm": { type: "application/octet-stream", body: "" },
  };
  server = createServer(({ url = "" }, response) => {
    const { type, body } = answers[url] ?? { body: undefined };
    if (type !== undefined) response.setHeader("content-type", type);
    if (body === undefined) response.statusCode = 404;
    response.end(body);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => server.close());

test.each(["right", "octets", "parameter", "none"])("a module is compiled, whatever its type: %s", async (name) => {
  const module = await compileUrl(`${base}/${name}.wasm`);
  expect(Object.prototype.toString.call(module)).toBe("[object WebAssembly.Module]");
});

test.each([
  ["missing", "answered 404"],
  ["page", 'brought text/html that begins with "<!doctype html>'],
  ["page-as", "brought application/wasm that does not compile"],
  ["cut", "brought application/wasm that does not compile"],
  ["cut-octets", "brought application/octet-stream that does not compile"],
  ["empty", 'that begins with ""'],
])("what else comes is told with its address: %s", async (name, what) => {
  const url = new URL(`${base}/${name}.wasm`);
  const error = await compileUrl(url).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: "backend_unavailable", name: "WickError" });
  const { message } = error as Error;
  expect(message).toContain(what);
  expect(message).toContain(url.href);
  expect(message).toContain("options.wasmUrl");
});

test("a server that is not there", async () => {
  await expect(compileUrl("http://127.0.0.1:1/relaxed-simd.wasm")).rejects.toMatchObject({
    code: "backend_unavailable",
    message: expect.stringMatching(/127\.0\.0\.1:1\/relaxed-simd\.wasm, which could not be fetched .*options\.wasmUrl/),
  });
});
