import { createParser } from "eventsource-parser";

/** An event of a body of server-sent events: its `event:` and its `data:` lines. */
export type EventListener = (data: string, name: string | undefined) => void;

/** Beyond this an event is refused: the longest answer of a model is far below, and what never ends must not fill the memory. */
export const longestEvent = 16 * 1024 * 1024;

/**
 * Cuts text into server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), however it is split. Each
 * character is looked at a fixed number of times. An event that the end of the body cuts off before its empty line is delivered,
 * since hosts end so; `id` and `retry` are read and not used, since a POST is not sent again for them.
 */
export class EventStreamReader {
  readonly #parser;
  #overflow: string | undefined;

  constructor(listener: EventListener) {
    this.#parser = createParser({
      maxBufferSize: longestEvent,
      onEvent: ({ data, event }) => listener(data, event),
      // Unknown fields are allowed, and reported here too: servers of llama.cpp up to 2025 put their errors into one.
      onError: ({ type, message, field, value }) => {
        if (type === "max-buffer-size-exceeded") this.#overflow = message;
        else if (field === "error" && value !== undefined) listener(value, "error");
      },
    });
  }

  /** Why nothing more is read: an event is too long. */
  get overflow(): string | undefined {
    return this.#overflow;
  }

  /** @param text - The next piece of the body, whole Unicode, without its byte order mark. */
  read(text: string): void {
    if (this.#overflow === undefined && text !== "") this.#parser.feed(text);
  }

  /** The body has ended. */
  end(): void {
    this.read("\n\n");
  }
}
