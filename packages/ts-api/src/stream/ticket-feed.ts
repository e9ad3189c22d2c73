import type { Feed } from "./feed.js";
import type { CancelReason, Response } from "../generated/protocol.js";
import type { Mailboxes } from "../model/mailboxes.js";

/** A run inside an engine. */
export class TicketFeed<R extends Response> implements Feed<R> {
  readonly #mailboxes: Mailboxes;
  readonly #command: string;
  #ticket: number | undefined;

  constructor(mailboxes: Mailboxes, command: string) {
    this.#mailboxes = mailboxes;
    this.#command = command;
  }

  start(): void {
    this.#ticket = this.#mailboxes.submit(this.#command);
  }

  take(): R | null {
    if (this.#ticket === undefined) return null;
    const event = this.#mailboxes.take(this.#ticket);
    // The engine's types are generated from the same source as `Response`, and `schemaHash` says that both are of one version.
    return event === null ? null : (JSON.parse(event) as R);
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
