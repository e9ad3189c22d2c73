// Reads a long stream with one client, out of the memory of this process, and prints what it took.

import { argv } from "node:process";
import { pathToFileURL } from "node:url";
import { Model } from "wick/remote";
import { npmPackage } from "../peers/setup.ts";
import { longBody } from "./chunks.ts";

const [, , client = "", bytes = "0"] = argv;
const { body, events } = longBody(Number(bytes));
const fetch = async () => new Response(body, { headers: { "content-type": "text/event-stream" } });
const messages = [{ role: "user" as const, content: "Hi" }];
let seen = 0;

interface Chunk {
  readonly choices: readonly { readonly delta: { content?: unknown } }[];
}
const count = ({ choices }: Chunk) => {
  if (choices[0]?.delta.content !== undefined) seen += 1;
};

/** The others, as npm installs them; their types are not ours to know. */
const readers: Readonly<Record<string, () => Promise<void>>> = {
  async wick() {
    const model = Model.connect({ provider: "openai", model: "m", fetch });
    for await (const response of model.chat.stream({ messages })) {
      if (response.kind === "chunk") count(response);
    }
  },
  async "@mistralai/mistralai"() {
    const name = pathToFileURL(npmPackage("@mistralai/mistralai", "esm/index.js")).href;
    const { Mistral, HTTPClient } = await import(name);
    const sdk = new Mistral({ apiKey: "k", httpClient: new HTTPClient({ fetcher: fetch }) });
    for await (const { data } of await sdk.chat.stream({ model: "m", messages })) count(data);
  },
  async openai() {
    const { OpenAI } = await import(pathToFileURL(npmPackage("openai", "index.mjs")).href);
    const sdk = new OpenAI({ apiKey: "k", fetch });
    for await (const chunk of await sdk.chat.completions.create({ model: "m", messages, stream: true })) count(chunk);
  },
};

const before = process.memoryUsage.rss();
let peak = before;
const watch = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss());
}, 20);
const began = performance.now();
await readers[client]?.();
const seconds = (performance.now() - began) / 1000;
clearInterval(watch);
if (seen < events - 1) throw new Error(`${client} saw ${seen} of ${events} events`);
console.log(JSON.stringify({ seconds, events, grownBytes: Math.max(peak, process.memoryUsage.rss()) - before }));
