import type { LoadOptions, ModelSource } from "../model/load-options.js";
import { type HubName, hubName } from "../hub/hub-name.js";
import { invalidRequest, unsupported } from "../error/refusal.js";
import { WickError } from "../error/wick-error.js";
import { fileOfResponse, fileOfStream } from "./body.js";
import { type DownloadStore, fileOfRequest } from "./download.js";
import { type ModelFile, fileOfBytes } from "./model-file.js";
import { partNames } from "./part-names.js";

/** Where a model comes from: a path for who has files, or files that are to be read. */
export type Source = (
  | { kind: "path"; path: string }
  | { kind: "files"; files: readonly ModelFile[]; isFolder: boolean }
) & {
  /** What the model is called, where the file or folder is not. */
  id?: string;
};

/** The same, or a model of the hub, which is to become one of these. */
export type NamedSource = Source | { kind: "hub"; name: HubName };

/** What a host knows of paths and of keeping downloads. */
export interface SourceHost {
  /** The path that a file URL, or a string beginning with `~`, stands for. */
  resolvePath(source: string | URL): string;
  /** A model of the hub as a path, where the host has files to keep it in. */
  hub?(name: HubName, options: LoadOptions): Promise<Source>;
  /** Where downloads are kept, by the options of the load. */
  downloadStore?(options: LoadOptions): DownloadStore | undefined;
}

/** Beginnings that make a string a path: `./ ../ / ~ C:\`, also with backslashes; and the folders `.`, `..`, `~` themselves. */
const pathLike = /^(?:\.{1,2}(?:[\\/]|$)|~(?:[\\/]|$)|[\\/]|[A-Za-z]:[\\/])/;
const urlLike = /^(?:[A-Za-z][A-Za-z0-9+.-]+:\/\/|blob:|data:)/;

/**
 * Reads what a program says of where a model comes from, and none of its bytes.
 *
 * @throws {@link WickError} with `where: "source"`.
 */
export function sourceOf(source: ModelSource, host: SourceHost, options: LoadOptions): NamedSource {
  const { resolvePath } = host;
  const fetched = (...requests: (Request | URL)[]): Source => {
    const store = host.downloadStore?.(options);
    return { kind: "files", files: requests.map((request) => fileOfRequest(request, store)), isFolder: false };
  };
  const ofUrl = (url: URL) =>
    url.protocol === "file:" ? ({ kind: "path", path: resolvePath(url) } as const) : fetched(...partAddresses(url));
  if (typeof source === "string") {
    if (source === "") throw notASource();
    if (urlLike.test(source)) return ofUrl(urlOf(source));
    if (!pathLike.test(source) && source.includes("/")) return ofHub(source, host);
    return { kind: "path", path: source.startsWith("~") ? resolvePath(source) : source };
  }
  if (source instanceof URL) return ofUrl(source);
  if (source instanceof Uint8Array) return oneFile(fileOfBytes("model", source));
  if (source instanceof ArrayBuffer) return oneFile(fileOfBytes("model", new Uint8Array(source)));
  if (typeof source !== "object" || source === null) throw notASource();
  if (source instanceof Request) return fetched(source);
  if (source instanceof Response) return oneFile(fileOfResponse(source));
  if (source instanceof ReadableStream) return oneFile(fileOfStream(source));
  if ("hub" in source) return ofHub(source, host);
  if ("files" in source && typeof source.files === "object" && source.files !== null) return folderOf(source.files);
  throw notASource();
}

/** A source as the engine takes it: JSON that names byte buffers by their index, from `firstBuffer` on. */
export function sourceJson(source: Source, firstBuffer = 0): string {
  const id = source.id === undefined ? "" : `,"id":${JSON.stringify(source.id)}`;
  if (source.kind === "path") return `{"kind":"path","path":${JSON.stringify(source.path)}${id}}`;
  const [first] = source.files;
  // By its name, which names the model.
  if (!source.isFolder && first?.name.endsWith(".gguf") !== true)
    return `{"kind":"bytes","buffer":${firstBuffer}${id}}`;
  const fields = source.files.map(({ name }, index) => `${JSON.stringify(name)}:${firstBuffer + index}`);
  return `{"kind":"files","files":{${fields.join(",")}}${id}}`;
}

function oneFile(file: ModelFile): Source {
  return { kind: "files", files: [file], isFolder: false };
}

/** Of a part of a split GGUF file all parts, which lie beside it. */
function partAddresses(url: URL): URL[] {
  const parts = partNames(url.pathname);
  if (parts.length === 1) return [url];
  return parts.map((pathname) => Object.assign(new URL(url), { pathname }));
}

function ofHub(given: Parameters<typeof hubName>[0], { hub }: SourceHost): NamedSource {
  const name = hubName(given);
  if (hub === undefined) {
    throw unsupported(
      "source",
      `This host keeps no files, so that ${name.repository} has no place: give the address of its file at the hub.`,
    );
  }
  return { kind: "hub", name };
}

function urlOf(source: string): URL {
  try {
    return new URL(source);
  } catch (cause) {
    throw new WickError(notASource().info, { cause });
  }
}

function folderOf(files: Readonly<Record<string, Uint8Array>>): Source {
  const read = Object.entries(files).map(([name, bytes]) => {
    const where = `source.files[${JSON.stringify(name)}]`;
    if (!(bytes instanceof Uint8Array)) throw invalidRequest(where, `${where} must be a Uint8Array.`);
    return fileOfBytes(name, bytes);
  });
  return { kind: "files", files: read, isFolder: true };
}

function notASource(): WickError {
  return invalidRequest(
    "source",
    "A model is loaded from a path, a URL, a Request, a Response, a stream, the bytes of a GGUF file or { files }.",
  );
}
