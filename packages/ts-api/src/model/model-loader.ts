import type { LoadOptions, MemoryEstimate, ModelSource } from "./load-options.js";
import type { Model } from "./model.js";
import type { RemoteConnector } from "./remote-connector.js";

/**
 * A model that the hub cache holds.
 *
 * @example
 * ```ts
 * const bytes = (await Model.list()).reduce((sum, model) => sum + model.bytes, 0);
 * ```
 */
export interface CachedModel {
  /** `owner/name`. */
  id: string;
  /** The file. */
  file: string;
  /** Its size. */
  bytes: number;
  /** The commit it is of. */
  revision?: string;
}

/**
 * How models are had: the type of the value `Model`. Each entry of the package makes its own, and they share no state.
 *
 * @example
 * ```ts
 * async function warm(loader: ModelLoader) {
 *   await using model = await loader.load("./model.gguf");
 *   await model.chat.complete({ messages: [{ role: "user", content: "Hi" }], maxTokens: 1 });
 * }
 * ```
 */
export interface ModelLoader extends RemoteConnector {
  /**
   * Loads a model.
   *
   * @param source - Where it comes from.
   * @param options - How it is loaded.
   * @throws {@link WickError} with the file or field and what to do.
   *
   * @example
   * ```ts
   * await using model = await Model.load("./Qwen3-0.6B-Q8_0.gguf", { contextLength: 4096 });
   * ```
   */
  load(source: ModelSource, options?: LoadOptions): Promise<Model>;
  /**
   * What the hub's cache on this machine holds, whoever fetched it.
   *
   * @example
   * ```ts
   * for (const { id, bytes } of await Model.list()) console.log(id, bytes);
   * ```
   */
  list(): Promise<readonly CachedModel[]>;
  /**
   * What a model would need, from its headers alone.
   *
   * @example
   * ```ts
   * if (!(await Model.estimate("./model.gguf", { contextLength: 32768 })).fits) console.error("too large");
   * ```
   */
  estimate(source: ModelSource, options?: LoadOptions): Promise<MemoryEstimate>;
}
