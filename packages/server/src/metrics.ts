import type { ErrorCode, Usage } from "wick";
import type { ServedModel } from "./model-catalog.js";

/**
 * What is counted. `@wick/server/node` has one over prom-client; a Worker writes to what its host has.
 *
 * @example
 * ```ts
 * const metrics: Metrics = { requestEnded: ({ route, status }) => counter.add(1, { route, status }) };
 * ```
 */
export interface Metrics {
  /** A request has ended, its stream too. */
  requestEnded?(request: {
    route: string;
    method: string;
    status: number;
    seconds: number;
    /** A request that generated, or would have. */
    model?: string | undefined;
    /** The kind of its terminal: `done`, `model_error`, …, `disconnected`. */
    end?: string | undefined;
    errorCode?: ErrorCode | undefined;
    usage?: Usage | undefined;
  }): void;
  /** From a request to its first token. */
  firstToken?(model: string, seconds: number): void;
  /** Between two chunks of one stream, as they were sent. */
  interToken?(model: string, seconds: number): void;
  /**
   * All of it in Prometheus' text format, for `/metrics`.
   *
   * @param models - Those whose state is to be read now.
   */
  render?(models: readonly ServedModel[], live: number): Promise<{ contentType: string; body: string }>;
}
