import { demoModel } from "@wick/demo-model";
import { readFile, stat } from "node:fs/promises";
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";

const modules = dirname(fileURLToPath(import.meta.resolve("@wick/wasm")));
const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
  ".gguf": "application/octet-stream",
};
const page = '<!doctype html><meta charset="utf-8"><title>Wick</title><script type="module" src="page.js"></script>';

interface Answer {
  type: string;
  body: string | Uint8Array;
}

/** A server of a page's bundle in `folder`, of the files that it expects beside it, and of modules as they should not be. */
export async function servePage(folder: string): Promise<{ server: Server; origin: string }> {
  const server = createServer(async ({ url = "/" }, response) => {
    const { type, body } = (await answerOf(url.split("?")[0] ?? "", folder)) ?? { body: undefined };
    if (body === undefined) response.statusCode = 404;
    else response.setHeader("content-type", type);
    response.end(body);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function answerOf(path: string, folder: string): Promise<Answer | undefined> {
  switch (path) {
    case "/":
    case "/page.wasm":
      return { type: "text/html", body: page };
    case "/octets.wasm":
      return { type: "application/octet-stream", body: await readFile(join(modules, "simd128.wasm")) };
    case "/cut.wasm":
      return { type: "application/wasm", body: (await readFile(join(modules, "simd128.wasm"))).subarray(0, 100_000) };
    // As much of the hub as one file needs.
    case "/api/models/wick/demo/revision/main": {
      const { size } = await stat(demoModel());
      const siblings = [{ rfilename: "demo.Q8_0.gguf", size, lfs: { sha256: "0".repeat(64), size } }];
      return { type: "application/json", body: JSON.stringify({ sha: "0".repeat(40), siblings }) };
    }
    case `/wick/demo/resolve/${"0".repeat(40)}/demo.Q8_0.gguf`:
      return { type: "application/octet-stream", body: await readFile(demoModel()) };
    default: {
      for (const at of [folder, modules, dirname(demoModel())]) {
        const body = await readFile(join(at, path)).catch(() => {});
        if (body !== undefined) return { type: types[extname(path)] ?? "text/plain", body };
      }
      return undefined;
    }
  }
}
