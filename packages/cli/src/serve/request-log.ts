import type { ServerLog, ServerLogEntry } from "@wick/server";
import { printable } from "../output/printable.js";
import { durationText } from "../output/quantity.js";
import type { TextOutput } from "../output/text-output.js";

/** Requests as lines: for people, or as JSON for programs. */
export function requestLog(output: TextOutput, form: "text" | "json"): ServerLog {
  return (entry) => output.write(`${form === "json" ? jsonLine(entry) : textLine(entry)}\n`);
}

function jsonLine(entry: ServerLogEntry): string {
  const time = new Date().toISOString();
  if (entry.event !== "request_failed") return JSON.stringify({ time, ...entry });
  return JSON.stringify({ time, ...entry, error: nameOf(entry.error) });
}

function textLine(entry: ServerLogEntry): string {
  const time = new Date().toTimeString().slice(0, 8);
  switch (entry.event) {
    case "request_ended": {
      const { status, method, route, durationMs, caller, model, end, errorCode, usage } = entry;
      const tokens = usage === undefined ? undefined : `${usage.promptTokens} + ${usage.completionTokens} tokens`;
      const words = [caller === "anonymous" ? undefined : caller, model, end, errorCode, tokens];
      const said = words.filter((word) => word !== undefined).map((word) => printable(word));
      return `${time} ${status} ${method} ${route} ${durationText(durationMs)}${said.length > 0 ? `  ${said.join(", ")}` : ""}`;
    }
    case "request_failed":
      return `${time} ${entry.requestId} failed at ${entry.route}: ${nameOf(entry.error)}`;
    case "drain_begun":
      return `${time} ending; ${entry.live} still run`;
    case "drain_ended":
      return `${time} ended`;
  }
}

/** What was thrown, without its message, which may quote a prompt. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
