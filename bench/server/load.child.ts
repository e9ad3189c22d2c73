// Clients in a process of their own. Answers each line, a load as JSON, with what they saw.

import { Agent, request as send } from "node:http";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

/** What clients do. */
export interface Load {
  readonly url: string;
  readonly path: string;
  readonly body: object;
  /** Requests in all. */
  readonly requests: number;
  /** How many are open at once; a client asks again as soon as it has its answer. */
  readonly clients?: number;
  /** Instead: so many begin in a second, whether others have ended or not. */
  readonly perSecond?: number;
}

/** What became of one request. Times are milliseconds. */
export interface Outcome {
  readonly status: number;
  /** From the request to the first byte of the answer's body. */
  readonly firstMs: number;
  readonly ms: number;
  /** When it had its answer, counted from the first request. */
  readonly endedAtMs: number;
  readonly bytes: number;
  /** Whether a stream came to its end. */
  readonly isWhole: boolean;
  readonly error?: string;
}

const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
const patienceMs = 120_000;

function ask({ url, path, body }: Load, startedMs: number): Promise<Outcome> {
  const text = JSON.stringify(body);
  const beganMs = performance.now();
  const address = new URL(path, url);
  return new Promise((resolve) => {
    let status = 0;
    let firstMs = Number.NaN;
    let bytes = 0;
    let tail = "";
    const end = (error?: string) => {
      const now = performance.now();
      const isWhole = tail.endsWith("data: [DONE]\n\n") || tail.endsWith("}");
      resolve({
        status,
        firstMs,
        ms: now - beganMs,
        endedAtMs: now - startedMs,
        bytes,
        isWhole,
        ...(error !== undefined && { error }),
      });
    };
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
    const outgoing = send(address, { method: "POST", agent, headers, timeout: patienceMs }, (response) => {
      status = response.statusCode ?? 0;
      response.on("data", (piece: Buffer) => {
        if (bytes === 0) firstMs = performance.now() - beganMs;
        bytes += piece.length;
        tail = (tail + piece.subarray(-20).toString()).slice(-20);
      });
      response.on("end", () => end());
      response.on("error", (error) => end(error.message));
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error("stuck")));
    outgoing.on("error", (error) => end(error.message));
    outgoing.end(text);
  });
}

async function closedLoop(load: Load, clients: number): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const startedMs = performance.now();
  let left = load.requests;
  const client = async () => {
    while (left > 0) {
      left -= 1;
      outcomes.push(await ask(load, startedMs));
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return outcomes;
}

async function openLoop(load: Load, perSecond: number): Promise<Outcome[]> {
  const startedMs = performance.now();
  const asked: Promise<Outcome>[] = [];
  while (asked.length < load.requests) {
    const due = Math.floor(((performance.now() - startedMs) * perSecond) / 1000);
    while (asked.length < Math.min(due, load.requests)) asked.push(ask(load, startedMs));
    await sleep(1);
  }
  return Promise.all(asked);
}

console.log("ready");
for await (const line of createInterface(process.stdin)) {
  const load = JSON.parse(line) as Load;
  const { clients = 1, perSecond } = load;
  const outcomes = perSecond === undefined ? await closedLoop(load, clients) : await openLoop(load, perSecond);
  console.log(JSON.stringify(outcomes));
}
agent.destroy();
