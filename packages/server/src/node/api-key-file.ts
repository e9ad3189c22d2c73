import { readFile } from "node:fs/promises";
import { WickError } from "wick";
import type { ApiKey } from "../access/api-keys.js";

/**
 * The keys of a file: one on a line, `name:key` or the key alone; `#` begins a comment.
 *
 * @throws {@link WickError} `io_error` where it cannot be read; `invalid_request` for a file without a key.
 *
 * @example
 * ```ts
 * const apiKeys = await apiKeysOfFile("/run/secrets/wick-keys");
 * ```
 */
export async function apiKeysOfFile(path: string): Promise<ApiKey[]> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    const message = `The file of API keys cannot be read (${error.code ?? error.name}).`;
    throw new WickError({ code: "io_error", message, where: "apiKeyFile", retryable: false });
  });
  const keys = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line, index) => {
      const at = line.indexOf(":");
      return at === -1
        ? { name: `file-key-${index + 1}`, key: line }
        : { name: line.slice(0, at), key: line.slice(at + 1) };
    });
  if (keys.length === 0) {
    const message = "The file of API keys has none: write one on a line.";
    throw new WickError({ code: "invalid_request", message, where: "apiKeyFile", retryable: false });
  }
  return keys;
}
