import type { PieceStore } from "./piece-store.js";

/** An address of its own, which no server has, for each entry. */
const base = "https://models.wick.invalid/";

/** Pieces as entries of the page's cache (Service Workers §5.4). */
export class CachePieces implements PieceStore {
  readonly #open: () => Promise<BrowserCache>;

  /** @param open - Opens the cache of this package. */
  constructor(open: () => Promise<BrowserCache>) {
    this.#open = open;
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    const response = await (await this.#open()).match(base + name);
    return response === undefined ? undefined : new Uint8Array(await response.arrayBuffer());
  }

  async write(name: string, bytes: Uint8Array): Promise<void> {
    await (await this.#open()).put(base + name, new Response(bytes));
  }

  async names(prefix: string): Promise<string[]> {
    const urls = (await (await this.#open()).keys()).map(({ url }) => url);
    return urls.filter((url) => url.startsWith(base + prefix)).map((url) => url.slice(base.length));
  }

  async remove(name: string): Promise<void> {
    await (await this.#open()).delete(base + name);
  }
}
