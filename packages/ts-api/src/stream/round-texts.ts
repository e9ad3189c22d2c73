import type { ChatResponse } from "../response/response.js";
import type { Response } from "../generated/protocol.js";

/** What choice 0 says, round by round: each round of tools begins another text. */
export class RoundTexts {
  readonly #responses: AsyncIterator<Response, void>;
  readonly #unseen: (response: Response) => void;
  #round: number | undefined;
  /** The first piece of a round that has not been asked for. */
  #first: string | undefined;

  /** @param unseen - Told of each response, of which only the text is seen. */
  constructor(responses: AsyncIterator<ChatResponse, void>, unseen: (response: Response) => void) {
    this.#responses = responses;
    this.#unseen = unseen;
  }

  /** Goes on to the next round that says something, past what is left of this one; false at the end. */
  async next(): Promise<boolean> {
    while (this.#first === undefined) {
      const piece = await this.#piece();
      if (piece === undefined) return false;
      if (piece.round === this.#round) continue;
      this.#round = piece.round;
      this.#first = piece.text;
    }
    return true;
  }

  /** The pieces of this round. */
  async *pieces(): AsyncGenerator<string, void, undefined> {
    if (this.#first === undefined) return;
    let text: string | undefined = this.#first;
    this.#first = undefined;
    while (text !== undefined) {
      yield text;
      const piece = await this.#piece();
      if (piece !== undefined && piece.round !== this.#round) {
        this.#round = piece.round;
        this.#first = piece.text;
        return;
      }
      text = piece?.text;
    }
  }

  async #piece(): Promise<{ text: string; round: number } | undefined> {
    for (;;) {
      const { done, value } = await this.#responses.next();
      if (done === true) return undefined;
      this.#unseen(value);
      if (value.kind !== "chunk") continue;
      const text = value.choices.find(({ index }) => index === 0)?.delta.content ?? "";
      if (text !== "") return { text, round: value.round ?? 0 };
    }
  }
}
