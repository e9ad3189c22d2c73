// A process whose address space the system limits: what does not fit ends with `out_of_memory`, and nothing else ends.

import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { demoModel } from "@wick/demo-model";
import { expect, test } from "vitest";
import { Model } from "wick";
import { limitedOptions, shortRequest } from "./limited-memory.ts";

interface Outcome {
  kind: string;
  code?: string;
  text: string;
  partial?: string;
}

interface Report {
  together: Outcome[];
  long: Outcome;
  beside: Outcome;
  vectors: string;
  after: Outcome;
}

const child = fileURLToPath(new URL("limited-memory.child.ts", import.meta.url));

/** Bytes beyond what the process has with its model loaded: the 48 MiB that keys and values leave, and three short requests. */
const margin = 53 * 2 ** 20;

// Other systems have no way to take memory from a process that runs.
test.skipIf(process.platform !== "linux" || !hasPrlimit())(
  "what does not fit ends alone",
  { timeout: 60_000 },
  async () => {
    // One arena, so that what is left to allocate is what is left of the limit; a heap of JavaScript that stays small.
    const env = { ...process.env, MALLOC_ARENA_MAX: "1" };
    const limited = spawn(process.execPath, ["--max-semi-space-size=1", child], { env });
    let stdout = "";
    let stderr = "";
    limited.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
    limited.stdout.on("data", (data: Buffer) => {
      stdout += data.toString();
      if (stdout === "ready\n") {
        const kilobytes = /^VmSize:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${limited.pid}/status`, "utf8"))?.[1];
        const limit = Number(kilobytes) * 1024 + margin;
        execFileSync("prlimit", ["--pid", String(limited.pid), `--as=${limit}`]);
        limited.stdin.write("go\n");
      }
    });
    const [code, signal] = await once(limited, "close");
    expect({ stderr, code, signal }).toEqual({ stderr: "", code: 0, signal: null });

    const report: Report = JSON.parse(stdout.slice("ready\n".length));
    await using model = await Model.load(demoModel(), limitedOptions);
    const alone = async (seed: number) => {
      const text = (await model.chat.complete(shortRequest(seed))).choices[0].message.content;
      return { kind: "done", text };
    };
    expect(report.together).toEqual(await Promise.all([1, 2, 3, 4, 5, 6].map(alone)));
    expect(report.long).toEqual({ kind: "model_error", code: "out_of_memory", text: "", partial: "" });
    expect(report.vectors).toBe("out_of_memory");
    expect(report.beside).toEqual(await alone(7));
    expect(report.after).toEqual(await alone(8));
  },
);

function hasPrlimit(): boolean {
  try {
    execFileSync("prlimit", ["--version"]);
    return true;
  } catch {
    return false;
  }
}
