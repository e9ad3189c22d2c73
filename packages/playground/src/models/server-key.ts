const name = "wick.key";

/** The key for the server: as long as the tab is open, and nowhere but in its own storage. */
export class ServerKey {
  readonly #session: Pick<Storage, "getItem" | "setItem"> | undefined;
  #value: string | undefined;

  constructor(session: Pick<Storage, "getItem" | "setItem"> | undefined) {
    this.#session = session;
    this.#value = session?.getItem(name) ?? undefined;
  }

  get value(): string | undefined {
    return this.#value;
  }

  set(key: string): void {
    this.#value = key;
    this.#session?.setItem(name, key);
  }
}

/** The tab's storage; nothing where the browser gives none. */
export function tabStorage(): Storage | undefined {
  try {
    return globalThis.sessionStorage;
  } catch {
    return undefined;
  }
}
