import { type WasmHost, instantiate } from "@wick/wasm";
import type { Backend, Engine } from "../backend.js";
import { WickError } from "../error/wick-error.js";
import { schemaHash } from "../generated/protocol.js";
import { WasmEngine } from "./wasm-engine.js";

/** What a host brings in. */
export interface WasmSetting {
  /** The compiled module; asked for once. */
  compile(): Promise<WebAssembly.Module>;
  resolvePath: Backend["resolvePath"];
  readSource: NonNullable<Backend["readSource"]>;
  /** Whether `fault` is a command. */
  testFaults: boolean;
}

/** The engine as WebAssembly: one instance for each model, whose memory goes with it. */
export function wasmBackend({ compile, resolvePath, readSource, testFaults }: WasmSetting): Backend {
  let compiling: Promise<WebAssembly.Module> | undefined;

  function compiled(): Promise<WebAssembly.Module> {
    // A failure is not kept: what was missing may be there at the next load.
    compiling ??= compile().catch((cause) => {
      compiling = undefined;
      throw WickError.isInstance(cause) ? cause : unavailable(cause);
    });
    return compiling;
  }

  return {
    kind: "wasm",
    isolatesModels: true,
    async open(doorbell: () => void): Promise<Engine> {
      const module = await compiled();
      const hears: { engine?: WasmEngine } = {};
      const host = hostOf((message) => hears.engine?.panicked(message));
      const instance = await instantiate(module, host).catch((cause) => {
        throw unavailable(cause);
      });
      const engine = new WasmEngine(instance, doorbell, testFaults);
      hears.engine = engine;
      if (engine.schemaHash() !== schemaHash) throw otherVersion(engine.schemaHash());
      return engine;
    },
    // Its turns keep the process while someone waits for them.
    keepAlive() {},
    resolvePath,
    readSource,
  };
}

function hostOf(panicked: (message: string) => void): WasmHost {
  return {
    now: () => performance.now(),
    unixMs: () => Date.now(),
    random: () => {
      const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
      return (high & 0x1f_ffff) * 2 ** 32 + low;
    },
    panicked,
  };
}

function unavailable(cause: unknown): WickError {
  const message =
    cause instanceof WebAssembly.CompileError
      ? `The WebAssembly module does not compile here (${cause.message}): Wick needs SIMD, and the whole file of its own version.`
      : `The WebAssembly engine could not be made: ${String(cause)}`;
  return new WickError({ code: "backend_unavailable", message, retryable: false }, { cause });
}

function otherVersion(spoken: string): WickError {
  const message =
    `This package speaks protocol ${schemaHash} and its WebAssembly module protocol ${spoken}. ` +
    "Install wick and @wick/wasm in one version.";
  const details = { expected: schemaHash, got: spoken };
  return new WickError({ code: "backend_unavailable", message, retryable: false, details });
}
