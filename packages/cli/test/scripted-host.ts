import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { json } from "node:stream/consumers";
import { onTestFinished } from "vitest";
import { type ScriptedReply, scriptedModel } from "wick/testing";

/** What a host was sent, as it stands on the wire. */
export interface SentChat {
  model: string;
  messages: { role: string; content: string; tool_calls?: unknown; tool_call_id?: string }[];
  tools?: { function: { name: string } }[];
  seed?: number;
  temperature?: number;
}

/** A host in this process that speaks Wick's own dialect, and answers from a script. */
export interface ScriptedHost {
  /** Arguments of the program for it. */
  args: readonly string[];
  /** What it was sent, in order. */
  sent: readonly SentChat[];
}

/** Starts a host; it goes with the test. */
export async function scriptedHost(reply: (sent: SentChat, index: number) => ScriptedReply): Promise<ScriptedHost> {
  const sent: SentChat[] = [];
  const server = createServer(async (request, response) => {
    const body = (await json(request)) as SentChat;
    sent.push(body);
    const model = scriptedModel({ replies: [reply(body, sent.length - 1)] });
    const leaving = new AbortController();
    response.once("close", () => leaving.abort());
    const messages = [{ role: "user" as const, content: "What the script says." }];
    const { headers, body: events } = model.chat.stream({ messages }, { signal: leaving.signal }).toResponse();
    response.writeHead(200, Object.fromEntries(headers));
    response.flushHeaders();
    // Who has gone is told nothing more.
    if (events !== null)
      Readable.fromWeb(events)
        .on("error", () => {})
        .pipe(response);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { args: ["--connect", url, "--provider", "wick", "--model", "scripted"], sent };
}
