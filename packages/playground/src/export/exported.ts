import { type AgentRequest, type Tool, tool } from "wick/remote";
import type { PageTool } from "../tools/page-tools.js";

/** What is written as a program: a request, and who answers it. */
export interface Exported {
  /** Without its tools, which programs have as their own. */
  request: Omit<AgentRequest, "tools" | "onApproval" | "promptProgress">;
  tools: readonly { tool: PageTool; use: "ask" | "run" }[];
  /** Whether the server may run tools of its own. */
  serverTools: boolean;
  model: string;
  /** Of the server's API, which ends in `/v1`. */
  baseUrl: string;
  /** Whether the server wants a key. */
  hasKey: boolean;
  /** Whether the model runs in the page, so that there is no server. */
  isInBrowser: boolean;
}

/** Where programs find the key: no program has it written in it. */
export const keyVariable = "WICK_API_KEY";

/** The whole request, with tools that run. */
export function executableOf({ request, tools, serverTools }: Exported): AgentRequest {
  const all: Tool[] = tools.map(({ tool: { definition }, use }) =>
    tool({ ...definition, needsApproval: use === "ask" }),
  );
  if (serverTools) all.push({ type: "server" });
  return { ...request, ...(all.length > 0 && { tools: all }) };
}
