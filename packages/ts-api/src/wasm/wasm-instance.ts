import { type WasmHost, instantiate } from "@wick/wasm";
import { WickError } from "../error/wick-error.js";
import { schemaHash } from "../generated/protocol.js";
import { WasmEngine } from "./wasm-engine.js";

/** How an instance is made. */
export interface InstanceOptions {
  /** Bytes that its memory may grow to. */
  memoryLimit: number;
  /** Whether `fault` is a command. */
  testFaults: boolean;
}

/**
 * A new instance of the module, as an engine.
 *
 * @throws {@link WickError} `backend_unavailable`.
 */
export async function openInstance(
  module: WebAssembly.Module,
  { memoryLimit, testFaults }: InstanceOptions,
  doorbell: () => void,
): Promise<WasmEngine> {
  const hears: { engine?: WasmEngine } = {};
  const host = hostOf((message) => hears.engine?.panicked(message));
  const instance = await instantiate(module, host).catch((cause) => {
    throw unavailable(cause);
  });
  const engine = new WasmEngine(instance, doorbell, { memoryLimit, testFaults });
  hears.engine = engine;
  if (engine.schemaHash() !== schemaHash) throw otherVersion(engine.schemaHash());
  return engine;
}

/** The engine could not be made from what was given as its module. */
export function unavailable(cause: unknown): WickError {
  if (WickError.isInstance(cause)) return cause;
  const message =
    cause instanceof WebAssembly.CompileError
      ? `The WebAssembly module does not compile here (${cause.message}): Wick needs SIMD, and the whole file of its own version.`
      : `The WebAssembly engine could not be made: ${String(cause)}`;
  return new WickError({ code: "backend_unavailable", message, retryable: false }, { cause });
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

function otherVersion(spoken: string): WickError {
  const message =
    `This package speaks protocol ${schemaHash} and its WebAssembly module protocol ${spoken}. ` +
    "Install wick and @wick/wasm in one version.";
  const details = { expected: schemaHash, got: spoken };
  return new WickError({ code: "backend_unavailable", message, retryable: false, details });
}
