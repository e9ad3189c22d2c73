import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Backend, Engine } from "../backend.js";
import { schemaHash } from "../generated/protocol.js";
import { invalidRequest } from "../error/refusal.js";
import { WickError } from "../error/wick-error.js";
import { backendUnavailable, otherVersion } from "./backend-unavailable.js";
import { keepProcessAlive } from "./keep-process-alive.js";

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
  resolvePath(source: string | URL): string {
    if (typeof source === "string") return join(homedir(), source.slice(1));
    try {
      return fileURLToPath(source);
    } catch (cause) {
      const { info } = invalidRequest("source", `${source.protocol}//${source.host} is no file of this machine.`);
      throw new WickError(info, { cause });
    }
  },
};

async function openAddon(doorbell: () => void): Promise<Engine> {
  try {
    const { Engine } = await import("@wick/node");
    return new Engine(doorbell);
  } catch (error) {
    throw backendUnavailable(error);
  }
}
