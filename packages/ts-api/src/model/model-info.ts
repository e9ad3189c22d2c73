/**
 * What was loaded, and what runs it.
 *
 * @example
 * ```ts
 * const { architecture, quantization, contextLength }: ModelInfo = model.info;
 * ```
 */
export interface ModelInfo {
  /** The model's name, `model` in every response. */
  readonly id: string;
  /** What runs it. */
  readonly backend: "native" | "wasm" | "remote";
  /** Which engine computes. */
  readonly engine?: "cpu" | "candle";
  /** Instructions of the engine's own kernels: `avx512vnni`, `neon`, `relaxed-simd`, …; `none` of an old CPU. */
  readonly simd?: string;
  /** What it can be asked for. */
  readonly capabilities: {
    readonly tools: boolean;
    readonly reasoning: boolean;
    readonly fim: boolean;
    readonly embeddings: boolean;
  };
  /** Tensors not used, template fallbacks, …; a browser adds to it when a download could not be kept. */
  readonly warnings: readonly string[];
  /** What computes. */
  readonly device?: "cpu" | "cuda" | "metal";
  /** `llama`, `qwen3`, … */
  readonly architecture?: string;
  /** `Q4_K`, `f32`, … */
  readonly quantization?: string;
  /** How many. */
  readonly parameters?: number;
  /** Longest conversation in tokens. */
  readonly contextLength?: number;
  /** How many tokens it knows. */
  readonly vocabularySize?: number;
}

/**
 * What the engine is doing with one model.
 *
 * @example
 * ```ts
 * const { running, kvBytesUsed }: ModelStats = model.stats();
 * ```
 */
export interface ModelStats {
  /** Sequences that get tokens. */
  readonly running: number;
  /** Requests that wait. */
  readonly queued: number;
  /** Sequences whose reader is behind. */
  readonly parked: number;
  /** Memory of keys and values that holds some. */
  readonly kvBytesUsed: number;
  /** Memory for keys and values. */
  readonly kvBytesTotal: number;
  /** Tokens whose keys and values are kept for later prompts. */
  readonly cachedTokens: number;
  /** Over the last second or so, all sequences together. */
  readonly tokensPerSecond?: number;
}

/**
 * Where the time of one step of the engine went. Times are milliseconds; the phases do not overlap and add up to the step.
 *
 * @example
 * ```ts
 * const slowest = (steps: readonly StepTrace[]) => Math.max(...steps.map(({ forwardMs }) => forwardMs));
 * ```
 */
export interface StepTrace {
  /** Counts up from 1. */
  readonly step: number;
  /** When it began, on the engine's clock. */
  readonly atMs: number;
  /** Rows computed, those of prompts included: a token of a sequence is a row. */
  readonly rows: number;
  /** Rows of prompts. */
  readonly promptRows: number;
  /** Sequences that had a turn. */
  readonly sequences: number;
  /** Tokens sampled. */
  readonly sampled: number;
  /** Requests that went on waiting. */
  readonly queued: number;
  /** Freeing who has gone and beginning who has waited. */
  readonly queueMs: number;
  /** Choosing rows and giving them memory. */
  readonly prepareMs: number;
  /** The model. */
  readonly forwardMs: number;
  /** Drawing tokens. */
  readonly sampleMs: number;
  /** Tokens to text, and leaving it for the readers. */
  readonly textMs: number;
}
