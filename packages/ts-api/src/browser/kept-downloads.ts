import { checkSignal } from "../error/terminal-error.js";
import { WickError } from "../error/wick-error.js";
import { nameOf } from "../source/body.js";
import type { Download, DownloadStore } from "../source/download.js";
import type { OpenFile, Reading } from "../source/model-file.js";
import { onAbort } from "../stream/on-abort.js";
import { PieceCutter, pieceBytes } from "./piece-cutter.js";
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

/** How long a server may take to say whether it has another version. */
const freshnessMs = 3000;

/**
 * Keeps downloads in pieces, each with its digest, so that models are there offline, and are checked as they are read.
 *
 * A kept file is used where its server says by a `HEAD` that it has no other, or says nothing: offline, or too slow. A download
 * is kept beside its load, which waits only where the store is slower than the network, and may be over before all is kept.
 */
export class KeptDownloads implements DownloadStore {
  readonly #store: PieceStore;
  readonly #alone: Alone;

  /** @param alone - Runs one keeper of a name at a time, in all pages of the origin. */
  constructor(store: PieceStore, alone: Alone) {
    this.#store = store;
    this.#alone = alone;
  }

  async open(url: string, reading: Reading, download: () => Promise<Download>): Promise<OpenFile> {
    const key = await sha256(new TextEncoder().encode(url));
    const manifest = await this.#manifest(key, url);
    if (manifest !== undefined && (await isCurrent(manifest, reading.signal))) {
      return { size: manifest.bytes, chunks: this.#kept(key, manifest, reading) };
    }
    const file = await download();
    const cutter = new PieceCutter();
    // A load may end before it reads anything.
    if (reading.signal !== undefined) onAbort(reading.signal, () => cutter.giveUp());
    void this.#keep(key, { url, ...file }, cutter.pieces, reading);
    return { ...file, chunks: passed(file.chunks, cutter) };
  }

  async #manifest(key: string, url: string): Promise<Manifest | undefined> {
    try {
      const bytes = await this.#store.read(`${key}.json`);
      if (bytes === undefined) return undefined;
      const manifest: Manifest = JSON.parse(new TextDecoder().decode(bytes));
      return manifest.url === url && manifest.digests.length === Math.ceil(manifest.bytes / manifest.pieceBytes)
        ? manifest
        : undefined;
    } catch {
      // Damaged, or a store that a private window does not have: as if there were none. Keeping tells of the latter.
      return undefined;
    }
  }

  async *#kept(key: string, manifest: Manifest, { signal, onProgress }: Reading): AsyncGenerator<Uint8Array, void> {
    const file = nameOf(manifest.url);
    let loadedBytes = 0;
    for (const [index, digest] of manifest.digests.entries()) {
      const piece = await this.#store.read(pieceName(manifest.pieces, index));
      if (piece === undefined || (await sha256(piece)) !== digest) {
        await this.#remove(key);
        throw damaged(file);
      }
      checkSignal(signal);
      loadedBytes += piece.byteLength;
      onProgress?.({ kind: "verify", file, loadedBytes, totalBytes: manifest.bytes });
      yield piece;
    }
  }

  /** Keeps the pieces of a download, unless another page, or another load of this one, keeps the same. Never rejects. */
  async #keep(
    key: string,
    download: Omit<Download, "chunks"> & { url: string },
    pieces: ReadableStream<Uint8Array>,
    { warn }: Reading,
  ): Promise<void> {
    try {
      const isAlone = await this.#alone(`wick-models ${key}`, () => this.#keepAlone(key, download, pieces));
      if (!isAlone) await pieces.cancel();
    } catch (cause) {
      await pieces.cancel().catch(() => {});
      warn?.(`The model was not kept for the next visit: ${String(cause)}.`);
    }
  }

  async #keepAlone(
    key: string,
    { url, etag, lastModified }: Omit<Download, "chunks"> & { url: string },
    pieces: ReadableStream<Uint8Array>,
  ): Promise<void> {
    const earlier = await this.#manifest(key, url);
    // What a page left that was closed while it kept.
    await this.#remove(`${key}-`, earlier?.pieces);
    const name = `${key}-${crypto.randomUUID()}`;
    const kept = await this.#writePieces(name, pieces).catch(async (cause) => {
      await this.#remove(name);
      throw cause;
    });
    // The load was given up.
    if (kept === undefined) return this.#remove(name);
    const manifest: Manifest = { url, etag, lastModified, pieces: name, pieceBytes, ...kept };
    await this.#store.write(`${key}.json`, new TextEncoder().encode(JSON.stringify(manifest)));
    await this.#remove(`${key}-`, name);
  }

  /** Undefined where they do not come to their end. */
  async #writePieces(
    name: string,
    pieces: ReadableStream<Uint8Array>,
  ): Promise<Pick<Manifest, "bytes" | "digests"> | undefined> {
    const reader = pieces.getReader();
    const digests: string[] = [];
    let bytes = 0;
    try {
      for (;;) {
        const next = await reader.read().catch(() => undefined);
        if (next === undefined) return undefined;
        if (next.done) return { bytes, digests };
        const [digest] = await Promise.all([
          sha256(next.value),
          this.#store.write(pieceName(name, digests.length), next.value),
        ]);
        digests.push(digest);
        bytes += next.value.byteLength;
      }
    } finally {
      reader.releaseLock();
    }
  }

  /** Removes the entries whose name begins so, but those of one download. */
  async #remove(prefix: string, but?: string): Promise<void> {
    const names = await this.#store.names(prefix);
    const gone = names.filter((name) => but === undefined || !name.startsWith(but));
    await Promise.all(gone.map((name) => this.#store.remove(name)));
  }
}

/** Runs `act` unless the same name is being run already, which it answers. */
export type Alone = (name: string, act: () => Promise<void>) => Promise<boolean>;

/** What passes, and is cut as it does. */
async function* passed(chunks: OpenFile["chunks"], cutter: PieceCutter): AsyncGenerator<Uint8Array, void> {
  let isWhole = false;
  try {
    for await (const chunk of chunks) {
      await cutter.write(chunk);
      yield chunk;
    }
    isWhole = true;
  } finally {
    if (!isWhole) cutter.giveUp();
  }
  void cutter.end();
}

function pieceName(pieces: string, index: number): string {
  return `${pieces}.${index}`;
}

/** Whether the server has nothing newer, as far as it says. */
async function isCurrent(
  { url, bytes, etag, lastModified }: Manifest,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const end = new AbortController();
  const timer = setTimeout(() => end.abort(), freshnessMs);
  // `AbortSignal.any` is younger than the browsers that have all else.
  const unhook = signal && onAbort(signal, () => end.abort());
  const asked = fetch(url, { method: "HEAD", cache: "no-cache", signal: end.signal });
  const response = await asked.catch(() => undefined);
  clearTimeout(timer);
  unhook?.();
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
