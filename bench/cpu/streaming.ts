import { availableParallelism } from "node:os";

import { runChild } from "../child.ts";
import { randomGguf } from "../models.ts";
import type { Options } from "../options.ts";
import { median, percentile, type Figure } from "../report.ts";

interface Streaming {
  readonly streams: readonly {
    readonly tokensPerSecond: number;
    readonly engine: number;
    readonly microsecondsPerToken: number;
  }[];
  readonly cancels: readonly number[];
  /** Milliseconds that timers fire late. */
  readonly late: { readonly median: number; readonly most: number };
}

/** The engine on all cores, and JavaScript reading on one of them: speed, bridge and cancels together. */
export function* measureStreaming({ models, types = ["Q4_0"] }: Options): Generator<Figure> {
  const threads = availableParallelism();
  for (const shape of models)
    for (const type of types) {
      const child = new URL("streaming.child.ts", import.meta.url);
      const { streams, cancels, late } = runChild<Streaming>(child, [randomGguf(shape, type), String(threads)]);
      const of = (key: keyof Streaming["streams"][number]) => median(streams.map((stream) => stream[key]));
      const name = `${shape.name} ${type}, ${threads} threads of ${threads} cores`;
      const step = 1000 / of("engine");
      yield {
        name: `${name}: tokens per second read in JavaScript, of those computed`,
        value: of("tokensPerSecond") / of("engine"),
        unit: "×",
        atLeast: 0.95,
        note: `${of("tokensPerSecond").toFixed(1)} / ${of("engine").toFixed(1)} tokens/s`,
      };
      yield { name: `${name}: bridge`, value: of("microsecondsPerToken"), unit: "µs per token", atMost: 20 };
      yield {
        name: `${name}: timers late, 99th percentile`,
        value: late.most,
        unit: "ms",
        note: `median ${late.median.toFixed(2)} ms`,
      };
      yield {
        name: `${name}: from cancel to the stream's end, 99th percentile`,
        value: percentile(cancels, 0.99),
        unit: "ms",
        atMost: step + 5,
        note: `median ${median(cancels).toFixed(1)} ms; a step takes ${step.toFixed(1)} ms`,
      };
    }
}
