import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Model } from "wick/remote";
import { type Figure, median, percentile } from "../report.ts";

const EVENTS = 1000;
const ROUNDS = 5;
const now = () => performance.timeOrigin + performance.now();

/** How long after it was sent each event is there, for a reader of bytes that does as little as it can. */
async function raw(url: string): Promise<number[]> {
  const response = await fetch(`${url}/v1/chat/completions`, { method: "POST", body: "{}" });
  const latencies: number[] = [];
  const decoder = new TextDecoder();
  if (response.body === null) throw new Error("there is no body");
  for await (const piece of response.body) {
    const at = now();
    for (const [, sent] of decoder.decode(piece, { stream: true }).matchAll(/"content":"([\d.]+)"/g))
      latencies.push(at - Number(sent));
  }
  return latencies;
}

async function ours(url: string): Promise<number[]> {
  const model = Model.connect({ provider: "openai", model: "m", baseURL: url });
  const latencies: number[] = [];
  for await (const response of model.chat.stream({ messages: [{ role: "user", content: "Hi" }] })) {
    const at = now();
    const content = response.kind === "chunk" ? response.choices[0].delta.content : undefined;
    if (content !== undefined) latencies.push(at - Number(content));
  }
  return latencies;
}

/** What the transport adds to each event, over a reader of bytes, with one event in a millisecond. */
export async function measureLatency(): Promise<Figure[]> {
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL("latency.child.ts", import.meta.url)), String(EVENTS), "1"],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const [port] = (await once(child.stdout, "data")) as [Buffer];
  const url = `http://127.0.0.1:${port.toString().trim()}`;
  const rounds: { raw: number[]; ours: number[] }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) rounds.push({ raw: await raw(url), ours: await ours(url) });
  child.kill();
  const added = (fraction: number) =>
    median(rounds.map((round) => percentile(round.ours, fraction) - percentile(round.raw, fraction))) * 1000;
  const typical = median(rounds.map((round) => median(round.raw))) * 1000;
  return [
    {
      name: "latency of an event over a raw reader, median",
      value: added(0.5),
      unit: "µs",
      atMost: 50,
      note: `the reader itself: ${typical.toFixed()} µs`,
    },
    { name: "latency of an event over a raw reader, 90th percentile", value: added(0.9), unit: "µs" },
  ];
}
