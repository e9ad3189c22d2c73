import { invalidRequest } from "../error/refusal.js";
import { checkSignal } from "../error/terminal-error.js";
import { WickError } from "../error/wick-error.js";
import { onAbort } from "../stream/on-abort.js";
import type { ModelFile, OpenFile, Reading } from "./model-file.js";

/** A stream of bytes as a file. Its size is that of the GGUF file in it. */
export function fileOfStream(stream: ReadableStream<Uint8Array>): ModelFile {
  checkUnlocked(stream.locked);
  return {
    name: "stream",
    open: async ({ signal }) => ({ size: undefined, chunks: chunksOf(stream, "source", signal) }),
  };
}

/** The body of a response as a file. */
export function fileOfResponse(response: globalThis.Response): ModelFile {
  checkUnlocked(response.bodyUsed);
  const name = nameOf(response.url);
  return { name, open: async (reading) => bodyOf(response, name, reading) };
}

/**
 * A response's body, with its progress.
 *
 * @throws {@link WickError} `not_found`, `unauthorized` or `download_failed` by its status.
 */
export function bodyOf(response: globalThis.Response, name: string, { signal, onProgress }: Reading): OpenFile {
  const { body, headers, status, url } = response;
  const where = url === "" ? "The response" : plainUrl(url);
  if (!response.ok) {
    void body?.cancel().catch(() => {});
    throw failedStatus(where, status, response.type);
  }
  if (body === null) throw downloadFailed(`${where} has no body.`, { status });
  // A body that was compressed is longer than its header says.
  const length = headers.has("content-encoding") ? null : headers.get("content-length");
  const size = length !== null && /^\d+$/.test(length) ? Number(length) : undefined;
  const chunks = chunksOf(body, where, signal);
  return { size, chunks: onProgress === undefined ? chunks : counted(chunks, { file: name, size, onProgress }) };
}

/** The last part of a URL's path, which names the file. */
export function nameOf(url: string): string {
  const path = url.split(/[?#]/, 1)[0] ?? "";
  const last = path.slice(path.lastIndexOf("/") + 1);
  try {
    return last === "" ? "model" : decodeURIComponent(last);
  } catch {
    return last;
  }
}

/** A URL without what must not be told: names, passwords, and signatures of links. */
export function plainUrl(url: string): string {
  if (!URL.canParse(url)) return url;
  const { protocol, host, origin, pathname } = new URL(url);
  return origin === "null" ? `${protocol}${host}${pathname}` : `${origin}${pathname}`;
}

/** The error of a download, which may succeed when it is tried again. */
export function downloadFailed(message: string, details: Record<string, number>, cause?: unknown): WickError {
  return new WickError({ code: "download_failed", message, where: "source", retryable: true, details }, { cause });
}

async function* chunksOf(
  stream: ReadableStream<Uint8Array>,
  where: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void> {
  const reader = stream.getReader();
  // A read that waits for a server that is silent ends with it.
  const unhook = signal && onAbort(signal, () => void reader.cancel(signal.reason).catch(() => {}));
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        checkSignal(signal);
        throw downloadFailed(`${where} broke off: ${String(cause)}`, {}, cause);
      });
      checkSignal(signal);
      if (done) return;
      if (!(value instanceof Uint8Array)) throw invalidRequest("source", "The stream must give Uint8Array chunks.");
      yield value;
    }
  } finally {
    unhook?.();
    void reader.cancel().catch(() => {});
  }
}

/** Told once for so many bytes, so that the hook costs nothing. */
const tellEvery = 1024 * 1024;

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  { file, size, onProgress }: { file: string; size: number | undefined } & Required<Pick<Reading, "onProgress">>,
): AsyncGenerator<Uint8Array, void> {
  const began = performance.now();
  let loadedBytes = 0;
  let toldBytes = 0;
  const tell = () => {
    toldBytes = loadedBytes;
    const seconds = (performance.now() - began) / 1000;
    onProgress?.({
      kind: "download",
      file,
      loadedBytes,
      ...(size === undefined ? {} : { totalBytes: size }),
      // Clocks of Workers stand still.
      ...(seconds > 0 ? { bytesPerSecond: Math.round(loadedBytes / seconds) } : {}),
    });
  };
  for await (const chunk of chunks) {
    loadedBytes += chunk.byteLength;
    if (loadedBytes - toldBytes >= tellEvery) tell();
    yield chunk;
  }
  if (toldBytes < loadedBytes) tell();
}

function checkUnlocked(isTaken: boolean): void {
  if (isTaken) throw invalidRequest("source", "The source was read already, or is being read; give a fresh one.");
}

function failedStatus(where: string, status: number, type: string): WickError {
  const details = { status };
  if (type === "opaque") {
    return downloadFailed(`${where} may not be read by this page; its server must allow it (CORS).`, details);
  }
  const message = `${where} answered with status ${status}.`;
  if (status === 404 || status === 410) {
    return new WickError({ code: "not_found", message, where: "source", retryable: false, details });
  }
  if (status === 401 || status === 403) {
    return new WickError({ code: "unauthorized", message, where: "source", retryable: false, details });
  }
  return downloadFailed(message, details);
}
