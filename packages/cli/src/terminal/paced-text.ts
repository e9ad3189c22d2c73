/** Of the time, the part that showing text may take: what computes the text needs the rest. */
const share = 0.1;

/** Hands text on as it comes, or, where showing it takes long, some of it at once. */
export class PacedText {
  readonly #show: (text: string) => void;
  #waiting = "";
  /** When more may be shown. */
  #nextAt = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(show: (text: string) => void) {
    this.#show = show;
  }

  add(text: string): void {
    this.#waiting += text;
    if (this.#timer !== undefined) return;
    const early = this.#nextAt - performance.now();
    if (early <= 0) this.flush();
    else this.#timer = setTimeout(() => this.flush(), early);
  }

  /** Hands on what waits. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = this.#waiting;
    this.#waiting = "";
    if (text === "") return;
    const began = performance.now();
    this.#show(text);
    const ended = performance.now();
    this.#nextAt = ended + (ended - began) * (1 / share - 1);
  }
}
