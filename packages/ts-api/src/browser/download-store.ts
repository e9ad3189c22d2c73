import { unsupported } from "../error/refusal.js";
import type { LoadOptions } from "../model/load-options.js";
import type { DownloadStore } from "../source/download.js";
import { CachePieces } from "./cache-pieces.js";
import { FileSystemPieces } from "./file-system-pieces.js";
import { type Alone, KeptDownloads } from "./kept-downloads.js";

/** A page's `navigator`, of which secure contexts alone have the storage. */
interface BrowserNavigator {
  storage?: { getDirectory?(): Promise<FileSystemFolder> };
  locks?: BrowserLocks;
}

/**
 * Where `browserCache` says that downloads are kept; without it, in the first of the two that the browser has.
 *
 * @throws {@link WickError} `unsupported` where the browser lacks what is asked for.
 */
export function downloadStore({ browserCache }: LoadOptions): DownloadStore | undefined {
  if (browserCache === "none") return undefined;
  const { storage, locks } = navigator as BrowserNavigator;
  const alone = locks && aloneBy(locks);
  if (browserCache !== "cache" && storage?.getDirectory !== undefined && alone !== undefined) {
    const { getDirectory } = storage;
    return new KeptDownloads(new FileSystemPieces(() => getDirectory.call(storage)), alone);
  }
  if (browserCache === "opfs") throw lacking("opfs");
  if (typeof caches === "object" && alone !== undefined) {
    const { open } = caches;
    return new KeptDownloads(new CachePieces(() => open.call(caches, "wick-models")), alone);
  }
  if (browserCache === "cache") throw lacking("cache");
  return undefined;
}

/** By a lock of the origin (Web Locks §4.3), which secure contexts have, as they have the stores. */
function aloneBy(locks: BrowserLocks): Alone {
  return (name, act) =>
    locks.request(name, { ifAvailable: true }, async (lock) => {
      if (lock === null) return false;
      await act();
      return true;
    });
}

function lacking(what: string) {
  return unsupported(
    "options.browserCache",
    `This browser has no "${what}" here: pages have it over https and on localhost.`,
  );
}
