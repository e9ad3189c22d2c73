import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { HubFile } from "./hub-client.js";

/** What is marked as written, and lost at most for each connection when the process is killed. */
export const pieceBytes = 1024 * 1024;

/**
 * A file on its way: its bytes, and behind them one byte for each piece that says whether the piece is there. So it is one file that
 * is found again after a kill, and the last step cuts it to its bytes.
 */
export class PartFile {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #bytes: number;
  readonly #there: Uint8Array;

  private constructor(path: string, file: FileHandle, bytes: number, there: Uint8Array) {
    this.#path = path;
    this.#file = file;
    this.#bytes = bytes;
    this.#there = there;
  }

  /** Opens what is left of an earlier try, or begins. */
  static async open(path: string, { bytes }: HubFile): Promise<PartFile> {
    const pieces = Math.ceil(bytes / pieceBytes);
    const file = await open(path, "r+").catch(() => open(path, "w+"));
    try {
      const there = new Uint8Array(pieces);
      const { size } = await file.stat();
      if (size === bytes + pieces) await file.read(there, 0, pieces, bytes);
      else if (size === bytes) {
        // Killed in its last step: all of it is there, and the marks were cut off already.
        there.fill(1);
        await writeAll(file, there, bytes);
      } else {
        // Of another file, or never set up.
        await file.truncate(0);
        await file.truncate(bytes + pieces);
      }
      return new PartFile(
        path,
        file,
        bytes,
        there.map((mark) => (mark === 1 ? 1 : 0)),
      );
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  get pieces(): number {
    return this.#there.length;
  }

  /** Bytes that are there. */
  get loadedBytes(): number {
    return this.#there.reduce((sum, mark, piece) => sum + (mark === 1 ? this.lengthOf(piece) : 0), 0);
  }

  has(piece: number): boolean {
    return this.#there[piece] === 1;
  }

  /** All are whole but, maybe, the last. */
  lengthOf(piece: number): number {
    return Math.min(pieceBytes, this.#bytes - piece * pieceBytes);
  }

  /** Writes a whole piece, and then that it is there. */
  async write(piece: number, bytes: Uint8Array): Promise<void> {
    await writeAll(this.#file, bytes, piece * pieceBytes);
    await writeAll(this.#file, Uint8Array.of(1), this.#bytes + piece);
    this.#there[piece] = 1;
  }

  async read(piece: number, into: Uint8Array): Promise<Uint8Array> {
    const length = this.lengthOf(piece);
    const { bytesRead } = await this.#file.read(into, 0, length, piece * pieceBytes);
    if (bytesRead !== length) throw new Error(`${this.#path} was cut meanwhile`);
    return into.subarray(0, length);
  }

  /** Gives it its final name, once it is on the disk. */
  async finish(path: string): Promise<void> {
    await this.#file.truncate(this.#bytes);
    await this.#file.sync();
    await this.#file.close();
    await rename(this.#path, path);
    await syncFolder(dirname(path));
  }

  /** Keeps it for another try. */
  async close(): Promise<void> {
    await this.#file.close();
  }

  /** It is not what it should be: nothing of it is used again. */
  async discard(): Promise<void> {
    await this.#file.close();
    await rm(this.#path, { force: true });
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
}

/** That the name is there after a power failure, too; Windows has no such thing. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}
