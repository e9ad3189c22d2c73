import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Metrics } from "../metrics.js";
import type { ServedModel } from "../model-catalog.js";

const requestBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
const firstTokenBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const interTokenBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

/**
 * Metrics for Prometheus, in a registry of their own.
 *
 * @example
 * ```ts
 * const server = createServer({ models, metrics: prometheusMetrics(), exposeMetrics: true });
 * ```
 */
export function prometheusMetrics(): Required<Metrics> {
  const registers = [new Registry()];
  const [registry] = registers as [Registry];
  const model = ["model"] as const;
  const requests = new Counter({
    name: "wick_http_requests_total",
    help: "Requests that have ended.",
    labelNames: ["route", "method", "status"],
    registers,
  });
  const duration = new Histogram({
    name: "wick_http_request_duration_seconds",
    help: "From a request to the end of its answer.",
    labelNames: ["route"],
    buckets: requestBuckets,
    registers,
  });
  const ends = new Counter({
    name: "wick_generations_total",
    help: "Generations by how they ended.",
    labelNames: ["model", "end", "code"],
    registers,
  });
  const tokens = new Counter({
    name: "wick_tokens_total",
    help: "Tokens fed, tokens of these that were still there, tokens sampled.",
    labelNames: ["model", "kind"],
    registers,
  });
  const firstToken = new Histogram({
    name: "wick_time_to_first_token_seconds",
    help: "From a request to its first token.",
    labelNames: model,
    buckets: firstTokenBuckets,
    registers,
  });
  const interToken = new Histogram({
    name: "wick_inter_token_seconds",
    help: "Between two chunks of a stream.",
    labelNames: model,
    buckets: interTokenBuckets,
    registers,
  });
  const live = new Gauge({ name: "wick_live_requests", help: "Generations that run or wait.", registers });
  const gauge = (name: string, help: string) => new Gauge({ name, help, labelNames: model, registers });
  const state = {
    running: gauge("wick_sequences_running", "Sequences that get tokens."),
    queued: gauge("wick_requests_queued", "Requests that wait."),
    parked: gauge("wick_sequences_parked", "Sequences whose reader is behind."),
    kvBytesUsed: gauge("wick_kv_used_bytes", "Memory of keys and values that holds some."),
    kvBytesTotal: gauge("wick_kv_bytes", "Memory for keys and values."),
    cachedTokens: gauge("wick_prefix_cached_tokens", "Tokens kept for later prompts."),
  };
  return {
    requestEnded({ route, method, status, seconds, model: name, end, errorCode, usage }) {
      requests.inc({ route, method, status });
      duration.observe({ route }, seconds);
      if (name === undefined) return;
      if (end !== undefined) ends.inc({ model: name, end, code: errorCode ?? "" });
      tokens.inc({ model: name, kind: "prompt" }, usage?.promptTokens ?? 0);
      tokens.inc({ model: name, kind: "cached" }, usage?.cachedTokens ?? 0);
      tokens.inc({ model: name, kind: "completion" }, usage?.completionTokens ?? 0);
    },
    firstToken: (name, seconds) => firstToken.observe({ model: name }, seconds),
    interToken: (name, seconds) => interToken.observe({ model: name }, seconds),
    async render(models, liveRequests) {
      live.set(liveRequests);
      for (const served of models) setState(state, served);
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
  };
}

function setState(state: Readonly<Record<string, Gauge<"model">>>, { name, model }: ServedModel): void {
  let stats: object;
  try {
    stats = model.stats();
  } catch {
    // An engine that is dead has no state; `/health` tells of it.
    return;
  }
  for (const [key, value] of Object.entries(stats)) state[key]?.set({ model: name }, value as number);
}
