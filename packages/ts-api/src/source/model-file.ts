import type { LoadProgress } from "../model/load-options.js";

/** A file of a model, of which no byte was read yet. */
export interface ModelFile {
  /** What progress calls it; also the model, where it ends in `.gguf`. */
  readonly name: string;
  /** Its bytes, where they lie in memory already. */
  readonly bytes?: Uint8Array;
  /** Begins to read. Called once. */
  open(reading: Reading): Promise<OpenFile>;
}

/** A file that is being read. */
export interface OpenFile {
  /** In bytes, where it is known before the end. */
  readonly size: number | undefined;
  /** Its bytes in order. Leaving them early gives up what they come from. */
  readonly chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** Whether they end by themselves, so that their end can be waited for. */
  readonly isBounded?: boolean;
}

/** Who reads, and until when. */
export interface Reading {
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: LoadProgress) => void) | undefined;
  /** Told what did not go as it should, and is no matter for the load. */
  warn?: (message: string) => void;
}

/** Pieces that a page can copy, or send to a worker, without being noticed. */
const pieceBytes = 4 * 1024 * 1024;

/** Bytes in memory as a file. */
export function fileOfBytes(name: string, bytes: Uint8Array): ModelFile {
  function* pieces() {
    for (let at = 0; at < bytes.byteLength; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  }
  return { name, bytes, open: async () => ({ size: bytes.byteLength, chunks: pieces() }) };
}
