import { pino } from "pino";
import type { Model } from "wick";
import { type RunningServer, type ServeOptions, serve } from "../../src/node/index.ts";
import { Caller } from "./caller.ts";

/** A line of its log. */
type LogLine = Readonly<Record<string, unknown>>;

/** A server that listens, on a port that was free. */
export interface ListeningServer extends Caller, AsyncDisposable {
  readonly running: RunningServer;
  readonly port: number;
  /** Its log, as it is written. */
  readonly lines: readonly string[];
  /** The same, read. */
  entries(): LogLine[];
  /** Calls `listener` at each entry from now on, as it is written. */
  onEntry(listener: (entry: LogLine) => void): void;
}

/** @param models - By name, or one that is called `demo`. */
export async function listeningServer(
  models: Model | ServeOptions["models"],
  options: Omit<ServeOptions, "models" | "log"> = {},
): Promise<ListeningServer> {
  const lines: string[] = [];
  const listeners: ((entry: LogLine) => void)[] = [];
  const log = pino(
    {},
    {
      write: (line: string) => {
        lines.push(line);
        for (const listener of listeners) listener(JSON.parse(line) as LogLine);
      },
    },
  );
  const running = await serve({
    models: "chat" in models && "info" in models ? { demo: models as Model } : models,
    port: 0,
    playground: false,
    log,
    drainMs: 50,
    ...options,
  });
  const caller = new Caller((address, init) => fetch(`${running.url}${address}`, init));
  return Object.assign(caller, {
    running,
    port: running.port,
    lines,
    entries: () => lines.map((line) => JSON.parse(line) as LogLine),
    onEntry: (listener: (entry: LogLine) => void) => void listeners.push(listener),
    [Symbol.asyncDispose]: () => running.close(),
  });
}
