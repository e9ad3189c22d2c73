import { type WickResponse, isTerminal } from "wick";
import type { App } from "../app.js";
import { Failure } from "../error/failure.js";
import { type EventForm, eventStream } from "./event-stream.js";
import { type Run, failureOf } from "./run.js";

/**
 * Waits a moment for a run to begin: what ends before anything was said is the request's failure, with its own status.
 *
 * @throws {Failure}
 */
export async function begun<R extends WickResponse>(app: App, run: Run<R>): Promise<void> {
  const first = await run.first(app.limits.headersMs);
  if (first !== undefined && isTerminal(first)) throwIfFailed(app, run, first);
}

/**
 * The answer to a request whose answer is streamed.
 *
 * @throws {Failure}
 */
export async function streamed<R extends WickResponse>(app: App, run: Run<R>, form: EventForm<R>): Promise<Response> {
  await begun(app, run);
  return eventStream(run, form, app.limits);
}

/**
 * The end of a run whose answer is sent whole.
 *
 * @param partial - The answer so far in the words of the wire, which goes with the failure.
 * @throws {Failure}
 */
export async function whole<R extends WickResponse>(
  app: App,
  run: Run<R>,
  partial: (terminal: R) => object | undefined,
): Promise<R> {
  const terminal = await run.terminal();
  throwIfFailed(app, run, terminal, partial(terminal));
  return terminal;
}

/**
 * @throws {Failure} for a terminal that is one.
 */
export function throwIfFailed<R extends WickResponse>(
  app: App,
  run: Run<R>,
  terminal: WickResponse,
  partial?: object,
): void {
  const info = failureOf(terminal);
  if (info === undefined) return;
  if (info.code === "queue_full") throw app.runs.overloaded(run.exchange.model ?? "", info, run);
  throw new Failure(info, { words: "wick", ...(partial !== undefined && { partial }) });
}
