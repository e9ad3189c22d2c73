import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { CachedModel, HubOptions, PullOptions, PulledModel } from "../model/hub-models.js";
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

/** A model whose files are in the cache. */
interface KeptModel {
  repository: HubRepository;
  choice: Choice;
  /** What is loaded: the file, the first of its parts, or the folder. */
  path: string;
}

/**
 * A model of the hub as a path of this machine: found in the cache, or fetched into it.
 *
 * @throws {@link WickError} with what to do.
 */
export async function hubSource(name: HubName, options: PullOptions): Promise<Source> {
  const { repository, choice, path } = await kept(name, options);
  // A folder of the cache is called by its commit, and the model by its repository.
  return choice.main === "" ? { kind: "path", path, id: repository.repository } : { kind: "path", path };
}

/**
 * Has a model of the hub in the cache, and tells what of it is there.
 *
 * @throws {@link WickError} with what to do.
 */
export async function pullModel(name: HubName, options: PullOptions): Promise<PulledModel> {
  const { repository, choice, path } = await kept(name, options);
  const files = choice.files.map(({ path: file, bytes }) => ({ name: file, bytes }));
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return { id: repository.repository, revision: repository.commit, path, files, bytes };
}

/** What the cache holds. */
export async function hubModels(options: HubOptions = {}): Promise<readonly CachedModel[]> {
  const { cacheFolder } = await hubSettings(options);
  return new HubCache(cacheFolder).list();
}

async function kept(name: HubName, options: PullOptions): Promise<KeptModel> {
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
    return keptModel(cache, repository, choice);
  } catch (error) {
    throw cacheError(error, settings.cacheFolder);
  }
}

interface Having {
  client: HubClient;
  cache: HubCache;
  repository: HubRepository;
  options: PullOptions;
}

async function have(file: HubFile, { client, cache, repository, options }: Having): Promise<void> {
  const { signal, onProgress } = options;
  if (await cache.has(repository, file)) return;
  const path = cache.blobPath(repository, file);
  await withLock(`${path}.wick-lock`, signal, async () => {
    // Another process may have been at it.
    if (!(await cache.hasBlob(repository, file)))
      await downloadBlob({ client, repository, file, path, signal, onProgress });
    // Within the lock, so that nobody removes a blob that has no name yet.
    await cache.link(repository, file);
  });
}

/** Without the network, what was fetched before. */
async function cached(cache: HubCache, name: HubName): Promise<KeptModel> {
  const { repository, revision } = name;
  const commit = await cache.commitOf(repository, revision);
  const files = commit === undefined ? [] : await cache.files(repository, commit);
  if (commit === undefined || files.length === 0) {
    const message = `${repository} is not in the cache, and HF_HUB_OFFLINE forbids to fetch it: load it once with a network.`;
    throw new WickError({ code: "not_found", message, where: "source", retryable: false });
  }
  const known = { repository, commit, files };
  return keptModel(cache, known, chooseFiles(files, name));
}

function keptModel(cache: HubCache, repository: HubRepository, choice: Choice): KeptModel {
  const folder = cache.snapshotPath(repository);
  return {
    repository,
    choice,
    path: choice.main === "" ? folder : join(folder, ...choice.main.split("/")),
  };
}
