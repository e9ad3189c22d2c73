import { setTimeout as sleep } from "node:timers/promises";
import { type Figure, median, percentile } from "../report.ts";
import { LoadProcess, ServerProcess, streamedChat } from "./processes.ts";

const STREAMS = 256;
const TOKENS = 64;

/** So many streams at once: all come to their end, and in the order in which they came. */
export async function measureManyStreams(): Promise<Figure[]> {
  const load = { maxSequences: 32, maxQueue: STREAMS };
  await using server = await ServerProcess.start({ load, maxConnections: STREAMS + 16 });
  await using clients = await LoadProcess.start();
  const streams = { url: server.url, ...streamedChat(TOKENS), requests: STREAMS, clients: STREAMS };
  // Once to have all memory that stays.
  await clients.run(streams);
  const idle = await server.use();
  const peak = { residentBytes: idle.residentBytes };
  const running = clients.run(streams);
  const over = running.then(() => true);
  while (!(await Promise.race([over, sleep(20, false)]))) {
    peak.residentBytes = Math.max(peak.residentBytes, (await server.use()).residentBytes);
  }
  const outcomes = await running;
  const failed = outcomes.filter(({ status, isWhole, error }) => status !== 200 || !isWhole || error !== undefined);
  const stuck = outcomes.filter(({ error }) => error === "stuck");
  const firsts = outcomes.map(({ firstMs }) => firstMs);
  const { running: left, queued, parked } = await server.use();
  return [
    { name: `${STREAMS} streams at once: errors`, value: failed.length, unit: "", atMost: 0 },
    { name: `${STREAMS} streams at once: stuck`, value: stuck.length + left + queued + parked, unit: "", atMost: 0 },
    {
      name: `${STREAMS} streams at once: time to first token, 99th percentile`,
      value: percentile(firsts, 0.99),
      unit: "ms",
      note: `median ${median(firsts).toFixed(0)} ms, all through after ${Math.max(...outcomes.map(({ endedAtMs }) => endedAtMs)).toFixed(0)} ms; 32 run at once`,
    },
    {
      name: `${STREAMS} streams at once: resident memory per stream`,
      value: (peak.residentBytes - idle.residentBytes) / STREAMS / 1024,
      unit: "KiB",
      note: `${(idle.residentBytes / 2 ** 20).toFixed(0)} MiB before, ${(peak.residentBytes / 2 ** 20).toFixed(0)} MiB at most`,
    },
  ];
}
