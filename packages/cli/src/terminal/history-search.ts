/** A search backwards through earlier inputs, as Ctrl-R does it in shells. */
export class HistorySearch {
  readonly #entries: readonly string[];
  query = "";
  /** The entry that is shown; behind the last one where none is. */
  #index: number;

  /** @param entries - The oldest first. */
  constructor(entries: readonly string[]) {
    this.#entries = entries;
    this.#index = entries.length;
  }

  /** What was found. */
  get found(): string | undefined {
    return this.#entries[this.#index];
  }

  add(text: string): void {
    this.query += text;
    this.#find(Math.min(this.#index, this.#entries.length - 1));
  }

  /** Takes back the last character of the query. */
  shorten(): void {
    this.query = Array.from(this.query).slice(0, -1).join("");
    this.#index = this.#entries.length;
    if (this.query !== "") this.#find(this.#entries.length - 1);
  }

  /** The one before, if there is one. */
  older(): void {
    if (this.query !== "") this.#find(this.#index - 1);
  }

  #find(from: number): void {
    const query = this.query.toLowerCase();
    for (let index = from; index >= 0; index -= 1) {
      if (this.#entries[index]?.toLowerCase().includes(query) === true) {
        this.#index = index;
        return;
      }
    }
    // What does not occur at all shows nothing; where there is only no older one, this one stays.
    if (this.found?.toLowerCase().includes(query) !== true) this.#index = this.#entries.length;
  }
}
