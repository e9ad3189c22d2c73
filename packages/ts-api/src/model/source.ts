import type { Backend } from "../backend.js";
import type { ModelSource } from "./load-options.js";
import { invalidRequest, unsupported } from "../error/refusal.js";
import { WickError } from "../error/wick-error.js";

/** A source as the engine takes it: JSON that names byte buffers by their index. */
export interface SourceCommand {
  json: string;
  buffers: Uint8Array[];
  /** Where the source is a path. */
  path?: string;
}

/** Beginnings that make a string a path: `./ ../ / ~ C:\`, also with backslashes; and the folders `.`, `..`, `~` themselves. */
const pathLike = /^(?:\.{1,2}(?:[\\/]|$)|~(?:[\\/]|$)|[\\/]|[A-Za-z]:[\\/])/;
const urlLike = /^[A-Za-z][A-Za-z0-9+.-]+:\/\//;

/**
 * Reads a source.
 *
 * @throws {@link WickError} with `where: "source"`.
 */
export function sourceCommand(source: ModelSource, { resolvePath }: Pick<Backend, "resolvePath">): SourceCommand {
  if (typeof source === "string") return pathCommand(pathOf(source, resolvePath));
  if (source instanceof URL) return pathCommand(pathOfUrl(source, resolvePath));
  if (source instanceof Uint8Array) return { json: '{"kind":"bytes","buffer":0}', buffers: [source] };
  if (source instanceof ArrayBuffer) return { json: '{"kind":"bytes","buffer":0}', buffers: [new Uint8Array(source)] };
  if (typeof source !== "object" || source === null) throw notASource();
  if (source instanceof Request || source instanceof Response || source instanceof ReadableStream) {
    throw unsupported(
      "source",
      "This version loads no requests, responses or streams; read them into a Uint8Array first.",
    );
  }
  if ("hub" in source) throw noHub(String(source.hub));
  if ("files" in source && typeof source.files === "object" && source.files !== null) return filesCommand(source.files);
  throw notASource();
}

function pathOf(source: string, resolvePath: Backend["resolvePath"]): string {
  if (source === "") throw notASource();
  if (urlLike.test(source)) return pathOfUrl(urlOf(source), resolvePath);
  if (pathLike.test(source)) return source.startsWith("~") ? resolvePath(source) : source;
  if (source.includes("/")) throw noHub(source);
  return source;
}

function urlOf(source: string): URL {
  try {
    return new URL(source);
  } catch (cause) {
    throw new WickError(notASource().info, { cause });
  }
}

function pathOfUrl(url: URL, resolvePath: Backend["resolvePath"]): string {
  if (url.protocol === "file:") return resolvePath(url);
  throw unsupported("source", `This version does not download (${url.protocol}//); save the file and load its path.`);
}

function pathCommand(path: string): SourceCommand {
  return { json: `{"kind":"path","path":${JSON.stringify(path)}}`, buffers: [], path };
}

function filesCommand(files: Readonly<Record<string, Uint8Array>>): SourceCommand {
  const entries = Object.entries(files);
  const fields = entries.map(([name, bytes], index) => {
    const where = `source.files[${JSON.stringify(name)}]`;
    if (!(bytes instanceof Uint8Array)) throw invalidRequest(where, `${where} must be a Uint8Array.`);
    return `${JSON.stringify(name)}:${index}`;
  });
  return { json: `{"kind":"files","files":{${fields.join(",")}}}`, buffers: entries.map(([, bytes]) => bytes) };
}

function noHub(name: string): WickError {
  return unsupported(
    "source",
    `"${name}" names a model of the hub, which this version does not reach; for a file write "./${name}".`,
  );
}

function notASource(): WickError {
  return invalidRequest("source", "A model is loaded from a path, a file URL, the bytes of a GGUF file or { files }.");
}
