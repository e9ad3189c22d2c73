import type { StreamRequest } from "./chunk-contract.ts";
import type { ServerSentEvent } from "./server-sent-events.ts";

type Event = Readonly<Record<string, unknown>> & { type: string };

const ends: Readonly<Record<string, readonly string[]>> = {
  "/v1/responses": ["response.completed", "response.incomplete", "response.failed", "error"],
  "/v1/messages": ["message_stop", "error"],
};

/** What is wrong with a stream of named events, of OpenAI's responses or Anthropic's messages. */
export function eventProblems(events: readonly ServerSentEvent[], path: string, { isWhole }: StreamRequest): string[] {
  const problems: string[] = [];
  const told: Event[] = [];
  for (const [index, { event, data, comment, others }] of events.entries()) {
    if (others.length > 0) problems.push(`event ${index} has lines of its own: ${others.join(" | ")}`);
    if (comment !== undefined) continue;
    if (data === "[DONE]") {
      problems.push("[DONE] is of other streams");
      continue;
    }
    const value = JSON.parse(data ?? "null") as Event;
    if (value.type !== event) problems.push(`event ${index} is called ${event}, its data ${value.type}`);
    told.push(value);
  }
  const last = told.at(-1)?.type ?? "nothing";
  if (isWhole && ends[path]?.includes(last) !== true) problems.push(`a stream ends with ${last}`);
  const isMessage = path === "/v1/messages";
  return [
    ...problems,
    ...(isMessage ? messageProblems(told) : responseProblems(told)),
    ...partProblems(told, isMessage),
  ];
}

/** message_start, parts, message_delta, message_stop. */
function messageProblems(events: readonly Event[]): string[] {
  const kinds = events.map(({ type }) => type).filter((type) => type !== "ping" && !type.startsWith("content_block"));
  const allowed = ["message_start", "message_delta", "message_stop"];
  const order = kinds.filter((kind) => kind !== "error");
  return order.every((kind, index) => kind === allowed[index]) ? [] : [`events come as ${kinds.join(", ")}`];
}

function responseProblems(events: readonly Event[]): string[] {
  const numbers = events.map(({ sequence_number: number }) => number);
  const problems = numbers.every((number, index) => number === index)
    ? []
    : [`events are numbered ${numbers.join(", ")}`];
  const first = events.slice(0, 2).map(({ type }) => type);
  if (first[0] !== "response.created" && first[0] !== "error")
    problems.push(`a response begins with ${first.join(", ")}`);
  return problems;
}

/** Parts begin at the next index, one at a time, are added to while they are open, and end. */
function partProblems(events: readonly Event[], isMessage: boolean): string[] {
  const names = isMessage
    ? { begin: "content_block_start", end: "content_block_stop", index: "index" }
    : { begin: "response.output_item.added", end: "response.output_item.done", index: "output_index" };
  const problems: string[] = [];
  let open: unknown;
  let next = 0;
  for (const event of events) {
    const index = event[names.index];
    if (event.type === names.begin) {
      if (open !== undefined) problems.push(`part ${String(index)} begins while ${String(open)} is open`);
      if (index !== next) problems.push(`part ${String(index)} begins where ${next} would`);
      open = index;
      next += 1;
    } else if (event.type === names.end) {
      if (open !== index) problems.push(`part ${String(index)} ends and is not open`);
      open = undefined;
    } else if (index !== undefined && index !== open) {
      problems.push(`${event.type} of part ${String(index)}, which is not open`);
    }
  }
  const hasEnded = ["message_stop", "response.completed"].includes(events.at(-1)?.type ?? "");
  if (hasEnded && open !== undefined) problems.push(`part ${String(open)} never ends`);
  return problems;
}
