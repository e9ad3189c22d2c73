import { BodyDecoder } from "./body-decoder.js";
import { EventStreamReader, longestEvent } from "./event-stream-reader.js";
import { protocolError } from "./protocol-error.js";
import type { WireReader } from "./wire-reader.js";

/** Characters that are waited for, to see what a body is whose headers do not say. */
const longestBeginning = 200;

/**
 * A body as it comes: server-sent events, or one JSON value from a host that does not stream. What it begins with decides, since
 * proxies and servers put wrong types on both.
 */
export class BodyText {
  readonly #reader: WireReader;
  readonly #decoder = new BodyDecoder();
  readonly #events: EventStreamReader;
  #form: "unknown" | "events" | "json" = "unknown";
  #isLast = false;
  /** What came while the form is unknown, or of a JSON value. */
  #held: string[] = [];
  #heldLength = 0;

  constructor(reader: WireReader) {
    this.#reader = reader;
    this.#events = new EventStreamReader((data, name) => reader.event(data, name, this.#isLast));
  }

  /**
   * @param type - What the headers say of it.
   * @throws {@link WickError} `stream_protocol` for what is neither, with its first characters.
   */
  read(bytes: Uint8Array, type: string | null): void {
    this.#readText(this.#decoder.decode(bytes), type);
  }

  /** The body has ended. */
  end(type: string | null): void {
    this.#readText(this.#decoder.decode(), type);
    this.#isLast = true;
    if (this.#form === "unknown") this.#decide(type, true);
    if (this.#form === "json") return this.#endJson();
    this.#events.end();
    this.#reader.end();
  }

  #readText(text: string, type: string | null): void {
    if (this.#form === "events") return this.#readEvents(text);
    this.#held.push(text);
    this.#heldLength += text.length;
    if (this.#form === "unknown") this.#decide(type, false);
    if (this.#heldLength > longestEvent) throw protocolError("The host's answer is longer than 16 MiB", this.#text());
  }

  #readEvents(text: string): void {
    this.#events.read(text);
    if (this.#events.overflow !== undefined) throw protocolError(this.#events.overflow);
  }

  #decide(type: string | null, isWhole: boolean): void {
    const beginning = this.#text().trimStart();
    const saysEvents = type !== null && type.toLowerCase().startsWith("text/event-stream");
    if (beginning === "" && !(isWhole && saysEvents)) {
      if (isWhole) throw protocolError("The host's answer is empty");
    } else if (/^[{[]/.test(beginning)) {
      this.#form = "json";
    } else if (saysEvents || /^(?::|(?:data|event|id|retry):)/.test(beginning)) {
      this.#form = "events";
      this.#readEvents(this.#release());
    } else if (isWhole || !/^[a-z]{0,5}$/.test(beginning) || beginning.length > longestBeginning) {
      throw protocolError(`The host sent ${type ?? "something without a type"}, not a stream of events`, beginning);
    }
  }

  #endJson(): void {
    const text = this.#release();
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw protocolError("The host's answer is no whole JSON value", text);
    }
    this.#reader.whole(value);
  }

  #text(): string {
    if (this.#held.length > 1) this.#held = [this.#held.join("")];
    return this.#held[0] ?? "";
  }

  #release(): string {
    const text = this.#text();
    this.#held = [];
    this.#heldLength = 0;
    return text;
  }
}
