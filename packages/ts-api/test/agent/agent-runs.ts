import type { AgentResponse, ChatCompletion, Response, ToolCall } from "wick";
import type { ScriptedReply } from "wick/testing";

/** A call as a model writes it. */
export function call(name: string, input: unknown, id = `id-${name}`): ToolCall {
  return {
    id,
    type: "function",
    function: { name, arguments: typeof input === "string" ? input : JSON.stringify(input) },
  };
}

/** A script that calls tools round after round, and then answers. */
export function rounds(...calls: (readonly ToolCall[])[]): ScriptedReply[] {
  return [...calls.map((toolCalls) => ({ toolCalls })), { text: "That is it." }];
}

/** Everything of a stream. */
export async function collected(stream: AsyncIterable<AgentResponse>): Promise<AgentResponse[]> {
  const responses: AgentResponse[] = [];
  for await (const response of stream) responses.push(response);
  return responses;
}

/** What tools did, in short: `0 weather calling`. */
export function phases(responses: readonly Response[]): string[] {
  return responses.flatMap((response) => {
    if (response.kind !== "agentic_tool_call_progress") return [];
    const { round, toolName, phase } = response;
    switch (phase.kind) {
      case "calling":
        return `${round} ${toolName} calling`;
      case "output":
        return `${round} ${toolName} output ${phase.delta}`;
      case "complete":
        return `${round} ${toolName} complete ${phase.output}`;
      case "failed":
        return `${round} ${toolName} failed ${phase.error.code}`;
      case "denied":
        return `${round} ${toolName} denied ${phase.reason ?? ""}`;
    }
  });
}

/** The completion of a stream that came to its end. */
export function completionOf(responses: readonly Response[]): ChatCompletion {
  const last = responses.at(-1);
  if (last?.kind !== "done") throw new Error(`The stream ended with ${JSON.stringify(last)}`);
  return last.completion;
}
