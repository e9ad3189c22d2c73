import { createReadStream } from "node:fs";
import { lstat, readFile, rm, stat } from "node:fs/promises";
import type { HubModelName, HubOptions, RemovedModel } from "../model/hub-models.js";
import { WickError } from "../error/wick-error.js";
import { partNames } from "../source/part-names.js";
import { BlobDigest } from "./blob-digest.js";
import { type CachedName, CachedRepository, notCached, removeEmpty } from "./cached-repository.js";
import { chooseFiles } from "./choose-files.js";
import { tryLock } from "./file-lock.js";
import { cacheError } from "./hub-error.js";
import { type HubName, hubName } from "./hub-name.js";
import { hubSettings } from "./hub-settings.js";

/** A file of Python's tools on its way, which holds a lock that is not to be seen from here, grows in this time. */
const pythonsPauseMs = 60_000;

/**
 * Takes a model out of the cache: all of a repository, one commit of it, or one file with its parts. No link is followed out of the
 * cache. A kill in the middle leaves a cache that Python's tools read, and a second call takes out the rest.
 *
 * @throws {@link WickError} `not_found`; `busy` while one of the files is fetched.
 */
export async function removeModel(given: HubModelName, hub: HubOptions | undefined): Promise<RemovedModel> {
  const name = hubName(given);
  const { cacheFolder } = await hubSettings(hub);
  try {
    const repository = await CachedRepository.open(cacheFolder, name.repository);
    const names = await repository.names();
    const chosen = await choose(names, { name, given, repository });
    const isChosen = new Set(chosen.map(({ path }) => path));
    const others = async () => (await repository.names()).filter(({ path }) => !isChosen.has(path));
    const isWhole = isChosen.size === names.length && name.file === undefined && name.quantization === undefined;
    const doomed = isWhole ? await repository.blobs() : await blobsOf(repository, chosen);
    if (chosen.length === 0 && doomed.length === 0) {
      await repository.removeIfEmpty();
      throw notCached(name.repository);
    }
    const release = await lockAll(repository, doomed, name.repository);
    try {
      // Within the locks, in which downloads give names.
      const rest = await others();
      const named = new Set(rest.map(({ blob }) => blob));
      const free = doomed.filter((blob) => !named.has(hexOf(blob)));
      const bytes = await removeFiles(repository, { chosen, rest, free });
      // What Python's tools have noted not to be there.
      if (isWhole) await rm(repository.path(".no_exist"), { recursive: true, force: true });
      const files = chosen.map((file) => ({ name: file.name, bytes: file.bytes, revision: file.commit }));
      return { id: name.repository, files, bytes };
    } finally {
      await release();
      if ((await others()).length === 0) await repository.removeIfEmpty();
    }
  } catch (error) {
    throw cacheError(error, cacheFolder);
  }
}

interface Choosing {
  name: HubName;
  given: HubModelName;
  repository: CachedRepository;
}

/** The names that are meant. */
async function choose(
  all: readonly CachedName[],
  { name, given, repository }: Choosing,
): Promise<readonly CachedName[]> {
  const revision = typeof given === "object" ? given.revision : undefined;
  const commit = revision === undefined ? undefined : await commitOf(repository, revision);
  const names = revision === undefined ? all : all.filter((file) => file.commit === commit);
  const { file, quantization } = name;
  const what = `${name.repository}${quantization === undefined ? "" : `:${quantization}`}`;
  if (file !== undefined) {
    const parts = partNames(file);
    const found = names.filter((one) => parts.includes(one.name));
    if (found.length === 0) throw notCached(`"${file}" of ${what}`);
    return found;
  }
  if (quantization !== undefined) {
    const found = [...new Set(names.map((one) => one.commit))].flatMap((of) => ofType(names, of, name));
    if (found.length === 0) throw notCached(what);
    return found;
  }
  if (revision !== undefined && names.length === 0) throw notCached(`${what} at ${revision}`);
  return names;
}

/** What a commit has of the type that is named, as a load would choose it. */
function ofType(names: readonly CachedName[], commit: string, name: HubName): CachedName[] {
  const files = names.filter((file) => file.commit === commit);
  const known = files.map(({ name: path, bytes }) => ({
    path,
    bytes,
    digest: { algorithm: "sha256" as const, hex: "" },
  }));
  try {
    const chosen = new Set(chooseFiles(known, name).files.map(({ path }) => path));
    return files.filter((file) => chosen.has(file.name));
  } catch (error) {
    if (WickError.isInstance(error) && error.code === "not_found") return [];
    throw error;
  }
}

async function commitOf(repository: CachedRepository, revision: string): Promise<string> {
  if (/^[0-9a-f]{40}$/.test(revision)) return revision;
  return (await readFile(repository.path("refs", ...revision.split("/")), "utf8").catch(() => "")).trim();
}

/** The blobs of names, with what is on its way to them. */
async function blobsOf(repository: CachedRepository, chosen: readonly CachedName[]): Promise<string[]> {
  const blobs = await repository.blobs();
  const linked = chosen.flatMap(({ blob }) => (blob === undefined ? [] : [blob]));
  const copied = await Promise.all(
    chosen.filter(({ isLink }) => !isLink).map(async (copy) => blobOfCopy(repository, copy, blobs)),
  );
  const hexes = new Set([...linked, ...copied.flat()]);
  return blobs.filter((blob) => hexes.has(hexOf(blob)));
}

/** Of a blob, and of what is on its way there: `….wick-part`, `….incomplete`, and their locks. */
function hexOf(blob: string): string {
  return blob.split(".", 1)[0] ?? "";
}

/** Without links a blob is found by what it holds. */
async function blobOfCopy(
  repository: CachedRepository,
  { path, bytes }: CachedName,
  blobs: readonly string[],
): Promise<string[]> {
  const found = [];
  for (const hex of blobs) {
    const algorithm = { 64: "sha256" as const, 40: "git-sha1" as const }[hex.length];
    const isAsLong = (await stat(repository.path("blobs", hex)).catch(() => undefined))?.size === bytes;
    if (algorithm === undefined || !isAsLong) continue;
    const digest = new BlobDigest({ path, bytes, digest: { algorithm, hex } });
    for await (const piece of createReadStream(path)) digest.update(piece as Buffer);
    if (digest.matches()) found.push(hex);
  }
  return found;
}

/** Holds the locks of all files that go, so that nobody is fetching one; what gives them back. */
async function lockAll(
  repository: CachedRepository,
  doomed: readonly string[],
  id: string,
): Promise<() => Promise<void>> {
  const releases: (() => Promise<void>)[] = [];
  const release = async () => {
    for (const give of releases.splice(0)) await give();
  };
  try {
    for (const file of doomed) {
      if (file.endsWith(".incomplete") && (await isGrowing(repository.path("blobs", file)))) throw busy(id);
    }
    for (const hex of new Set(doomed.map(hexOf))) {
      const lock = await tryLock(repository.path("blobs", `${hex}.wick-lock`));
      if (lock === undefined) throw busy(id);
      releases.push(lock);
    }
    return release;
  } catch (error) {
    await release();
    throw error;
  }
}

async function isGrowing(path: string): Promise<boolean> {
  const state = await stat(path).catch(() => undefined);
  return state !== undefined && Date.now() - state.mtimeMs < pythonsPauseMs;
}

interface Removal {
  chosen: readonly CachedName[];
  /** The names that stay. */
  rest: readonly CachedName[];
  /** What lies among the blobs and has no name then. */
  free: readonly string[];
}

/** Removes names before what they name, and what names a commit before the commit. Tells the bytes that the disk has back. */
async function removeFiles(repository: CachedRepository, { chosen, rest, free }: Removal): Promise<number> {
  const left = new Set(rest.map(({ commit }) => commit));
  const gone = (await repository.commits()).filter(
    (commit) => !left.has(commit) && (rest.length === 0 || chosen.some((file) => file.commit === commit)),
  );
  for (const ref of await repository.refs()) {
    const commit = (await readFile(ref, "utf8").catch(() => "")).trim();
    if (gone.includes(commit) || left.size === 0) await rm(ref, { force: true });
  }
  let bytes = 0;
  for (const { path } of chosen) bytes += await removeFile(path);
  for (const commit of new Set([...gone, ...chosen.map((file) => file.commit)]))
    await removeEmpty(repository.path("snapshots", commit));
  for (const commit of gone) await rm(repository.path(".no_exist", commit), { recursive: true, force: true });
  // The locks are held, and go with who holds them.
  const files = free.filter((blob) => !blob.endsWith(".wick-lock"));
  for (const blob of files) bytes += await removeFile(repository.path("blobs", blob));
  return bytes;
}

/** Bytes of the file itself: a link has none. */
async function removeFile(path: string): Promise<number> {
  const state = await lstat(path).catch(() => undefined);
  await rm(path, { force: true });
  return state?.isFile() === true ? state.size : 0;
}

function busy(id: string): WickError {
  const message = `${id} is being fetched; nothing was removed. Try again when that has ended.`;
  return new WickError({ code: "busy", message, where: "source", retryable: true });
}
