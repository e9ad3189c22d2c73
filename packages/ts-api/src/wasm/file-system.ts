import { open, readdir, stat } from "node:fs/promises";
import { basename, join, relative, sep } from "node:path";
import { WickError } from "../error/wick-error.js";
import type { ModelFile } from "../source/model-file.js";
import { partNames } from "../source/part-names.js";
import type { Source } from "../source/source.js";

/** What a checkpoint's folder is read for. */
const wanted = /\.(?:json|jinja|safetensors|txt|model)$/;

/** The file with its other parts, or the folder's files, at a path. */
export async function filesOf(path: string): Promise<Source> {
  try {
    if (!(await stat(path)).isDirectory()) {
      // Whether a part must be there is the loader's to say, who knows whether the file is one.
      const parts = await Promise.all(
        partNames(path).map(async (part) => ((await exists(part)) ? [fileOf(part)] : [])),
      );
      return { kind: "files", files: parts.flat(), isFolder: false };
    }
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    const files = entries
      // Links are files, too: the hub's cache has no others.
      .filter((entry) => !entry.isDirectory() && wanted.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => fileOf(file, relative(path, file).split(sep).join("/")));
    return { kind: "files", files, isFolder: true };
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Read in such pieces, it is never in memory twice. */
const pieceBytes = 4 * 1024 * 1024;

function fileOf(path: string, name = basename(path)): ModelFile {
  async function* pieces() {
    const file = await open(path);
    try {
      const piece = new Uint8Array(pieceBytes);
      for (;;) {
        const { bytesRead } = await file.read(piece);
        if (bytesRead === 0) return;
        yield piece.subarray(0, bytesRead);
      }
    } catch (cause) {
      throw unreadable(path, cause);
    } finally {
      await file.close();
    }
  }
  return {
    name,
    async open() {
      try {
        return { size: (await stat(path)).size, chunks: pieces() };
      } catch (cause) {
        throw unreadable(path, cause);
      }
    },
  };
}

function unreadable(path: string, cause: unknown): WickError {
  const isMissing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
  const message = isMissing
    ? `there is no file ${JSON.stringify(path)}, or it is a link that leads nowhere; check the path`
    : `${JSON.stringify(path)} could not be read: ${String(cause)}`;
  return new WickError({ code: isMissing ? "not_found" : "io_error", message, retryable: false }, { cause });
}
