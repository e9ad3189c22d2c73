import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { invalidRequest } from "../error/refusal.js";
import { WickError } from "../error/wick-error.js";

/** The path that a file URL, or a string beginning with `~`, stands for on this machine. */
export function resolvePath(source: string | URL): string {
  if (typeof source === "string") return join(homedir(), source.slice(1));
  try {
    return fileURLToPath(source);
  } catch (cause) {
    const { info } = invalidRequest("source", `${source.protocol}//${source.host} is no file of this machine.`);
    throw new WickError(info, { cause });
  }
}
