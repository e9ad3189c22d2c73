import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type { LoadProgress } from "../model/load-options.js";
import { checkSignal } from "../error/terminal-error.js";
import { WickError } from "../error/wick-error.js";
import { backoffMs, longestWaitMs } from "../remote/retry.js";
import { sleep } from "../remote/sleep.js";
import { onAbort } from "../stream/on-abort.js";
import { BlobDigest } from "./blob-digest.js";
import { downloadFailed, notAsAsked } from "./hub-error.js";
import type { HubClient, HubFile, HubRepository } from "./hub-client.js";
import { PartFile, pieceBytes } from "./part-file.js";

/** At most, of one file. */
const connections = 4;
/** Pieces of one request, at most. */
const pieceRun = 16;
/** Tries of a range in a row that bring nothing. */
const mostTries = 5;
/** A server that is silent for so long is left. */
const stallMs = 30_000;
/** Progress is told no oftener. */
const tellMs = 100;

/** A file to be fetched, and where to. */
export interface BlobDownloadInit {
  client: HubClient;
  repository: HubRepository;
  file: HubFile;
  /** Its final path. */
  path: string;
  signal: AbortSignal | undefined;
  onProgress: ((progress: LoadProgress) => void) | undefined;
}

/**
 * Fetches a file: in ranges over several connections, from where an earlier try was left, its hash following in order. What has the
 * final name is whole and right.
 *
 * @throws {@link WickError} `download_failed`, `model_integrity`, `disk_full`, `io_error`.
 */
export async function downloadBlob(init: BlobDownloadInit): Promise<void> {
  const isRight = await attempt(init);
  // What an earlier try had left may have been wrong; from nothing it is tried once more.
  if (isRight || (await attempt(init))) return;
  const { file, repository } = init;
  throw new WickError({
    code: "model_integrity",
    message: `${repository.repository}/${file.path} came twice with other bytes than the hub says; nothing of it was kept. Try again later.`,
    where: "source",
    retryable: true,
    details: { file: file.path },
  });
}

/** False: the bytes are not those of the digest. */
async function attempt(init: BlobDownloadInit): Promise<boolean> {
  const { file, path } = init;
  const part = await PartFile.open(`${path}.wick-part`, file);
  const download = new BlobDownload(init, part);
  try {
    await checkRoom(dirname(path), file.bytes - part.loadedBytes, file.path);
    await download.run();
  } catch (error) {
    await part.close();
    throw error;
  }
  if (!download.digest.matches()) {
    await part.discard();
    return false;
  }
  await part.finish(path);
  return true;
}

class BlobDownload {
  readonly digest: BlobDigest;
  readonly #init: BlobDownloadInit;
  readonly #part: PartFile;
  readonly #stop = new AbortController();
  readonly #began = performance.now();
  readonly #bytesBefore: number;
  #loadedBytes: number;
  #toldAt = 0;
  /** The next piece that the hash has not seen. */
  #hashed = 0;
  #isHashing = false;
  readonly #buffer = new Uint8Array(pieceBytes);

  constructor(init: BlobDownloadInit, part: PartFile) {
    this.#init = init;
    this.#part = part;
    this.digest = new BlobDigest(init.file);
    this.#bytesBefore = part.loadedBytes;
    this.#loadedBytes = this.#bytesBefore;
  }

  async run(): Promise<void> {
    const { signal } = this.#init;
    const unhook = signal && onAbort(signal, () => this.#stop.abort(signal.reason));
    try {
      checkSignal(signal);
      const runs = this.#missing();
      const worker = async () => {
        for (let run = runs.shift(); run !== undefined; run = runs.shift()) await this.#fetchRun(run);
      };
      const workers = Array.from({ length: Math.min(connections, runs.length) }, worker);
      // One that fails ends the others, whose failures then are its.
      await Promise.all(workers.map((running) => running.catch((error: unknown) => this.#fail(error))));
      await this.#hashOn();
      this.#tell(true);
    } finally {
      unhook?.();
      this.#stop.abort();
    }
  }

  #fail(error: unknown): never {
    this.#stop.abort(error);
    throw error;
  }

  /** Runs of pieces that are not there, in order. */
  #missing(): { first: number; end: number }[] {
    const runs: { first: number; end: number }[] = [];
    for (let piece = 0; piece < this.#part.pieces; piece += 1) {
      if (this.#part.has(piece)) continue;
      const last = runs.at(-1);
      if (last !== undefined && last.end === piece && piece - last.first < pieceRun) last.end += 1;
      else runs.push({ first: piece, end: piece + 1 });
    }
    return runs;
  }

  async #fetchRun({ first, end }: { first: number; end: number }): Promise<void> {
    let tries = 0;
    for (let piece = first; piece < end;) {
      const before = piece;
      try {
        piece = await this.#fetchOnce(piece, end);
        if (piece < end) throw downloadFailed(`The server ended ${this.#init.file.path} early.`);
      } catch (error) {
        checkSignal(this.#init.signal);
        piece = this.#firstMissing(before, end);
        tries = piece > before ? 1 : tries + 1;
        await this.#wait(error, tries);
      }
    }
  }

  #firstMissing(from: number, end: number): number {
    let piece = from;
    while (piece < end && this.#part.has(piece)) piece += 1;
    return piece;
  }

  /** Until the next try; or the error, where another one is of no use. */
  async #wait(error: unknown, tries: number): Promise<void> {
    const isWorthIt =
      WickError.isInstance(error) && error.info.retryable && tries < mostTries && !this.#stop.signal.aborted;
    if (!isWorthIt) throw error;
    const wait = error.info.retryAfterMs ?? backoffMs(tries, Math.random());
    if (wait > longestWaitMs) throw error;
    await sleep(wait, this.#stop.signal);
    checkSignal(this.#init.signal);
  }

  /** Fetches pieces from `first` on; answers with the first that did not come whole. */
  async #fetchOnce(first: number, end: number): Promise<number> {
    const { client, repository, file } = this.#init;
    const start = first * pieceBytes;
    const range = { start, end: Math.min(end * pieceBytes, file.bytes) };
    const isAll = start === 0 && range.end === file.bytes;
    const response = await client.open(repository, file, isAll ? undefined : range, this.#stop.signal);
    // A server that does not know ranges sends all of it.
    const from = response.status === 206 ? startOf(response, file.path) : 0;
    if (from > start) throw notAsAsked(`The server sent another part of ${file.path} than was asked for.`);
    return this.#receive(response, from, { first, end });
  }

  /** @param from - Which byte of the file the body begins with. */
  async #receive(response: Response, from: number, { first, end }: { first: number; end: number }): Promise<number> {
    const { path, bytes } = this.#init.file;
    const reader = response.body?.getReader();
    let skip = first * pieceBytes - from;
    let piece = first;
    let filled = 0;
    const buffer = new Uint8Array(pieceBytes);
    try {
      while (piece < end) {
        const chunk = await this.#readChunk(reader);
        if (chunk === undefined) break;
        let rest = chunk.subarray(Math.min(skip, chunk.length));
        skip -= Math.min(skip, chunk.length);
        while (rest.length > 0 && piece < end) {
          const length = this.#part.lengthOf(piece);
          const taken = rest.subarray(0, length - filled);
          buffer.set(taken, filled);
          filled += taken.length;
          rest = rest.subarray(taken.length);
          if (filled < length) continue;
          await this.#keep(piece, buffer.subarray(0, length));
          piece += 1;
          filled = 0;
        }
        const isBeyond = rest.length > 0 && end * pieceBytes >= bytes;
        if (isBeyond) throw tooLong(path, bytes);
      }
      return piece;
    } finally {
      void reader?.cancel().catch(() => {});
    }
  }

  async #readChunk(reader: ReadableStreamDefaultReader<Uint8Array> | undefined): Promise<Uint8Array | undefined> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      void reader?.cancel(new Error("stalled")).catch(() => {});
    }, stallMs);
    try {
      const chunk = await reader?.read();
      if (isLate) throw new Error(`nothing came for ${stallMs} ms`);
      return chunk?.value;
    } catch (cause) {
      checkSignal(this.#init.signal);
      throw downloadFailed(`The connection broke in the middle of ${this.#init.file.path}.`, cause);
    } finally {
      clearTimeout(timer);
    }
  }

  async #keep(piece: number, bytes: Uint8Array): Promise<void> {
    // Another connection of a server without ranges may have brought it.
    if (this.#part.has(piece)) return;
    const isNext = piece === this.#hashed && !this.#isHashing;
    if (isNext) {
      this.digest.update(bytes);
      this.#hashed += 1;
    }
    await this.#part.write(piece, bytes);
    this.#loadedBytes += bytes.length;
    this.#tell(false);
    await this.#hashOn();
  }

  /** Hashes what is there, in order. */
  async #hashOn(): Promise<void> {
    if (this.#isHashing) return;
    this.#isHashing = true;
    try {
      while (this.#hashed < this.#part.pieces && this.#part.has(this.#hashed)) {
        const bytes = await this.#part.read(this.#hashed, this.#buffer);
        this.digest.update(bytes);
        this.#hashed += 1;
      }
    } finally {
      this.#isHashing = false;
    }
  }

  #tell(isLast: boolean): void {
    const { onProgress, file } = this.#init;
    const now = performance.now();
    if (onProgress === undefined || (!isLast && now - this.#toldAt < tellMs)) return;
    this.#toldAt = now;
    const bytesPerSecond = ((this.#loadedBytes - this.#bytesBefore) / Math.max(1, now - this.#began)) * 1000;
    const left = file.bytes - this.#loadedBytes;
    onProgress({
      kind: "download",
      file: file.path,
      loadedBytes: this.#loadedBytes,
      totalBytes: file.bytes,
      bytesPerSecond: Math.round(bytesPerSecond),
      ...(bytesPerSecond > 0 && { remainingMs: Math.round((left / bytesPerSecond) * 1000) }),
    });
  }
}

/** Where the part begins that a server sent. */
function startOf(response: Response, file: string): number {
  const [, start] = /^bytes (\d+)-\d+\/(?:\d+|\*)$/.exec(response.headers.get("content-range") ?? "") ?? [];
  if (start === undefined) throw notAsAsked(`The server did not say which part of ${file} it sent.`);
  return Number(start);
}

function tooLong(path: string, bytes: number): WickError {
  const message = `${path} is longer than the ${bytes} bytes that the hub says; it was not kept. Try again later.`;
  return new WickError({
    code: "model_integrity",
    message,
    where: "source",
    retryable: false,
    details: { expected: bytes },
  });
}

/** Asked before the first byte, so that a disk is not filled for nothing. */
async function checkRoom(folder: string, needed: number, file: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const available = bavail * bsize;
  if (needed <= available) return;
  throw new WickError({
    code: "disk_full",
    message: `${file} needs ${needed} bytes more, and the disk of ${folder} has ${available}: free some, or set HF_HUB_CACHE to another.`,
    where: "source",
    retryable: false,
    details: { needed, available },
  });
}
