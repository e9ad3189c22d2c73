/// <reference lib="esnext.disposable" preserve="true" />
import type { Model as RemoteModel } from "../model/model.js";
import type { RemoteConnector } from "../model/remote-connector.js";
import { connect } from "../remote/connect.js";

export * from "../index.js";
/**
 * Connects to models at hosts. There is no engine behind this entry.
 *
 * @example
 * ```ts
 * const model = Model.connect({ provider: "mistral", model: "mistral-small-latest", apiKey });
 * ```
 */
export const Model: RemoteConnector = { connect };
/**
 * A model at a host. Closed by `await using`, or by hand.
 *
 * @interface
 *
 * @example
 * ```ts
 * const count = async (model: Model, text: string) => (await model.embeddings.create({ inputs: text })).data.length;
 * ```
 */
export type Model = RemoteModel;
