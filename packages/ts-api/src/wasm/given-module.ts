import { WickError } from "../error/wick-error.js";

/**
 * A module that the host compiled when it loaded the program.
 *
 * @param given - What the import of `file` brought.
 * @throws {@link WickError} `backend_unavailable` where a bundler has put something else in its place.
 */
export function givenModule(given: unknown, file: string): WebAssembly.Module {
  // By its tag: a host may have made it in another realm.
  if (Object.prototype.toString.call(given) === "[object WebAssembly.Module]") return given as WebAssembly.Module;
  const found =
    typeof given === "string" ? `the text ${JSON.stringify(given.slice(0, 80))}` : `a value of type ${typeof given}`;
  const message =
    `The import of ${file} brought ${found} instead of a compiled WebAssembly.Module: the bundler must leave .wasm files ` +
    "to the host, as wrangler does (esbuild: external), or build for a browser.";
  throw new WickError({ code: "backend_unavailable", message, retryable: false });
}
