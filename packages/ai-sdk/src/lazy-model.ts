import type { Model } from "wick";
import { invalidArgument } from "./error/sdk-error.js";
import { unlessAborted } from "./unless-aborted.js";

/**
 * A model, or how to get one.
 *
 * @example
 * ```ts
 * const entry: ModelEntry = () => Model.load("Qwen/Qwen3-0.6B-GGUF:Q8_0");
 * ```
 */
export type ModelEntry = Model | (() => Model | PromiseLike<Model>);

/** A model that is loaded when it is first needed, once for all who need it. */
export class LazyModel {
  readonly #entry: ModelEntry;
  /** Of a model that is loaded here, or on its way. */
  #loading: Promise<Model> | undefined;
  #isClosed = false;

  constructor(entry: ModelEntry) {
    this.#entry = entry;
  }

  /** @param signal - Ends the wait and not the load, for which others may wait, too. */
  async get(signal: AbortSignal | undefined): Promise<Model> {
    signal?.throwIfAborted();
    if (this.#isClosed) throw invalidArgument("model", "The provider of this model was closed. Make another one.");
    if (typeof this.#entry !== "function") return this.#entry;
    this.#loading ??= this.#load(this.#entry);
    return unlessAborted(this.#loading, signal);
  }

  /** Closes what was loaded here. A model that was handed in is its owner's to close. */
  async close(): Promise<void> {
    this.#isClosed = true;
    // A load that fails has told those who waited for it.
    const model = await this.#loading?.catch(() => {});
    await model?.close();
  }

  #load(load: () => Model | PromiseLike<Model>): Promise<Model> {
    const loading = Promise.resolve().then(load);
    // A failure is not kept: what was missing may be there at the next call.
    loading.catch(() => {
      this.#loading = undefined;
    });
    return loading;
  }
}
