import type { Feed } from "./feed.js";
import { WickError } from "../error/wick-error.js";
import type { CancelReason, ErrorInfo, Response } from "../generated/protocol.js";
import type { Delivered } from "./stream-terminals.js";
import type { Mailboxes } from "../model/mailboxes.js";

/** A run inside an engine. */
export class TicketFeed<R extends Response> implements Feed<R> {
  readonly #mailboxes: Mailboxes;
  readonly #command: string;
  readonly #delivered: Delivered<R>;
  #ticket: number | undefined;
  #trap: ErrorInfo | undefined;

  constructor(mailboxes: Mailboxes, command: string, delivered: Delivered<R>) {
    this.#mailboxes = mailboxes;
    this.#command = command;
    this.#delivered = delivered;
  }

  start(): void {
    try {
      this.#ticket = this.#mailboxes.submit(this.#command);
    } catch (error) {
      this.#trap = trapOf(error);
    }
  }

  take(): R | null {
    if (this.#trap !== undefined) return this.#delivered.failed(this.#trap);
    if (this.#ticket === undefined) return null;
    try {
      const event = this.#mailboxes.take(this.#ticket);
      if (event === null) return null;
      // The engine's types are generated from the same source as `Response`, and `schemaHash` says that both are of one version.
      const response = JSON.parse(event) as R;
      // An engine that cannot be lost remembers this itself.
      if (this.#mailboxes.mayTrap) this.#delivered.add(response);
      return response;
    } catch (error) {
      return this.#delivered.failed(trapOf(error));
    }
  }

  whenReady(resume: () => void): void {
    if (this.#ticket !== undefined) this.#mailboxes.whenReady(this.#ticket, resume);
  }

  cancel(reason: CancelReason): void {
    if (this.#ticket !== undefined) this.#mailboxes.cancel(this.#ticket, reason);
  }

  release(): void {
    if (this.#ticket !== undefined) this.#mailboxes.release(this.#ticket);
  }
}

/** The engine's own word; anything else is a bug, for the stream to report. */
function trapOf(error: unknown): ErrorInfo {
  if (WickError.isInstance(error)) return error.info;
  throw error;
}
