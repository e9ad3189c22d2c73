/// <reference lib="esnext.disposable" preserve="true" />
import { createModel } from "../model/create-model.js";
import type { Model as LoadedModel } from "../model/model.js";
import type { ModelLoader } from "../model/model-loader.js";
import { workerdSetting } from "../wasm/workerd-setting.js";
import { wasmBackend } from "../wasm/wasm-backend.js";

export * from "../index.js";
/**
 * Loads models, over the WebAssembly engine in Cloudflare Workers: each has an instance of its own.
 *
 * @example
 * ```ts
 * await using model = await Model.load(await env.ASSETS.fetch("https://assets.local/model.gguf"));
 * ```
 */
export const Model: ModelLoader = createModel(wasmBackend(workerdSetting));
/**
 * A loaded model. Closed by `await using`, or by hand.
 *
 * @interface
 *
 * @example
 * ```ts
 * const count = async (model: Model, text: string) => (await model.tokenize(text)).length;
 * ```
 */
export type Model = LoadedModel;
