import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { promisify } from "node:util";
import type { Figure } from "../report.ts";
import { ServerProcess, streamedChat } from "./processes.ts";

const execute = promisify(execFile);
const program = createRequire(import.meta.url).resolve("autocannon");
const RUNNING = 8;
const QUEUED = 16;
const SECONDS = 15;

/** What autocannon says of its requests. */
interface Counted {
  readonly "2xx": number;
  readonly "4xx": number;
  readonly "5xx": number;
  readonly errors: number;
  readonly timeouts: number;
  readonly latency: { readonly p99: number };
}

/** Ten times as many clients as there are places, who ask again at once, whatever they are told. */
export async function measureAutocannon(): Promise<Figure[]> {
  const load = { maxSequences: RUNNING, maxQueue: QUEUED };
  await using server = await ServerProcess.start({ load, maxConnections: 4096 });
  const { path, body } = streamedChat(50);
  const clients = (RUNNING + QUEUED) * 10;
  const { stdout } = await execute(
    process.execPath,
    [
      program,
      `--connections=${clients}`,
      `--duration=${SECONDS}`,
      "--timeout=30",
      "--json",
      "--no-progress",
      "--method=POST",
      "--headers=content-type=application/json",
      `--body=${JSON.stringify(body)}`,
      `${server.url}${path}`,
    ],
    { maxBuffer: 1 << 26 },
  );
  const counted = JSON.parse(stdout) as Counted;
  const { running, queued, parked } = await server.use();
  return [
    {
      name: `autocannon, ${clients} clients: errors, timeouts and answers that are neither whole nor refused`,
      value: counted.errors + counted.timeouts + counted["5xx"],
      unit: "",
      atMost: 0,
      note: `${counted["2xx"]} answered and ${counted["4xx"]} refused in ${SECONDS} s, 99 % within ${counted.latency.p99} ms`,
    },
    {
      name: `autocannon, ${clients} clients: left in the engine`,
      value: running + queued + parked,
      unit: "",
      atMost: 0,
    },
  ];
}
