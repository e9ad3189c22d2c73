import type { PieceStore } from "./piece-store.js";

/** Pieces as files of the page's own file system (OPFS: WHATWG File System §4). */
export class FileSystemPieces implements PieceStore {
  readonly #root: () => Promise<FileSystemFolder>;

  /** @param root - `navigator.storage.getDirectory`. */
  constructor(root: () => Promise<FileSystemFolder>) {
    this.#root = root;
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    const folder = await this.#folder();
    const file = await folder.getFileHandle(name).catch(() => undefined);
    return file === undefined ? undefined : new Uint8Array(await (await file.getFile()).arrayBuffer());
  }

  async write(name: string, bytes: Uint8Array): Promise<void> {
    const file = await (await this.#folder()).getFileHandle(name, { create: true });
    // Written beside the file, which it replaces when it is closed.
    const writable = await file.createWritable();
    await writable.write(bytes);
    await writable.close();
  }

  async names(prefix: string): Promise<string[]> {
    const names = [];
    for await (const name of (await this.#folder()).keys()) if (name.startsWith(prefix)) names.push(name);
    return names;
  }

  async remove(name: string): Promise<void> {
    await (await this.#folder()).removeEntry(name).catch(() => {});
  }

  async #folder(): Promise<FileSystemFolder> {
    return (await this.#root()).getDirectoryHandle("wick-models", { create: true });
  }
}
