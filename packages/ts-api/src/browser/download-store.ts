import { unsupported } from "../error/refusal.js";
import type { LoadOptions } from "../model/load-options.js";
import type { DownloadStore } from "../source/download.js";
import { CachePieces } from "./cache-pieces.js";
import { FileSystemPieces } from "./file-system-pieces.js";
import { KeptDownloads } from "./kept-downloads.js";

/** A page's `navigator`, of which secure contexts alone have the storage. */
interface BrowserNavigator {
  storage?: { getDirectory?(): Promise<FileSystemFolder> };
}

/**
 * Where `browserCache` says that downloads are kept; without it, in the first of the two that the browser has.
 *
 * @throws {@link WickError} `unsupported` where the browser lacks what is asked for.
 */
export function downloadStore({ browserCache }: LoadOptions): DownloadStore | undefined {
  if (browserCache === "none") return undefined;
  const storage = (navigator as BrowserNavigator).storage;
  if (browserCache !== "cache" && storage?.getDirectory !== undefined) {
    const { getDirectory } = storage;
    return new KeptDownloads(new FileSystemPieces(() => getDirectory.call(storage)));
  }
  if (browserCache === "opfs") throw lacking("opfs");
  if (typeof caches === "object") {
    const { open } = caches;
    return new KeptDownloads(new CachePieces(() => open.call(caches, "wick-models")));
  }
  if (browserCache === "cache") throw lacking("cache");
  return undefined;
}

function lacking(what: string) {
  return unsupported(
    "options.browserCache",
    `This browser has no "${what}" here: pages have it over https and on localhost.`,
  );
}
