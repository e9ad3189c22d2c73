/** A host that failed is asked last for so long. */
const restMs = 30_000;

/**
 * Several addresses of the same model. A conversation goes to the same one each time, which may still have its beginning in memory,
 * and different ones are spread (rendezvous hashing, Thaler and Ravishankar 1998): the list may change and most stay where they are.
 */
export class Endpoints {
  readonly #urls: readonly URL[];
  readonly #restsUntil = new Map<URL, number>();

  constructor(urls: readonly URL[]) {
    this.#urls = urls;
  }

  get count(): number {
    return this.#urls.length;
  }

  /**
   * In the order in which they are to be asked; those that failed of late are last.
   *
   * @param conversation - What tells conversations apart, and stays as they go on.
   * @param now - Milliseconds on any clock.
   */
  inOrder(conversation: string, now: number): URL[] {
    const ranked = this.#urls.map((url) => ({
      url,
      rests: (this.#restsUntil.get(url) ?? 0) > now ? 1 : 0,
      rank: hashOf(`${url.href} ${conversation}`),
    }));
    ranked.sort((one, other) => one.rests - other.rests || other.rank - one.rank);
    return ranked.map(({ url }) => url);
  }

  failed(url: URL, now: number): void {
    this.#restsUntil.set(url, now + restMs);
  }
}

/** FNV-1a of the UTF-16 units, mixed once more, since it changes little by the last ones. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
