/** Where the pieces of a download lie. Names are made of letters, digits, `-` and `.`. */
export interface PieceStore {
  /** The bytes of an entry; undefined: there is none. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Replaces an entry, whole or not at all. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** Of the entries whose name begins so. */
  names(prefix: string): Promise<string[]>;
  remove(name: string): Promise<void>;
}
