import type { LogLevel } from "../generated/protocol.js";
import type { OnCall } from "./call-observer.js";
import type { HubModelName, HubOptions } from "./hub-models.js";
import type { LogEntry } from "./log-entry.js";
import type { Speculation } from "./speculation.js";

/**
 * Where a model comes from.
 *
 * `"./x"`, `"../x"`, `"/x"`, `"~/x"`, `"C:\\x"` and a name without a slash are files or folders, on a page addresses below its
 * own; `"owner/name"`, `"owner/name:Q4_K_M"` and `"owner/name/file.gguf"` are the Hugging Face hub: fetched once, and with files kept where Python's tools keep them.
 *
 * A GGUF file is also had from its bytes, from an address or a Request, which are fetched, from what a fetch brought (assets of
 * Cloudflare), and from any stream of its bytes (`body` of an object in R2, `File.stream()`). WebAssembly writes what comes to
 * where it stays: it is never twice in memory. `{ files }` is a folder.
 *
 * @example
 * ```ts
 * const source: ModelSource = { files: { "config.json": config, "tokenizer.json": tokenizer, "model.safetensors": weights } };
 * ```
 */
export type ModelSource =
  | HubModelName
  | URL
  | Request
  | globalThis.Response
  | Uint8Array
  | ArrayBuffer
  | ReadableStream<Uint8Array>
  | { files: Readonly<Record<string, Uint8Array>> };

/**
 * How far a load is.
 *
 * @example
 * ```ts
 * const percent = (p: LoadProgress) => Math.round((100 * p.loadedBytes) / (p.totalBytes ?? Infinity));
 * ```
 */
export type LoadProgress =
  | {
      kind: "download";
      file: string;
      loadedBytes: number;
      totalBytes?: number;
      bytesPerSecond?: number;
      remainingMs?: number;
    }
  | { kind: "verify"; file: string; loadedBytes: number; totalBytes: number }
  | { kind: "weights"; loadedBytes: number; totalBytes: number };

/**
 * A form of tool calls, called after who writes it.
 *
 * @example
 * ```ts
 * const format: ToolFormat = "hermes";
 * ```
 */
export type ToolFormat =
  | "hermes"
  | "qwen_coder"
  | "llama"
  | "mistral"
  | "deepseek"
  | "deepseek_dsml"
  | "gemma"
  | "phi"
  | "granite"
  | "lfm"
  | "glm"
  | "harmony";

/**
 * How a model is loaded. An option that this backend or this version cannot honour is `unsupported`, never ignored.
 *
 * @example
 * ```ts
 * const options: LoadOptions = { isq: 4, contextLength: 4096, onProgress: (p) => console.error(p.kind, p.loadedBytes) };
 * ```
 */
export interface LoadOptions {
  /** Quantises the weights while loading, to about so many bits each. */
  isq?: 2 | 3 | 4 | 5 | 6 | 8 | undefined;
  /** Type of weights that are not quantised. */
  dtype?: "f32" | "f16" | "bf16" | undefined;
  /** Which engine computes; `auto`. */
  backend?: "auto" | "cpu" | "candle" | undefined;
  /** Sequences that are computed together, each choice of a request one; 8. Further requests wait. */
  maxSequences?: number | undefined;
  /** Requests that may wait where no sequence is free; further ones end with `queue_full`, before any work; 64. */
  maxQueue?: number | undefined;
  /** Tokens of prompts in one step, which running answers wait for; 256. */
  prefillChunk?: number | undefined;
  /** Tokens the engine runs ahead of a reader before it lets others go first; 16. */
  readAhead?: number | undefined;
  /**
   * Type of keys and values; `f16`, and `f32` for a model whose weights are. `q8` takes half the memory of `f16`, for a
   * little less precision; the backend `cpu` alone has it.
   */
  kvCache?: "f16" | "f32" | "q8" | undefined;
  /**
   * Bytes for keys and values of all conversations, and of finished ones that a later prompt may begin with: one whole
   * context or 1 GiB, whichever is more. It is taken as it is needed.
   */
  kvMemoryBytes?: number | undefined;
  /**
   * Tokens are drafted ahead and computed together; `off`. It never changes an answer: a drafted token is kept iff the model draws
   * it there anyway. Drafts take what is spare in a step, so that no one else waits for them.
   */
  speculation?: Speculation | undefined;
  /** What computes; `auto`. */
  device?: "auto" | "cpu" | "cuda" | "metal" | undefined;
  /** Threads that compute, which all models with as many share; the number of cores, of which each counts once. */
  threads?: number | undefined;
  /** Longest conversation in tokens; the model's own, as far as memory allows. */
  contextLength?: number | undefined;
  /** The load fails with `out_of_memory` rather than take more. */
  maxMemoryBytes?: number | undefined;
  /** A chat template (Jinja) instead of the model's own. */
  chatTemplate?: string | undefined;
  /** The form in which the model writes tool calls; by default the one that its chat template teaches. */
  toolFormat?: ToolFormat | undefined;
  /** Called as the load goes on. */
  onProgress?: ((progress: LoadProgress) => void) | undefined;
  /**
   * Called with what happens to the model, from its load to its end: loaded, a queue that is full, sequences that make room, an
   * engine that broke; with `logLevel` "debug" each request too. Without it nothing is recorded.
   *
   * It is called in turns of its own, beside the streams, and does not keep the process alive. `close()` waits until it has been
   * told all, `model_closed` last. Entries wait for it in a queue of 256, from which the oldest are dropped; the next one says
   * how many (`dropped`). What it throws is an uncaught exception, as that of an event listener is: no stream sees it, and it is
   * called with the next entry all the same.
   */
  onLog?: ((entry: LogEntry) => void) | undefined;
  /** Called with each call of the model; what it gives back sees the call's responses. `wick/telemetry` makes spans of them. */
  onCall?: OnCall | undefined;
  /** The least level that `onLog` is called with; "info". */
  logLevel?: LogLevel | undefined;
  /** Ends the load: a {@link WickError} with code `cancelled`. */
  signal?: AbortSignal | undefined;
  /** Access to the hub. */
  hub?: HubOptions | undefined;
  /**
   * Browsers: the engine runs in a Web Worker, so that the page stays responsive. All else is the same, but that `stats()` and
   * `trace()` say what was last heard from it.
   */
  worker?: boolean | undefined;
  /** Where the script of that worker is, `wick/worker`, if a bundler has moved it. */
  workerUrl?: string | URL | undefined;
  /** Where the WebAssembly module is, `@wick/wasm/relaxed-simd.wasm` or `simd128.wasm`, if a bundler has moved it. */
  wasmUrl?: string | URL | undefined;
  /**
   * Browsers: where downloads are kept for the next visit, which may be offline; "opfs" where the browser has it, else "cache".
   * A kept model is checked as it is read, and used unless its server has another version. Keeping goes on beside the load,
   * which does not wait for its end: what could not be kept is told in `info.warnings`, maybe a moment after the load.
   */
  browserCache?: "opfs" | "cache" | "none" | undefined;
}

/**
 * What a model would need.
 *
 * @example
 * ```ts
 * const { fits, totalBytes }: MemoryEstimate = await Model.estimate("./model.gguf", { contextLength: 8192 });
 * ```
 */
export interface MemoryEstimate {
  /** The weights. */
  weightsBytes: number;
  /** Keys and values of one conversation of the full context. */
  kvBytes: number;
  /** Both. What a step needs beside them is small, and not counted. */
  totalBytes: number;
  /** Whether this machine has it now. */
  fits: boolean;
}
