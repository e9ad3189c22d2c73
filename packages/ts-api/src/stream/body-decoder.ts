const byteOrderMark = "\uFEFF";

/**
 * Turns the bytes of a body into text, however they are cut, and takes one byte order mark from its beginning. Node's own decoder
 * takes two where they come apart.
 */
export class BodyDecoder {
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #hasBegun = false;

  /** @param bytes - The next of them; none at the end. */
  decode(bytes?: Uint8Array): string {
    const text = bytes === undefined ? this.#decoder.decode() : this.#decoder.decode(bytes, { stream: true });
    if (this.#hasBegun || text === "") return text;
    this.#hasBegun = true;
    return text.startsWith(byteOrderMark) ? text.slice(1) : text;
  }
}
