import { unsupported } from "../error/refusal.js";
import type { WasmSetting } from "./wasm-backend.js";

/** Models in hosts without files. */
export const noFiles: Pick<WasmSetting, "resolvePath" | "filesOf"> = {
  resolvePath(source) {
    throw noFile(String(source));
  },
  filesOf: async (path) => {
    throw noFile(path);
  },
};

function noFile(path: string) {
  const message =
    `This host has no files (${JSON.stringify(path)}): give the model as bytes, a Request, a URL, a Response or a ` +
    "ReadableStream.";
  return unsupported("source", message);
}
