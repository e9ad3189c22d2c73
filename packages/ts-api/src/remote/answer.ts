import { cancelledBy, checkSignal, errorOfCancel } from "../error/terminal-error.js";
import { WickError } from "../error/wick-error.js";
import { onAbort } from "../stream/on-abort.js";
import { protocolError } from "../stream/protocol-error.js";
import type { Host, HostRequest } from "./host.js";
import { HostBody } from "./host-body.js";
import { type JsonRecord, isRecord, parsed } from "./wire/json.js";

/**
 * The whole answer to a request that is no stream: an object of JSON, and its text.
 *
 * @throws {@link WickError}
 */
export async function answerOf(
  host: Host,
  request: HostRequest,
  limits: { signal?: AbortSignal | undefined; timeoutMs?: number | undefined } = {},
): Promise<{ value: JsonRecord; text: string }> {
  const text = await textOf(host, request, limits);
  const value = parsed(text);
  if (!isRecord(value)) throw protocolError("The host's answer is no JSON object", text);
  return { value, text };
}

async function textOf(
  host: Host,
  request: HostRequest,
  { signal, timeoutMs }: { signal?: AbortSignal | undefined; timeoutMs?: number | undefined },
): Promise<string> {
  checkSignal(signal);
  const body = new HostBody(host, request);
  const end = new AbortController();
  end.signal.addEventListener("abort", () => body.close());
  const unhook = signal && onAbort(signal, () => end.abort(cancelledBy(signal)));
  const late = () => end.abort(new WickError(errorOfCancel("timeout")));
  const timer = timeoutMs === undefined ? undefined : setTimeout(late, timeoutMs);
  try {
    for (;;) {
      try {
        return await body.text();
      } catch (error) {
        const isTriedAgain = WickError.isInstance(error) && (await body.retry(error));
        end.signal.throwIfAborted();
        if (!isTriedAgain) throw error;
      }
    }
  } finally {
    unhook?.();
    clearTimeout(timer);
    body.close(true);
  }
}
