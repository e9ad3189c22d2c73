/** A server-sent event, or a comment. */
export type ServerEvent = { kind: "event"; name?: string; data: string } | { kind: "comment"; text: string };

/**
 * What a body of server-sent events has in it. Only the one form that the server writes is read, so that nothing else slips by:
 * an optional name, one line of data, a blank line.
 *
 * @throws {Error} for anything else.
 */
export function eventsOf(text: string): ServerEvent[] {
  if (text === "") return [];
  if (!text.endsWith("\n\n")) throw new Error(`A body ends within an event: ${JSON.stringify(text.slice(-200))}`);
  return text.slice(0, -2).split("\n\n").map(eventOf);
}

function eventOf(block: string): ServerEvent {
  const comment = /^: (?<text>[^\n]*)$/.exec(block)?.groups;
  if (comment !== undefined) return { kind: "comment", text: comment["text"] ?? "" };
  const event = /^(?:event: (?<name>[^\n]+)\n)?data: (?<data>[^\n]*)$/.exec(block)?.groups;
  if (event === undefined) throw new Error(`This is no event of the server: ${JSON.stringify(block)}`);
  const { name, data = "" } = event;
  return { kind: "event", data, ...(name !== undefined && { name }) };
}

/** The data of each event as JSON, but for `[DONE]`, which stays as it is. */
export function dataOf<T = unknown>(events: readonly ServerEvent[]): (T | "[DONE]")[] {
  return events.flatMap((event) => {
    if (event.kind === "comment") return [];
    return [event.data === "[DONE]" ? event.data : (JSON.parse(event.data) as T)];
  });
}

/** The same of a stream that must end with `[DONE]`, without it. */
export function chunksOf<T>(events: readonly ServerEvent[]): T[] {
  const data = dataOf<T>(events);
  if (data.at(-1) !== "[DONE]") throw new Error(`No [DONE] at the end: ${JSON.stringify(data.at(-1))}`);
  return data.slice(0, -1).map((chunk) => {
    if (chunk === "[DONE]") throw new Error("[DONE] in the middle.");
    return chunk;
  });
}
