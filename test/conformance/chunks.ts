import type { ChatResponse, WickResponse } from "wick";

/** Everything a stream brings. */
export async function collect<R extends WickResponse>(stream: AsyncIterable<R>): Promise<R[]> {
  const responses: R[] = [];
  for await (const response of stream) responses.push(response);
  return responses;
}

/** The text of one choice in the chunks among `responses`. */
export function textOf(responses: readonly WickResponse[], index = 0): string {
  return responses
    .flatMap((response) => {
      if (response.kind === "chunk")
        return response.choices.filter((c) => c.index === index).map((c) => c.delta.content ?? "");
      if (response.kind === "completion_chunk")
        return response.choices.filter((c) => c.index === index).map((c) => c.text);
      return [];
    })
    .join("");
}

/** The last response, which law 1 says is the terminal. */
export function terminalOf<R extends WickResponse>(responses: readonly R[]): R {
  const terminal = responses.at(-1);
  if (terminal === undefined) throw new Error("the stream was empty");
  return terminal;
}

/** The last response of a chat that was to come to its end. */
export function doneOf(responses: readonly ChatResponse[]) {
  const terminal = terminalOf(responses);
  if (terminal.kind !== "done") throw new Error(`expected done, got ${JSON.stringify(terminal)}`);
  return terminal.completion;
}

/** Asks until it holds, for what another thread brings about. */
export async function eventually(holds: () => boolean, withinMs = 5000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`did not hold within ${withinMs} ms: ${holds.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
