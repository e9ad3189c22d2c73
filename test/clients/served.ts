import { type ServeOptions, serve } from "@wick/server/node";
import { vi } from "vitest";
import type { Connection } from "./client.ts";
import { WireContract } from "./wire-contract.ts";
import { type WireExchange, WireTap } from "./wire-tap.ts";

/** The key that servers of these tests ask for. */
export const apiKey = "sk-wick-clients-0123456789";

/** What a server of these tests is made of. */
export type ServedOptions = Omit<ServeOptions, "port" | "log" | "apiKeys">;

/** A server that runs, and all that goes over its wire. */
export class Served implements AsyncDisposable {
  /** For a client that does not try again by itself. */
  readonly connection: Connection;
  readonly #tap: WireTap;
  readonly #contract: WireContract;
  readonly #close: () => Promise<void>;

  private constructor(
    connection: Connection,
    parts: { tap: WireTap; contract: WireContract; close: () => Promise<void> },
  ) {
    this.connection = connection;
    this.#tap = parts.tap;
    this.#contract = parts.contract;
    this.#close = parts.close;
  }

  /** Starts it on a port that is free. */
  static async start(options: ServedOptions): Promise<Served> {
    const server = await serve({ drainMs: 0, playground: false, ...options, port: 0, log: false, apiKeys: [apiKey] });
    const headers = { authorization: `Bearer ${apiKey}` };
    const description: unknown = await (await fetch(`${server.url}/openapi.json`, { headers })).json();
    const connection = { url: server.url, apiKey, retries: 0 };
    const tap = new WireTap(server.port);
    return new Served(connection, { tap, contract: new WireContract(description), close: () => server.close() });
  }

  /** For a client that tries again by itself. */
  retrying(retries: number): Connection {
    return { ...this.connection, retries };
  }

  /** The exchanges that are over, with `text` in what was asked. */
  async exchanges(text = ""): Promise<readonly WireExchange[]> {
    // Its end comes to the client before it is told here.
    await vi.waitUntil(() => this.#tap.open.length === 0, { timeout: 10_000, interval: 2 });
    return this.#tap.exchanges.filter(({ requestBody }) => requestBody.includes(text));
  }

  /** Waits until an answer that is not over has such words. */
  async untilSent(words: RegExp): Promise<void> {
    await vi.waitUntil(() => this.#tap.open.some((sent) => words.test(sent)), { timeout: 10_000, interval: 2 });
  }

  /**
   * Looks through what went over the wire since the last time.
   *
   * @throws {Error} where it was not what the server describes.
   */
  async checkWire(): Promise<void> {
    const exchanges = await this.exchanges();
    this.#tap.exchanges.length = 0;
    const problems = exchanges.flatMap((exchange) => this.#contract.problems(exchange));
    if (problems.length > 0) throw new Error(`What went over the wire was not as described:\n${problems.join("\n")}`);
  }

  /** Shuts it down. */
  close(): Promise<void> {
    return this.#close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
    this.#tap[Symbol.dispose]();
  }
}
