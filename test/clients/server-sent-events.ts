/** An event as it stands on the wire. */
export interface ServerSentEvent {
  event?: string;
  /** Undefined for a comment. */
  data?: string;
  comment?: string;
  /** Lines that no client of ours needs. */
  others: readonly string[];
}

/** Takes a body apart, event by event, without being lenient; `rest` is what follows the last blank line. */
export function eventsOf(body: string): { events: ServerSentEvent[]; rest: string } {
  const blocks = body.split("\n\n");
  const rest = blocks.pop() ?? "";
  return { events: blocks.map(eventOf), rest };
}

function eventOf(block: string): ServerSentEvent {
  const lines = block.split("\n");
  const first = (prefix: string) => lines.find((line) => line.startsWith(prefix))?.slice(prefix.length);
  const [event, data, comment] = [first("event: "), first("data: "), first(": ")];
  const known = [event, data, comment].filter((part) => part !== undefined).length;
  return {
    ...(event !== undefined && { event }),
    ...(data !== undefined && { data }),
    ...(comment !== undefined && { comment }),
    others: known === lines.length ? [] : lines,
  };
}
