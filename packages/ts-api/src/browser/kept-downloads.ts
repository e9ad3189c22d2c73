import { checkSignal } from "../error/terminal-error.js";
import { WickError } from "../error/wick-error.js";
import { nameOf } from "../source/body.js";
import type { Download, DownloadStore } from "../source/download.js";
import type { OpenFile, Reading } from "../source/model-file.js";
import type { PieceStore } from "./piece-store.js";

/** What is known of a whole download. Written last: without it there is none. */
interface Manifest {
  url: string;
  bytes: number;
  etag: string | null;
  lastModified: string | null;
  /** Begins the names of its pieces; another for each download, so that two of one address do not mix. */
  pieces: string;
  pieceBytes: number;
  /** SHA-256 of each piece, in hexadecimal. */
  digests: string[];
}

/** Pieces large enough that there are few, small enough that one more is no matter for memory. */
const pieceBytes = 8 * 1024 * 1024;

/** How long a server may take to say whether it has another version. */
const freshnessMs = 3000;

/**
 * Keeps downloads in pieces, each with its digest, so that models are there offline, and are checked as they are read.
 *
 * A kept file is used where its server says by a `HEAD` that it has no other, or says nothing: offline, or too slow.
 */
export class KeptDownloads implements DownloadStore {
  readonly #store: PieceStore;

  constructor(store: PieceStore) {
    this.#store = store;
  }

  async open(url: string, reading: Reading, download: () => Promise<Download>): Promise<OpenFile> {
    const key = await sha256(new TextEncoder().encode(url));
    const manifest = await this.#manifest(key, url);
    if (manifest !== undefined && (await isCurrent(manifest, reading.signal))) {
      return { size: manifest.bytes, chunks: this.#kept(key, manifest, reading) };
    }
    const file = await download();
    return { ...file, chunks: this.#keeping(key, url, file, reading) };
  }

  async #manifest(key: string, url: string): Promise<Manifest | undefined> {
    const bytes = await this.#store.read(`${key}.json`);
    if (bytes === undefined) return undefined;
    try {
      const manifest: Manifest = JSON.parse(new TextDecoder().decode(bytes));
      return manifest.url === url && manifest.digests.length === Math.ceil(manifest.bytes / manifest.pieceBytes)
        ? manifest
        : undefined;
    } catch {
      // Damaged: as if there were none.
      return undefined;
    }
  }

  async *#kept(key: string, manifest: Manifest, { signal, onProgress }: Reading): AsyncGenerator<Uint8Array, void> {
    const file = nameOf(manifest.url);
    let loadedBytes = 0;
    for (const [index, digest] of manifest.digests.entries()) {
      const piece = await this.#store.read(pieceName(manifest.pieces, index));
      if (piece === undefined || (await sha256(piece)) !== digest) {
        await this.#store.remove(key);
        throw damaged(file);
      }
      checkSignal(signal);
      loadedBytes += piece.byteLength;
      onProgress?.({ kind: "verify", file, loadedBytes, totalBytes: manifest.bytes });
      yield piece;
    }
  }

  /** Passes a download on, and keeps it. A store that is full ends the keeping, not the load. */
  async *#keeping(
    key: string,
    url: string,
    { chunks, etag, lastModified }: Download,
    { warn }: Reading,
  ): AsyncGenerator<Uint8Array, void> {
    const pieces = `${key}-${crypto.randomUUID()}`;
    const writer = new PieceWriter(this.#store, pieces);
    let isWhole = false;
    try {
      for await (const chunk of chunks) {
        await writer.write(chunk);
        yield chunk;
      }
      isWhole = await writer.end();
    } finally {
      if (!isWhole) await this.#store.remove(pieces);
    }
    if (writer.failure !== undefined) {
      warn?.(`The model was not kept for the next visit: ${String(writer.failure)}.`);
      return;
    }
    const { bytes, digests } = writer;
    const manifest: Manifest = { url, bytes, etag, lastModified, pieces, pieceBytes, digests };
    const earlier = await this.#manifest(key, url);
    await this.#store.write(`${key}.json`, new TextEncoder().encode(JSON.stringify(manifest)));
    if (earlier !== undefined) await this.#store.remove(earlier.pieces);
  }
}

/** Cuts a download into the pieces of a store. */
class PieceWriter {
  readonly #store: PieceStore;
  readonly #name: string;
  readonly #piece = new Uint8Array(pieceBytes);
  #filled = 0;
  readonly digests: string[] = [];
  bytes = 0;
  /** Why nothing more is written. */
  failure: unknown;

  constructor(store: PieceStore, name: string) {
    this.#store = store;
    this.#name = name;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.bytes += chunk.byteLength;
    let rest = chunk;
    while (rest.byteLength > 0 && this.failure === undefined) {
      const part = rest.subarray(0, pieceBytes - this.#filled);
      this.#piece.set(part, this.#filled);
      this.#filled += part.byteLength;
      rest = rest.subarray(part.byteLength);
      if (this.#filled === pieceBytes) await this.#keep();
    }
  }

  /** Whether all is written. */
  async end(): Promise<boolean> {
    if (this.#filled > 0) await this.#keep();
    return this.failure === undefined;
  }

  async #keep(): Promise<void> {
    const piece = this.#piece.subarray(0, this.#filled);
    this.#filled = 0;
    try {
      await this.#store.write(pieceName(this.#name, this.digests.length), piece);
      this.digests.push(await sha256(piece));
    } catch (cause) {
      this.failure = cause;
    }
  }
}

function pieceName(pieces: string, index: number): string {
  return `${pieces}.${index}`;
}

/** Whether the server has nothing newer, as far as it says. */
async function isCurrent(
  { url, bytes, etag, lastModified }: Manifest,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const timeout = AbortSignal.timeout(freshnessMs);
  const response = await fetch(url, {
    method: "HEAD",
    cache: "no-cache",
    signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
  }).catch(() => undefined);
  checkSignal(signal);
  if (response?.ok !== true) return true;
  const { headers } = response;
  const said = headers.get("etag");
  if (etag !== null && said !== null) return etag === said;
  const changed = headers.get("last-modified");
  if (lastModified !== null && changed !== null) return lastModified === changed;
  const length = headers.get("content-length");
  return length === null || headers.has("content-encoding") || Number(length) === bytes;
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function damaged(file: string): WickError {
  const message = `The kept copy of ${file} was damaged, and was removed; load it again.`;
  return new WickError({ code: "model_integrity", message, where: "source", retryable: true });
}
