import { schemaHash } from "../generated/protocol.js";
import { WickError } from "../error/wick-error.js";

/** The addon could not be opened. `@wick/node` says what it tried and what to do; it being absent altogether is said here. */
export function backendUnavailable(cause: unknown): WickError {
  const knows = cause instanceof Error && "code" in cause && cause.code === "backend_unavailable";
  const what = knows
    ? cause.message
    : "The package @wick/node, which holds the native engine, could not be opened. Install it with `npm install @wick/node`.";
  // Never instead of it without being asked: it is slower, and knows fewer devices.
  const message = `${what} Without it, models run on this CPU as WebAssembly: import { Model } from "wick/wasm".`;
  // Its own error is said again here; what caused that is what is new.
  return new WickError(
    { code: "backend_unavailable", message, retryable: false },
    { cause: knows ? cause.cause : cause },
  );
}

/** The addon speaks another protocol than this package: two versions were installed together. */
export async function otherVersion(spoken: string): Promise<WickError> {
  const [wick, addon] = await Promise.all([versionOf("wick"), versionOf("@wick/node")]);
  const message =
    `wick ${wick} (protocol ${schemaHash}) and @wick/node ${addon} (protocol ${spoken}) do not fit together. ` +
    `Install both in one version: \`npm install wick@latest\`, and unset WICK_NATIVE_PATH if it is set.`;
  const details = { expected: schemaHash, got: spoken };
  return new WickError({ code: "backend_unavailable", message, retryable: false, details });
}

/** For the message alone: bundled, neither package has its package.json beside it. */
async function versionOf(name: "wick" | "@wick/node"): Promise<string> {
  try {
    const { createRequire } = await import("node:module");
    const { version }: { version: string } = createRequire(import.meta.url)(`${name}/package.json`);
    return version;
  } catch {
    return "of unknown version";
  }
}
