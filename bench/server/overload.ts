import { type Figure, percentile } from "../report.ts";
import type { Outcome } from "./load.child.ts";
import { LoadProcess, ServerProcess, streamedChat } from "./processes.ts";

const TOKENS = 200;
const RUNNING = 8;
const QUEUED = 16;
const SECONDS = 10;

/** Ten times what the server can do: what it can do it does, and the rest is told so at once. */
export async function measureOverload(): Promise<Figure[]> {
  const load = { maxSequences: RUNNING, maxQueue: QUEUED };
  await using server = await ServerProcess.start({ load, maxConnections: 4096 });
  await using clients = await LoadProcess.start();
  const chat = { url: server.url, ...streamedChat(TOKENS) };
  await clients.run({ ...chat, requests: 40, clients: RUNNING });
  // As many clients as there is room for, none of whom is ever refused.
  const calm = await clients.run({ ...chat, requests: 200, clients: RUNNING + QUEUED });
  const peak = goodput(calm);
  const perSecond = Math.ceil(peak * 10);
  const stormy = await clients.run({ ...chat, requests: perSecond * SECONDS, perSecond });
  const refused = stormy.filter(({ status }) => status === 429);
  const lost = stormy.filter(({ status, isWhole, error }) => error !== undefined || (status === 200 && !isWhole));
  const { running, queued, parked } = await server.use();
  return [
    {
      name: "10 × capacity: answers per second over those at capacity",
      value: goodput(stormy) / peak,
      unit: "×",
      atLeast: 0.95,
      note: `${goodput(stormy).toFixed(1)} of ${peak.toFixed(1)} per second, ${perSecond} asked for`,
    },
    {
      name: "10 × capacity: time to a refusal, 99th percentile",
      value: percentile(
        refused.map(({ ms }) => ms),
        0.99,
      ),
      unit: "ms",
      atMost: 20,
      note: `${refused.length} of ${stormy.length} refused, median ${percentile(
        refused.map(({ ms }) => ms),
        0.5,
      ).toFixed(1)} ms`,
    },
    {
      name: "10 × capacity: hangs and lost answers",
      value: lost.length + running + queued + parked,
      unit: "",
      atMost: 0,
    },
  ];
}

/** Whole answers per second, between the first and the last. */
function goodput(outcomes: readonly Outcome[]): number {
  const ends = outcomes.filter(({ status, isWhole }) => status === 200 && isWhole).map(({ endedAtMs }) => endedAtMs);
  return (ends.length - 1) / ((Math.max(...ends) - Math.min(...ends)) / 1000);
}
