import type { LoadProgress } from "./load-options.js";

/**
 * A model of the hub: `"owner/name"`, `"owner/name:Q4_K_M"`, `"owner/name/file.gguf"`, or the same as an object.
 *
 * @example
 * ```ts
 * const name: HubModelName = { hub: "Qwen/Qwen3-0.6B-GGUF:Q8_0", revision: "main" };
 * ```
 */
export type HubModelName = string | { hub: string; file?: string | undefined; revision?: string | undefined };

/**
 * Access to the hub, over what the environment says: `HF_TOKEN`, `HF_ENDPOINT`, `HF_HOME` or `HF_HUB_CACHE`, and `HF_HUB_OFFLINE`.
 * The token goes to the endpoint alone.
 *
 * @example
 * ```ts
 * const hub: HubOptions = { cacheDir: "/data/models", offline: true };
 * ```
 */
export interface HubOptions {
  /** Of who may read gated or private models. */
  token?: string | undefined;
  /** The hub's address. */
  endpoint?: string | undefined;
  /** Where downloads are kept. */
  cacheDir?: string | undefined;
  /** Nothing is asked; what was fetched before is used. */
  offline?: boolean | undefined;
}

/**
 * How a model of the hub is fetched.
 *
 * @example
 * ```ts
 * const options: PullOptions = { signal, onProgress: (p) => console.error(p.kind, p.loadedBytes) };
 * ```
 */
export interface PullOptions {
  /** Access to the hub. */
  hub?: HubOptions | undefined;
  /** Ends it: a {@link WickError} with code `cancelled`. What has come is kept for another try. */
  signal?: AbortSignal | undefined;
  /** Called as the bytes come. */
  onProgress?: ((progress: LoadProgress) => void) | undefined;
}

/**
 * Where the hub's cache is.
 *
 * @example
 * ```ts
 * const options: CacheOptions = { hub: { cacheDir: "/data/models" } };
 * ```
 */
export interface CacheOptions {
  /** Of it, `cacheDir` is looked at. */
  hub?: HubOptions | undefined;
}

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
 * A model that was fetched.
 *
 * @example
 * ```ts
 * const { path, bytes }: PulledModel = await Model.pull("Qwen/Qwen3-0.6B-GGUF:Q8_0");
 * ```
 */
export interface PulledModel {
  /** `owner/name`: the repository's name now. */
  readonly id: string;
  /** The commit that the files are of. */
  readonly revision: string;
  /** What {@link ModelLoader.load} takes: the GGUF file, the first of its parts, or the folder of a checkpoint. */
  readonly path: string;
  /** What of the repository is the model. */
  readonly files: readonly PulledFile[];
  /** All of them. */
  readonly bytes: number;
}

/**
 * A file of a model that was fetched.
 *
 * @example
 * ```ts
 * const names = ({ files }: PulledModel) => files.map(({ name }: PulledFile) => name);
 * ```
 */
export interface PulledFile {
  /** Its path in the repository. */
  readonly name: string;
  /** Its size. */
  readonly bytes: number;
}

/**
 * What was taken out of the cache.
 *
 * @example
 * ```ts
 * const { bytes }: RemovedModel = await Model.remove("Qwen/Qwen3-0.6B-GGUF:Q8_0");
 * ```
 */
export interface RemovedModel {
  /** `owner/name`. */
  readonly id: string;
  /** The names that are gone, of each commit. */
  readonly files: readonly RemovedFile[];
  /** What the disk has back. Bytes that another name still has stay there. */
  readonly bytes: number;
}

/**
 * A file that was taken out of the cache.
 *
 * @example
 * ```ts
 * const names = ({ files }: RemovedModel) => files.map(({ name }: RemovedFile) => name);
 * ```
 */
export interface RemovedFile {
  /** Its path in the repository. */
  readonly name: string;
  /** Its size; 0 where its bytes were missing. */
  readonly bytes: number;
  /** The commit that it was of. */
  readonly revision: string;
}
