// The hub and its storage in one, with one large file, for measuring how fast it is fetched.

import { createHash, randomFillSync } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const bytes = Number(process.argv[2]);
const body = randomFillSync(Buffer.alloc(bytes));
const sha256 = createHash("sha256").update(body).digest("hex");
const siblings = [{ rfilename: "large.gguf", size: bytes, blobId: "", lfs: { sha256, size: bytes } }];

const server = createServer(({ url = "", headers }, response) => {
  if (url.startsWith("/api/")) {
    response.end(JSON.stringify({ id: "wick/large", sha: "0".repeat(40), siblings }));
    return;
  }
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? "") ?? [];
  const [start, end] = from === undefined ? [0, bytes] : [Number(from), Math.min(Number(to) + 1, bytes)];
  response.writeHead(from === undefined ? 200 : 206, {
    "content-length": end - start,
    ...(from !== undefined && { "content-range": `bytes ${start}-${end - 1}/${bytes}` }),
  });
  response.end(body.subarray(start, end));
});
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
