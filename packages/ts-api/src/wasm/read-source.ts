import { readFile, readdir, stat } from "node:fs/promises";
import { basename, join, relative, sep } from "node:path";
import { WickError } from "../error/wick-error.js";
import type { ModelSource } from "../model/load-options.js";

/** What a checkpoint's folder is read for. */
const wanted = /\.(?:json|jinja|safetensors|txt|model)$/;

/** Reads the file or the folder of a path. */
export async function readSource(path: string): Promise<ModelSource> {
  try {
    if (!(await stat(path)).isDirectory()) {
      const bytes = await readFile(path);
      // By its name, which names the model.
      return path.endsWith(".gguf") ? { files: { [basename(path)]: bytes } } : bytes;
    }
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    const files: Record<string, Uint8Array> = {};
    for (const entry of entries) {
      if (!entry.isFile() || !wanted.test(entry.name)) continue;
      const file = join(entry.parentPath, entry.name);
      files[relative(path, file).split(sep).join("/")] = await readFile(file);
    }
    return { files };
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): WickError {
  const isMissing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
  const message = isMissing
    ? `there is no file ${JSON.stringify(path)}, or it is a link that leads nowhere; check the path`
    : `${JSON.stringify(path)} could not be read: ${String(cause)}`;
  return new WickError({ code: isMissing ? "not_found" : "io_error", message, retryable: false }, { cause });
}
