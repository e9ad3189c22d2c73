import { demoModel } from "@wick/demo-model";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LoadOptions, type LoadProgress, Model } from "wick";

const [name = "Qwen/Qwen3-0.6B-GGUF:Q8_0", ...words] = process.argv.slice(2);
const question = words.join(" ") || "What is the capital of France?";
const { source, hub, stop: stopHub } = await place();
await using model = await Model.load(source, { onProgress, ...(hub && { hub }) });
console.error(`\n${model.info.id}: ${model.info.architecture}, ${model.info.quantization}`);
for await (const text of model.chat
  .stream({ messages: [{ role: "user", content: question }], maxTokens: 200 })
  .text()) {
  process.stdout.write(text);
}
process.stdout.write("\n");
await stopHub();

function onProgress(progress: LoadProgress): void {
  if (progress.kind !== "download") return;
  const { file, loadedBytes, totalBytes = 0, bytesPerSecond = 0, remainingMs = 0 } = progress;
  const percent = ((100 * loadedBytes) / totalBytes).toFixed();
  const speed = `${(bytesPerSecond / 1e6).toFixed()} MB/s, ${(remainingMs / 1000).toFixed()} s left`;
  process.stderr.write(`\r${file}: ${percent} %, ${speed}   `);
}

interface Place {
  source: string;
  hub?: LoadOptions["hub"];
  stop(): Promise<void>;
}

/** The hub; or, without a network, a stand-in on this machine that has the demo model. */
async function place(): Promise<Place> {
  const endpoint = process.env["HF_ENDPOINT"] ?? "https://huggingface.co";
  const isThere = await fetch(`${endpoint}/api/models?limit=1`).catch(() => undefined);
  if (isThere?.ok === true) return { source: name, stop: async () => {} };
  console.error("The hub is not there: a stand-in on this machine has the demo model.");
  return standIn();
}

/** As much of the hub as one file needs. */
async function standIn(): Promise<Place> {
  const body = await readFile(demoModel());
  const sha256 = createHash("sha256").update(body).digest("hex");
  const siblings = [{ rfilename: "demo.Q8_0.gguf", lfs: { sha256, size: body.length } }];
  const server = createServer(({ url = "" }, response) => {
    response.end(url.startsWith("/api/") ? JSON.stringify({ sha: "0".repeat(40), siblings }) : body);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const cacheDir = await mkdtemp(join(tmpdir(), "wick-hub-"));
  const stop = async () => {
    server.closeAllConnections();
    server.close();
    await rm(cacheDir, { recursive: true });
  };
  return { source: "wick/demo:Q8_0", hub: { endpoint, cacheDir }, stop };
}
