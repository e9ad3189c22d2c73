/// <reference lib="esnext.disposable" preserve="true" />
import { createModel } from "../model/create-model.js";
import type { Model as LoadedModel } from "../model/model.js";
import type { ModelLoader } from "../model/model-loader.js";
import { denoSetting } from "../wasm/deno-setting.js";
import { wasmBackend } from "../wasm/wasm-backend.js";

export * from "../index.js";
/**
 * Loads models, over the WebAssembly engine in Deno: each has an instance of its own.
 *
 * @example
 * ```ts
 * await using model = await Model.load("./model.gguf");
 * ```
 */
export const Model: ModelLoader = createModel(wasmBackend(denoSetting));
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
