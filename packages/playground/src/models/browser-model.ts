import { demoModel } from "@wick/demo-model";
import { type LoadProgress, Model } from "wick";

/**
 * Loads the demo model into this page: the engine as WebAssembly, in a Web Worker. A chunk of its own, since who talks to a server
 * needs none of it.
 */
export function loadBrowserModel(onProgress: (progress: LoadProgress) => void, signal: AbortSignal): Promise<Model> {
  return Model.load(demoModel(), { worker: true, onProgress, signal });
}
