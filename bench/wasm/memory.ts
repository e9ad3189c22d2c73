import { readFileSync } from "node:fs";
import { demoModel } from "@wick/demo-model";
import { type Event, Instance, everything } from "../../packages/wasm/test/instance.ts";
import { randomSmolLm } from "../models.ts";
import type { Figure } from "../report.ts";

const decoded = 64;
const pageBytes = 2 ** 16;

/** Linear memory never shrinks: what it has in the end was its peak. */
export async function measureMemory(): Promise<Figure[]> {
  const [demo, smolLm] = [demoModel(), randomSmolLm("Q4_0")];
  const figures: Figure[] = [];
  for (const [name, path] of [
    ["demo model", demo],
    ["SmolLM2-135M Q4_0", smolLm],
  ] as const) {
    const { peak, file, kv } = await run(path, { context: 1024, prompt: 512, memoryLimit: everything });
    figures.push({
      name: `linear memory, ${name}, without KV, over its file`,
      value: (peak - kv) / file,
      unit: "×",
      atMost: 1.08,
      note: `peak ${megabytes(peak)}, file ${megabytes(file)}, KV ${megabytes(kv)}; ${megabytes(peak - file - kv)} beside them`,
    });
  }
  const memoryLimit = Math.floor(128e6 / pageBytes) * pageBytes;
  const { peak } = await run(smolLm, { context: 512, prompt: 512 - decoded, memoryLimit });
  const name = "linear memory, SmolLM2-135M Q4_0 with a context of 512, full";
  return [...figures, { name, value: peak / 1e6, unit: "MB", atMost: 128 }];
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

interface Run {
  readonly context: number;
  /** Tokens of prefill; 64 of decode follow. */
  readonly prompt: number;
  readonly memoryLimit: number;
}

async function run(
  path: string,
  { context, prompt, memoryLimit }: Run,
): Promise<{ peak: number; file: number; kv: number }> {
  const bytes = readFileSync(path);
  const instance = await Instance.open(memoryLimit);
  expectKind(instance.load(bytes, { contextLength: context }), "loaded");
  const tokens = Array.from({ length: prompt }, (_, index) => 1000 + 5 * index);
  const ticket = instance.submit({
    kind: "completion",
    model: 1,
    request: { prompt: tokens, maxTokens: decoded, ignoreEos: true, temperature: 0 },
  });
  let kv = 0;
  let last: Event | undefined;
  for (let isOver = false; !isOver;) {
    isOver = !instance.core.step();
    for (let json = instance.core.take(ticket); json !== undefined; json = instance.core.take(ticket)) {
      last = JSON.parse(json) as Event;
      isOver = false;
    }
    const stats = instance.call({ kind: "stats", model: 1 }) as Event & { value: { kvBytesUsed: number } };
    kv = Math.max(kv, stats.value.kvBytesUsed);
  }
  expectKind(last, "completion_done");
  return { peak: instance.peak, file: bytes.length, kv };
}

function expectKind(event: Event | undefined, kind: string): void {
  if (event?.kind !== kind) throw new Error(`expected ${kind}, got ${JSON.stringify(event)}`);
}
