import type { Response } from "../generated/protocol.js";

const encoder = new TextEncoder();

/** One response as an event on the wire. JSON has no line breaks of its own, so that one `data:` line holds it. */
export function encodeEvent(response: Response): Uint8Array {
  return encoder.encode(`data: ${JSON.stringify(response)}\n\n`);
}

/** Headers that keep proxies from storing, compressing or holding back an event stream. Those in `own` win. */
export function eventStreamHeaders(own: ResponseInit["headers"]): Headers {
  const headers = new Headers({
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no",
  });
  new Headers(own).forEach((value, name) => headers.set(name, value));
  return headers;
}
