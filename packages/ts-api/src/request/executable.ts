import type { AgentRun } from "../agent/agent-run.js";
import type { LiveStream } from "../stream/live-stream.js";
import type { AgentResponse } from "../response/response.js";
import type { ToolContext } from "./tool.js";
import type { Validation } from "./validation.js";

/** What a tool that Wick runs has beside its description. Any copy of the package finds it there. */
export const toolKey: unique symbol = Symbol.for("wick.tool") as never;

/** How a tool runs. */
export interface ToolRunner {
  execute(input: unknown, context: ToolContext): unknown;
  validate: Validation;
  needsApproval(input: unknown): boolean | Promise<boolean>;
  readonly timeoutMs: number;
  /** The tool loop comes with the tools, so that a program without any does not load it. */
  stream(run: AgentRun): LiveStream<AgentResponse>;
}

/** How a tool runs; nothing for one that Wick does not. */
export function runnerOf(tool: unknown): ToolRunner | undefined {
  if (typeof tool !== "object" || tool === null || !(toolKey in tool)) return undefined;
  return tool[toolKey] as ToolRunner;
}
