import { runChild } from "../child.ts";
import { noteVersion } from "../peers/versions.ts";
import { VERSIONS, npmPackage } from "../peers/setup.ts";
import { type Figure, median } from "../report.ts";
import type { Options } from "../options.ts";

interface Run {
  readonly seconds: number;
  readonly events: number;
  readonly grownBytes: number;
}

const MEGABYTES = 100;
const program = new URL("parsing.child.ts", import.meta.url);
const peers = { "@mistralai/mistralai": "esm/index.js", openai: "index.mjs" } as const;

/** What reading a long stream costs, beside other clients; in turns, so that all have the same machine. */
export function measureParsing({ rounds }: Options): Figure[] {
  const names = Object.keys(peers) as (keyof typeof peers)[];
  for (const name of names) {
    npmPackage(name, peers[name]);
    noteVersion(name, VERSIONS[name]);
  }
  const read = (client: string, megabytes: number) => runChild<Run>(program, [client, String(megabytes * 1e6)]);
  const runs = Array.from({ length: rounds }, () => ({
    wick: read("wick", MEGABYTES),
    // A quarter: they are slower, and an event costs the same.
    ...Object.fromEntries(names.map((name) => [name, read(name, MEGABYTES / 4)])),
  })) as Readonly<Record<string, Run>>[];
  const perEvent = (client: string) =>
    median(runs.map((run) => ((run[client]?.seconds ?? Number.NaN) / (run[client]?.events ?? 1)) * 1e6));
  const ours = perEvent("wick");
  // With little room for what is young, so that what grows is what stays.
  const grown = (megabytes: number) =>
    median(
      Array.from(
        { length: 3 },
        () => runChild<Run>(program, ["wick", String(megabytes * 1e6)], ["--max-semi-space-size=2"]).grownBytes,
      ),
    );
  return [
    { name: `${MEGABYTES} MB of chunks, per event`, value: ours, unit: "µs", note: `median of ${rounds}` },
    ...names.map((name) => ({
      name: `${MEGABYTES} MB of chunks, per event: ${name} / wick`,
      value: perEvent(name) / ours,
      unit: "×",
      atLeast: 3,
      note: `${perEvent(name).toFixed(2)} / ${ours.toFixed(2)} µs`,
    })),
    {
      name: `memory that ${3 * MEGABYTES} MB of chunks take beyond ${MEGABYTES} MB of them`,
      value: (grown(3 * MEGABYTES) - grown(MEGABYTES)) / 2 ** 20,
      unit: "MiB",
      // The text itself is 10 MB more.
      atMost: 16,
    },
  ];
}
