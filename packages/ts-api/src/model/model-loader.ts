import type { CacheOptions, CachedModel, HubModelName, PullOptions, PulledModel, RemovedModel } from "./hub-models.js";
import type { LoadOptions, MemoryEstimate, ModelSource } from "./load-options.js";
import type { Model } from "./model.js";
import type { RemoteConnector } from "./remote-connector.js";

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
  list(options?: CacheOptions): Promise<readonly CachedModel[]>;
  /**
   * Fetches a model of the hub into the cache, as `load` does, and loads nothing.
   *
   * @param source - Its name.
   * @param options - How it is fetched.
   * @throws {@link WickError} as a load of it before anything is loaded; `unsupported` on hosts that keep no files.
   *
   * @example
   * ```ts
   * const { path, bytes } = await Model.pull("Qwen/Qwen3-0.6B-GGUF:Q8_0", { onProgress: (p) => console.error(p.loadedBytes) });
   * ```
   */
  pull(source: HubModelName, options?: PullOptions): Promise<PulledModel>;
  /**
   * Takes a model out of the hub's cache: with `"owner/name"` all that is there of the repository, with `"owner/name:Q4_K_M"` or
   * `"owner/name/file.gguf"` that file with its parts, with a `revision` what is of that commit. Bytes that another name still
   * has are kept. A model that is loaded is not hurt.
   *
   * @param source - Its name.
   * @param options - Where the cache is.
   * @throws {@link WickError} `not_found`; `busy` while it is being fetched; `unsupported` on hosts that keep no files.
   *
   * @example
   * ```ts
   * const { files, bytes } = await Model.remove("Qwen/Qwen3-0.6B-GGUF:Q8_0");
   * console.log(`${files.length} files, ${bytes} bytes`);
   * ```
   */
  remove(source: HubModelName, options?: CacheOptions): Promise<RemovedModel>;
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
