/// <reference lib="esnext.disposable" preserve="true" />
/**
 * A scripted model for unit tests of programs that use Wick: no engine, no file, no network.
 *
 * @module testing
 */
export type { ScriptedEmbeddings } from "./scripted-embeddings.js";
export type { ScriptedCall } from "./scripted-call.js";
export { type ScriptedModel, type ScriptedModelOptions, scriptedModel } from "./scripted-model.js";
export type { ScriptedEnd, ScriptedReply } from "./scripted-reply.js";
