import type { ConnectOptions } from "./connect-options.js";
import type { Model } from "./model.js";

/**
 * How models at hosts are had: all of `Model` in `wick/remote`, part of it in the other entries.
 *
 * @example
 * ```ts
 * const open = (connector: RemoteConnector) => connector.connect({ provider: "openai", model: "gpt-5-mini", apiKey });
 * ```
 */
export interface RemoteConnector {
  /**
   * A model at a host: the same calls, streams and errors as of a model that was loaded. Nothing is sent before the first call,
   * and what the host does not know is `unsupported` with its path.
   *
   * @throws {@link WickError} `invalid_request` with the option that is wrong.
   *
   * @example
   * ```ts
   * const model = Model.connect({ provider: "openai", model: "qwen3", baseURL: "http://localhost:8000" });
   * for await (const text of model.chat.stream({ messages }).text()) process.stdout.write(text);
   * ```
   */
  connect(options: ConnectOptions): Model;
}
