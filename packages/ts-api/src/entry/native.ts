/// <reference lib="esnext.disposable" preserve="true" />
import { createModel } from "../create-model.js";
import type { Model as LoadedModel } from "../model.js";
import type { ModelLoader } from "../model-loader.js";
import { nativeBackend } from "../native/native-backend.js";

export * from "../index.js";
/** {@inheritDoc ModelLoader} */
export const Model: ModelLoader = createModel(nativeBackend);
export type Model = LoadedModel;
