import type { JsonObject, ToolApprovalResponse, ToolProgressResponse } from "../../generated/protocol.js";
import { type JsonRecord, asJson, isRecord } from "./json.js";

/** What is said elsewhere: which tool it is, and how long it took. */
const headFields: ReadonlySet<string> = new Set(["tool_type", "execution_time_ms"]);

/** Events of tools that mistral.rs runs; undefined: another event. */
export function agenticEventOf(
  name: string,
  value: JsonRecord,
): ToolProgressResponse | ToolApprovalResponse | undefined {
  const round = typeof value["round"] === "number" ? value["round"] : 0;
  // It runs one call a round, and has no id for it.
  const call = { round, callId: `round-${round}` };
  switch (name) {
    case "agentic_tool_call_progress": {
      const data = isRecord(value["data"]) ? value["data"] : {};
      const isCalling = value["phase"] === "calling";
      return {
        kind: "agentic_tool_call_progress",
        ...call,
        toolName: String(value["tool_name"] ?? "unnamed"),
        input: isCalling ? inputOf(data) : {},
        phase: isCalling ? { kind: "calling" } : { kind: "complete", output: outputOf(data), ...durationOf(data) },
      };
    }
    case "agentic_tool_approval_required": {
      const { tool, arguments: input } = value;
      return {
        kind: "agentic_tool_approval_required",
        approvalId: String(value["approval_id"] ?? ""),
        ...call,
        toolName: isRecord(tool) ? String(tool["label"] ?? tool["kind"] ?? "unnamed") : "unnamed",
        input: objectOf(input),
        expiresInMs: 300_000,
      };
    }
    default:
      return undefined;
  }
}

/** What a tool is called with: the JSON of a program's own tools, the fields of the built-in ones. */
function inputOf(data: JsonRecord): JsonObject {
  return objectOf(data["arguments"] ?? withoutHead(data));
}

function outputOf(data: JsonRecord): string {
  const { content } = data;
  return typeof content === "string" ? content : JSON.stringify(withoutHead(data));
}

function withoutHead(data: JsonRecord): JsonRecord {
  return Object.fromEntries(Object.entries(data).filter(([name]) => !headFields.has(name)));
}

function durationOf({ execution_time_ms: ms }: JsonRecord): { durationMs?: number } {
  return typeof ms === "number" ? { durationMs: ms } : {};
}

function objectOf(value: unknown): JsonObject {
  if (typeof value === "string") {
    try {
      return objectOf(JSON.parse(value));
    } catch {
      return { text: value };
    }
  }
  return isRecord(value) ? (asJson(value) as JsonObject) : {};
}
