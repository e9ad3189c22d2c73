import type { LogEntry } from "./log-entry.js";
import type { Mailboxes } from "./mailboxes.js";

/** What the engine says on the ticket of a log. */
type LogTicketEvent = { kind: "log"; entry: LogEntry } | { kind: "result" };

/** Hands a model's log entries to a hook as they come. Holds no model, so that a forgotten one is still collected. */
export class ModelLog {
  readonly #mailboxes: Mailboxes;
  readonly #ticket: number;
  readonly #onLog: (entry: LogEntry) => void;
  #isOver = false;

  constructor(mailboxes: Mailboxes, ticket: number, onLog: (entry: LogEntry) => void) {
    this.#mailboxes = mailboxes;
    this.#ticket = ticket;
    this.#onLog = onLog;
  }

  /** Tells what there is, and what comes later as it comes. */
  tell(): void {
    while (!this.#isOver) {
      const json = this.#mailboxes.take(this.#ticket);
      if (json === null) return this.#mailboxes.listen(this.#ticket, () => this.tell());
      // Written by the engine, whose schema hash was compared.
      const event = JSON.parse(json) as LogTicketEvent;
      if (event.kind === "log") this.#call(event.entry);
      else this.#isOver = true;
    }
  }

  #call(entry: LogEntry): void {
    try {
      this.#onLog(entry);
    } catch (error) {
      // It was called from nowhere that could catch it; those who read streams must not.
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
