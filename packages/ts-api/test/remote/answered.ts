import type { ChatRequest, ChatResponse, ConnectOptions, Response } from "wick";
import { collect, terminalOf } from "../../../../test/conformance/chunks.js";
import { done, ended, events, loopbackHost, messages, said } from "./loopback-host.js";

/** What a stream of these bytes becomes. */
export async function answered(
  body: string | Uint8Array | readonly Uint8Array[],
  { request = {}, options = {}, headers = events }: Setting = {},
): Promise<ChatResponse[]> {
  const pieces =
    typeof body === "string" ? [new TextEncoder().encode(body)] : body instanceof Uint8Array ? [body] : body;
  await using host = await loopbackHost(async (response) => {
    response.writeHead(200, headers);
    for (const piece of pieces) {
      response.write(piece);
      // Each in a packet of its own.
      if (pieces.length > 1) await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  });
  return await collect(host.connect(options).chat.stream({ messages, ...request }));
}

interface Setting {
  request?: Partial<ChatRequest>;
  options?: Partial<ConnectOptions>;
  headers?: Record<string, string>;
}

/** Content, reasoning and calls, as the chunks have them. */
export function deltas(responses: readonly Response[]): unknown[] {
  const withoutRole = (delta: object) => Object.fromEntries(Object.entries(delta).filter(([name]) => name !== "role"));
  return responses.flatMap((response) =>
    response.kind === "chunk" ? response.choices.map(({ delta }) => withoutRole(delta)) : [],
  );
}

/** The message of a stream that is done. */
export function messageOf(responses: readonly ChatResponse[], choice = 0): unknown {
  const terminal = terminalOf(responses);
  if (terminal.kind !== "done") throw new Error(JSON.stringify(terminal));
  return terminal.completion.choices[choice]?.message;
}

/** What the host says beside what is known. */
export const upstreamOf = (responses: readonly Response[]) =>
  responses.flatMap((response) => (response.kind === "chunk" ? (response.upstream ?? []) : []));

/** A whole answer. */
export const hello = said("Hel") + said("lo €😀") + ended() + done;
