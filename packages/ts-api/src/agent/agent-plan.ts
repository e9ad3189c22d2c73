import { invalidRequest } from "../error/refusal.js";
import type { ToolApprovalResponse } from "../generated/protocol.js";
import { type ToolRunner, runnerOf } from "../request/executable.js";
import type { Message } from "../request/message.js";
import { requestJson } from "../request/request-json.js";
import type { AgentRun } from "./agent-run.js";

/** Rounds in which tools run, where the request does not say. */
const defaultRounds = 8;
/** More are a mistake. */
const mostRounds = 1000;

/** What the loop takes out of the request. */
export interface AgentPlan {
  /** Goes to the model with each round, whose tools are functions. */
  rest: Readonly<Record<string, unknown>>;
  messages: readonly Message[];
  runners: ReadonlyMap<string, ToolRunner>;
  /** Tools whose calls go back to the program. */
  handedBack: ReadonlySet<string>;
  rounds: number;
  isInOrder: boolean;
  onApproval: ((question: ToolApprovalResponse) => unknown) | undefined;
}

/**
 * Reads the request of a chat whose tools Wick runs, but for what its model reads of it.
 *
 * @throws {@link WickError} `invalid_request` with the field's path.
 */
export function agentPlan(request: AgentRun["request"]): AgentPlan {
  const { tools, messages, maxToolRounds = defaultRounds, parallelToolCalls, onApproval, n, ...rest } = request;
  if (n !== undefined && n !== 1)
    throw invalidRequest("n", "n must be 1 where Wick runs tools: they follow one answer.");
  if (
    typeof maxToolRounds !== "number" ||
    !Number.isInteger(maxToolRounds) ||
    maxToolRounds < 1 ||
    maxToolRounds > mostRounds
  ) {
    throw invalidRequest("maxToolRounds", `maxToolRounds must be a whole number from 1 to ${mostRounds}.`);
  }
  if (onApproval !== undefined && typeof onApproval !== "function") {
    throw invalidRequest("onApproval", "onApproval must be a function.");
  }
  if (parallelToolCalls !== undefined && typeof parallelToolCalls !== "boolean") {
    throw invalidRequest("parallelToolCalls", "parallelToolCalls must be true or false.");
  }
  const runners = new Map<string, ToolRunner>();
  const handedBack = new Set<string>();
  let isHosted = false;
  const told = (Array.isArray(tools) ? tools : []).map((tool: unknown) => {
    const runner = runnerOf(tool);
    if (runner === undefined) {
      const name = nameOf(tool);
      if (name === undefined) isHosted = true;
      else handedBack.add(name);
      return tool;
    }
    const { name, description, parameters } = tool as { name: string; description: string; parameters: unknown };
    runners.set(name, runner);
    return { type: "function", function: { name, description, parameters } };
  });
  return {
    // What the model's host asks of its own tools is decided by the same function.
    rest: { ...rest, tools: told, ...(isHosted && onApproval !== undefined ? { onApproval } : {}) },
    // Read at once, as any request is.
    messages: JSON.parse(requestJson(messages ?? null, "messages")) as readonly Message[],
    runners,
    handedBack,
    rounds: maxToolRounds,
    isInOrder: parallelToolCalls === false,
    onApproval: onApproval as AgentPlan["onApproval"],
  };
}

function nameOf(tool: unknown): string | undefined {
  const { function: described } = Object(tool) as { function?: { name?: unknown } };
  return typeof described?.name === "string" ? described.name : undefined;
}
