import { invalidRequest } from "../error/refusal.js";
import { checkSignal } from "../error/terminal-error.js";
import { bodyOf, downloadFailed, nameOf, plainUrl } from "./body.js";
import type { ModelFile, OpenFile, Reading } from "./model-file.js";
import { readAhead } from "./read-ahead.js";

/** Where downloads are kept. */
export interface DownloadStore {
  /** The file of a URL, out of the store where it is there, else by `download`, whose bytes are kept as they pass. */
  open(url: string, reading: Reading, download: () => Promise<Download>): Promise<OpenFile>;
}

/** A file on its way, and what tells it from other versions of itself. */
export interface Download extends OpenFile {
  readonly etag: string | null;
  readonly lastModified: string | null;
}

/** A file that is fetched. Only what a plain `GET` brings is kept in `store`. */
export function fileOfRequest(request: Request | URL, store?: DownloadStore): ModelFile {
  const url = request instanceof URL ? request.href : request.url;
  if (!/^(?:https?|blob|data):$/.test(new URL(url).protocol)) {
    throw invalidRequest("source", `${plainUrl(url)} cannot be fetched; give an http or https address.`);
  }
  const { username, password } = new URL(url);
  if (username !== "" || password !== "") {
    throw invalidRequest("source", "An address cannot hold a name or a password; give a Request with a header.");
  }
  if (request instanceof Request && request.bodyUsed) {
    throw invalidRequest("source", "The request was sent already; give a fresh one.");
  }
  const isPlain = request instanceof URL || (request.method === "GET" && !request.headers.has("range"));
  const name = nameOf(url);
  return {
    name,
    async open(reading) {
      const { signal } = reading;
      const download = async (): Promise<Download> => {
        const response = await fetchOrThrow(request, signal);
        const { headers } = response;
        const file = bodyOf(response, name, reading);
        return { ...file, isBounded: true, etag: headers.get("etag"), lastModified: headers.get("last-modified") };
      };
      const isKept = store !== undefined && isPlain && /^https?:/.test(url);
      const file = await (isKept ? store.open(url, reading, download) : download());
      return { ...file, chunks: readAhead(file.chunks) };
    },
  };
}

async function fetchOrThrow(request: Request | URL, signal: AbortSignal | undefined): Promise<globalThis.Response> {
  try {
    return await fetch(request, signal === undefined ? {} : { signal });
  } catch (cause) {
    checkSignal(signal);
    // What the host says of it may hold the whole address, and goes along as the cause alone.
    const url = plainUrl(request instanceof URL ? request.href : request.url);
    throw downloadFailed(`${url} could not be reached; see the error's cause.`, {}, cause);
  }
}
