import type { Backend, Engine, PlaceOption } from "../backend.js";
import type { LoadOptions } from "../model/load-options.js";
import { openInstance, unavailable } from "./wasm-instance.js";
import { WorkerEngine } from "./worker-engine.js";

/** What a host brings in. */
export interface WasmSetting extends Pick<Backend, "resolvePath" | "filesOf" | "downloadStore" | "hub" | "hubCache"> {
  /** The compiled module: its own, or the one at `wasmUrl`. Asked for once for each. */
  compile(wasmUrl?: string | URL): Promise<WebAssembly.Module>;
  /** The options of places that the host honours. */
  readonly placeOptions: readonly PlaceOption[];
  /** A Web Worker that runs `wick/worker`, where the host has such. */
  startWorker?(workerUrl?: string | URL): Worker;
  /** Bytes that an instance's memory may grow to; what 32 bits can name. */
  readonly memoryLimit?: number;
  /** Whether `fault` is a command. */
  readonly testFaults: boolean;
}

/** 4 GiB less a page, so that a length is still a number of 32 bits. */
const addressable = 2 ** 32 - 2 ** 16;

/** The engine as WebAssembly: one instance for each model, whose memory goes with it. */
export function wasmBackend(setting: WasmSetting): Backend {
  const {
    resolvePath,
    filesOf,
    downloadStore,
    hub,
    hubCache,
    placeOptions,
    memoryLimit = addressable,
    testFaults,
  } = setting;
  const modules = new Map<string, Promise<WebAssembly.Module>>();

  function compiled(wasmUrl: string | URL | undefined): Promise<WebAssembly.Module> {
    const key = String(wasmUrl);
    const known = modules.get(key);
    if (known !== undefined) return known;
    const compiling = setting.compile(wasmUrl).catch((cause) => {
      // A failure is not kept: what was missing may be there at the next load.
      modules.delete(key);
      throw unavailable(cause);
    });
    modules.set(key, compiling);
    return compiling;
  }

  return {
    kind: "wasm",
    isolatesModels: true,
    placeOptions,
    async open(doorbell: () => void, { wasmUrl, worker, workerUrl }: LoadOptions): Promise<Engine> {
      const module = await compiled(wasmUrl);
      const options = { memoryLimit, testFaults };
      // Without `startWorker` the option is refused before.
      const started = worker === true ? setting.startWorker?.(workerUrl) : undefined;
      return started === undefined
        ? openInstance(module, options, doorbell)
        : WorkerEngine.open(started, module, options, doorbell);
    },
    // Its turns keep the process while someone waits for them.
    keepAlive() {},
    resolvePath,
    ...(filesOf === undefined ? {} : { filesOf }),
    ...(downloadStore === undefined ? {} : { downloadStore }),
    ...(hub === undefined ? {} : { hub }),
    ...(hubCache === undefined ? {} : { hubCache }),
  };
}
