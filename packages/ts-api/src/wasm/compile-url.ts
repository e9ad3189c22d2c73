import { WickError } from "../error/wick-error.js";

/**
 * Compiles the module at `wasmUrl`, while it comes where the server says what it is.
 *
 * @throws {@link WickError} `backend_unavailable` with the address, what came from it, and `wasmUrl`.
 */
export async function compileUrl(wasmUrl: string | URL): Promise<WebAssembly.Module> {
  const response = await fetch(wasmUrl).catch((cause: unknown) => {
    throw notThere(wasmUrl, `could not be fetched (${String(cause)})`, cause);
  });
  const url = response.url === "" ? wasmUrl : response.url;
  if (!response.ok) throw notThere(url, `answered ${response.status}`);
  const type = response.headers.get("content-type") ?? "no type";
  try {
    // The one type that is compiled while it comes; what was compiled so, browsers keep.
    if (type.toLowerCase() === "application/wasm") return await WebAssembly.compileStreaming(response);
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (!isModule(bytes)) throw notThere(url, `brought ${type} that begins with ${beginningOf(bytes)}`);
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    if (WickError.isInstance(cause)) throw cause;
    throw notThere(url, `brought ${type} that does not compile, as when it is cut off (${String(cause)})`, cause);
  }
}

/** `\0asm` */
const magic = [0, 97, 115, 109];

function isModule(bytes: Uint8Array): boolean {
  return magic.every((byte, at) => bytes[at] === byte);
}

function beginningOf(bytes: Uint8Array): string {
  return JSON.stringify(new TextDecoder().decode(bytes.subarray(0, 40)));
}

function notThere(url: string | URL, what: string, cause?: unknown): WickError {
  const message =
    `The WebAssembly module was expected at ${String(url)}, which ${what}. If a bundler or a server has moved ` +
    "@wick/wasm/simd128.wasm or relaxed-simd.wasm, give its address as options.wasmUrl; the README of wick has what bundlers need.";
  return new WickError({ code: "backend_unavailable", message, retryable: false }, { cause });
}
