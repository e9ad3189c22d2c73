import { invalidRequest } from "../error/refusal.js";
import type { HubModelName } from "../model/hub-models.js";

/** A model at the hub, as a program names it. */
export interface HubName {
  /** `owner/name`. */
  repository: string;
  /** A branch, a tag or a commit. */
  revision: string;
  /** Of a GGUF file: `Q4_K_M`. */
  quantization?: string;
  /** The path of one file. */
  file?: string;
}

/** What the hub allows in names: none of it can leave a folder. */
const namePart = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?$/;
const revisionPart = /^[A-Za-z0-9._-]+$/;

/**
 * Reads `owner/name`, `owner/name:Q4_K_M`, `owner/name/file.gguf`, or the same as an object.
 *
 * @throws {@link WickError} `invalid_request` at `source`.
 */
export function hubName(given: HubModelName): HubName {
  const { hub, file, revision = "main" } = typeof given === "string" ? { hub: given } : given;
  if (typeof hub !== "string" || typeof revision !== "string") throw noName(String(hub));
  const [owner = "", second = "", ...rest] = hub.split("/");
  const [name = "", quantization, more] = second.split(":");
  const path = file ?? (rest.length > 0 ? rest.join("/") : undefined);
  const isOneWay = (quantization === undefined || path === undefined) && (file === undefined || rest.length === 0);
  if (![owner, name].every(isName) || more !== undefined || !isOneWay) throw noName(hub);
  if (quantization !== undefined && !/^\w+$/.test(quantization)) throw noName(hub);
  if (!revision.split("/").every((part) => revisionPart.test(part) && !part.includes(".."))) {
    throw invalidRequest("source.revision", `"${revision}" is no revision: it is a branch, a tag or a commit.`);
  }
  if (path !== undefined && !isFilePath(path)) throw noName(`${hub}${file === undefined ? "" : `, file "${file}"`}`);
  return {
    repository: `${owner}/${name}`,
    revision,
    ...(quantization !== undefined && { quantization }),
    ...(path !== undefined && { file: path }),
  };
}

/** Whether a path names a file below a folder, and nothing above it; what a host lists is checked, too. */
export function isFilePath(path: string): boolean {
  return (
    path.length <= 1024 &&
    !/[\\\0:]/.test(path) &&
    path.split("/").every((part) => part !== "" && part !== "." && part !== "..")
  );
}

function isName(part: string): boolean {
  return namePart.test(part) && !part.includes("..") && !part.includes("--");
}

function noName(name: string) {
  return invalidRequest(
    "source",
    `"${name}" is no model of the hub: write "owner/name", "owner/name:Q4_K_M" or "owner/name/file.gguf"; for a file "./${name}".`,
  );
}
