import { type WickResponse, isTerminal } from "wick";
import type { Run } from "./run.js";

/** How responses are written as server-sent events. */
export interface EventForm<R extends WickResponse> {
  /** The events of one response, blank lines and all; `""` for one that this form does not have. */
  events(response: R): string;
  /** What keeps a silent stream open; a comment by default. */
  readonly keepAlive?: string;
}

/** Keeps proxies from storing, compressing or holding back. */
const headers = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};
const comment = ": keep-alive\n\n";

/** A run as an answer. It is read on only as the client reads: nothing is generated for one that does not. */
export function eventStream<R extends WickResponse>(
  run: Run<R>,
  form: EventForm<R>,
  { keepAliveMs }: { keepAliveMs: number },
): Response {
  run.exchange.isStreamed = true;
  return new Response(eventsOf(run, form, keepAliveMs), { headers });
}

function eventsOf<R extends WickResponse>(
  run: Run<R>,
  form: EventForm<R>,
  keepAliveMs: number,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let beat: ReturnType<typeof setInterval> | undefined;
  let isSilent = false;
  let isOver = false;
  const over = () => {
    isOver = true;
    clearInterval(beat);
    run.exchange.over(200);
  };
  // Whoever saw that the client is gone.
  void run.left.then(over);
  /** A form that fails is a bug: the run must not go on for nobody. */
  const written = (response: R) => {
    try {
      return form.events(response);
    } catch (error) {
      void run.leave();
      throw error;
    }
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        beat = setInterval(() => {
          // Only into the hands of a reader who waits: others have something to read.
          if (isSilent && (controller.desiredSize ?? 0) >= 0)
            controller.enqueue(encoder.encode(form.keepAlive ?? comment));
          isSilent = true;
          // Looked at twice in the time, so that no silence is longer.
        }, keepAliveMs / 2);
      },
      async pull(controller) {
        for (;;) {
          const response = await run.next();
          if (isOver) return;
          isSilent = false;
          const events = response === undefined ? "" : written(response);
          if (events !== "") controller.enqueue(encoder.encode(events));
          if (response === undefined || isTerminal(response)) {
            over();
            controller.close();
            return;
          }
          if (events !== "") return;
        }
      },
      cancel() {
        isOver = true;
        void run.leave();
      },
    },
    { highWaterMark: 0 },
  );
}
