import type { Backend, Engine } from "../backend.js";
import { keptModels } from "../hub/kept-models.js";
import { schemaHash } from "../generated/protocol.js";
import { backendUnavailable, otherVersion } from "./backend-unavailable.js";
import { keepProcessAlive } from "./keep-process-alive.js";
import { resolvePath } from "./resolve-path.js";

/** The engine as a napi addon, which is opened at the first load. */
export const nativeBackend: Backend = {
  kind: "native",
  async open(doorbell: () => void): Promise<Engine> {
    const engine = await openAddon(doorbell);
    const spoken = engine.schemaHash();
    if (spoken !== schemaHash) throw await otherVersion(spoken);
    return engine;
  },
  keepAlive: keepProcessAlive,
  resolvePath,
  ...keptModels,
};

async function openAddon(doorbell: () => void): Promise<Engine> {
  try {
    const { Engine } = await import("@wick/node");
    return new Engine(doorbell);
  } catch (error) {
    throw backendUnavailable(error);
  }
}
