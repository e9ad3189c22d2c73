import type { Logger } from "pino";
import { assertNever } from "wick";
import type { ServerLog } from "../log.js";

/**
 * A server's log as lines of pino's.
 *
 * @example
 * ```ts
 * const server = createServer({ models, log: pinoLog(pino({ level: "warn" })) });
 * ```
 */
export function pinoLog(logger: Logger): ServerLog {
  return (entry) => {
    switch (entry.event) {
      case "request_ended":
        logger[entry.status >= 500 ? "warn" : "info"](entry, "request ended");
        return;
      case "request_failed": {
        const { error, ...rest } = entry;
        logger.error({ ...rest, ...describe(error) }, "request failed");
        return;
      }
      case "drain_begun":
      case "drain_ended":
        logger.info(entry, entry.event.replace("_", " "));
        return;
      default:
        assertNever(entry);
    }
  };
}

/** What was thrown and where. Its message stays out: it may quote a prompt. */
function describe(error: unknown): { error: string; frames?: string[] } {
  if (!(error instanceof Error)) return { error: typeof error };
  const frames = (error.stack ?? "").split("\n").filter((line) => /^ {4}at /.test(line));
  return { error: error.name, frames: frames.map((line) => line.trim()) };
}
