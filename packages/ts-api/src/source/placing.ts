import type { EngineMemory } from "../backend.js";
import { downloadFailed } from "./body.js";
import type { OpenFile } from "./model-file.js";
import type { OpeningFile } from "./opening.js";

/** Reads files to where an engine takes them from: its own memory, or else whole arrays. */
export async function placed(
  files: readonly OpeningFile[],
  memory: EngineMemory | undefined,
): Promise<(Uint8Array | number)[]> {
  const buffers = [];
  for (const file of files) {
    if (memory === undefined) buffers.push(file.bytes ?? (await collected(file)));
    else buffers.push(await place(await file.open, file.name, memory));
  }
  return buffers;
}

/** Writes a file's bytes to their final place as they come, so that they are nowhere twice. */
async function place(file: OpenFile, name: string, memory: EngineMemory): Promise<number> {
  const room = file.size === undefined ? new RoomByHeader(memory) : await Room.of(memory, file.size);
  for await (const chunk of file.chunks) {
    if (file.size !== undefined && room.filled + chunk.byteLength > file.size) throw tooLong(name, file.size);
    await room.write(chunk);
    // What may follow a GGUF file is none of its bytes, and may have no end.
    if (file.size === undefined && file.isBounded !== true && room.isFull) break;
  }
  if (file.size !== undefined && room.filled < file.size) throw tooShort(name, file.size, room.filled);
  return room.end();
}

/** Room for a whole file. */
class Room {
  readonly #memory: EngineMemory;
  readonly #buffer: number;
  readonly #bytes: number;
  filled = 0;

  private constructor(memory: EngineMemory, buffer: number, bytes: number) {
    this.#memory = memory;
    this.#buffer = buffer;
    this.#bytes = bytes;
  }

  static async of(memory: EngineMemory, bytes: number): Promise<Room> {
    return new Room(memory, await memory.allocate(bytes), bytes);
  }

  get isFull(): boolean {
    return this.filled >= this.#bytes;
  }

  /** Writes as much of it as there is room for. */
  async write(chunk: Uint8Array): Promise<void> {
    const fits = chunk.subarray(0, this.#bytes - this.filled);
    await this.#memory.write(this.#buffer, this.filled, fits);
    this.filled += fits.byteLength;
  }

  /** The buffer, cut to what came: what is missing is the loader's to say. */
  async end(): Promise<number> {
    if (!this.isFull) await this.#memory.truncate(this.#buffer, this.filled);
    return this.#buffer;
  }
}

/** Room for a file whose size is known once its header has come. */
class RoomByHeader {
  readonly #memory: EngineMemory;
  #room: Room | undefined;
  #header: Uint8Array[] = [];
  #headerBytes = 0;
  /** Doubles, so that a long header is read but a few times. */
  #askAt = 64 * 1024;

  constructor(memory: EngineMemory) {
    this.#memory = memory;
  }

  get filled(): number {
    return this.#room?.filled ?? this.#headerBytes;
  }

  get isFull(): boolean {
    return this.#room?.isFull === true;
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.#room !== undefined) return this.#room.write(chunk);
    this.#header.push(chunk);
    this.#headerBytes += chunk.byteLength;
    if (this.#headerBytes < this.#askAt) return;
    this.#askAt = 2 * this.#headerBytes;
    const prefix = joined(this.#header, this.#headerBytes);
    const bytes = await this.#memory.fileBytes(prefix);
    if (bytes !== undefined) await this.#begin(bytes, prefix);
    else this.#header = [prefix];
  }

  async end(): Promise<number> {
    if (this.#room === undefined) {
      const prefix = joined(this.#header, this.#headerBytes);
      // Too short to say; or a file of fewer bytes than are first asked for.
      await this.#begin((await this.#memory.fileBytes(prefix)) ?? prefix.byteLength, prefix);
    }
    return this.#room?.end() ?? 0;
  }

  async #begin(bytes: number, prefix: Uint8Array): Promise<void> {
    this.#header = [];
    this.#room = await Room.of(this.#memory, bytes);
    await this.#room.write(prefix);
  }
}

/** The bytes of a file in one array. */
async function collected(file: OpeningFile): Promise<Uint8Array> {
  const { size, chunks } = await file.open;
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    bytes += chunk.byteLength;
    if (size !== undefined && bytes > size) throw tooLong(file.name, size);
  }
  if (size !== undefined && bytes < size) throw tooShort(file.name, size, bytes);
  return joined(parts, bytes);
}

function joined(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}

function tooLong(name: string, expected: number) {
  return downloadFailed(`${name} has more than the ${expected} bytes that were announced.`, { expected });
}

function tooShort(name: string, expected: number, got: number) {
  return downloadFailed(`${name} ended after ${got} of ${expected} bytes.`, { expected, got });
}
