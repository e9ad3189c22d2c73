import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { LoadOptions } from "../model/load-options.js";
import type { CachedModel } from "../model/model-loader.js";
import { WickError } from "../error/wick-error.js";
import type { Source } from "../source/source.js";
import { downloadBlob } from "./blob-download.js";
import { type Choice, chooseFiles } from "./choose-files.js";
import { withLock } from "./file-lock.js";
import { HubCache } from "./hub-cache.js";
import { HubClient, type HubFile, type HubRepository } from "./hub-client.js";
import { cacheError } from "./hub-error.js";
import type { HubName } from "./hub-name.js";
import { hubSettings } from "./hub-settings.js";

/**
 * A model of the hub as a path of this machine: found in the cache, or fetched into it.
 *
 * @throws {@link WickError} with what to do.
 */
export async function hubSource(name: HubName, options: LoadOptions): Promise<Source> {
  const settings = await hubSettings(options.hub);
  const cache = new HubCache(settings.cacheFolder);
  try {
    if (settings.isOffline) return await cached(cache, name);
    const client = new HubClient(settings);
    const repository = await client.repository(name.repository, name.revision, options.signal);
    const choice = chooseFiles(repository.files, name);
    await mkdir(settings.cacheFolder, { recursive: true });
    await cache.prepare(repository);
    for (const file of choice.files) await have(file, { client, cache, repository, options });
    await cache.noteRevision(repository, name.revision);
    return pathOf(cache, repository, choice);
  } catch (error) {
    throw cacheError(error, settings.cacheFolder);
  }
}

/** What the cache holds. */
export async function hubModels(options: LoadOptions["hub"] = {}): Promise<readonly CachedModel[]> {
  const { cacheFolder } = await hubSettings(options);
  return new HubCache(cacheFolder).list();
}

interface Having {
  client: HubClient;
  cache: HubCache;
  repository: HubRepository;
  options: LoadOptions;
}

async function have(file: HubFile, { client, cache, repository, options }: Having): Promise<void> {
  const { signal, onProgress } = options;
  if (await cache.has(repository, file)) return;
  const path = cache.blobPath(repository, file);
  await withLock(`${path}.wick-lock`, signal, async () => {
    // Another process may have been at it.
    if (!(await cache.hasBlob(repository, file)))
      await downloadBlob({ client, repository, file, path, signal, onProgress });
  });
  await cache.link(repository, file);
}

/** Without the network, what was fetched before. */
async function cached(cache: HubCache, name: HubName): Promise<Source> {
  const { repository, revision } = name;
  const commit = await cache.commitOf(repository, revision);
  const files = commit === undefined ? [] : await cache.files(repository, commit);
  if (commit === undefined || files.length === 0) {
    const message = `${repository} is not in the cache, and HF_HUB_OFFLINE forbids to fetch it: load it once with a network.`;
    throw new WickError({ code: "not_found", message, where: "source", retryable: false });
  }
  const known = { repository, commit, files };
  return pathOf(cache, known, chooseFiles(files, name));
}

/** A folder of the cache is called by its commit, and the model by its repository. */
function pathOf(cache: HubCache, repository: HubRepository, { main }: Choice): Source {
  const folder = cache.snapshotPath(repository);
  if (main === "") return { kind: "path", path: folder, id: repository.repository };
  return { kind: "path", path: join(folder, ...main.split("/")) };
}
