import { lstat, readdir, readlink, rmdir, stat } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { WickError } from "../error/wick-error.js";

/** A name that a commit has for bytes. */
export interface CachedName {
  commit: string;
  /** Its path in the repository. */
  name: string;
  /** Where it is: a link, or a copy where there are no links. */
  path: string;
  /** Of what it names; 0 where that is missing. */
  bytes: number;
  /** The blob that it links to; none of a copy, and of a link that leads elsewhere. */
  blob: string | undefined;
  isLink: boolean;
}

/** A repository's folder of the cache, as it is on the disk. No link is followed to see what is in a folder. */
export class CachedRepository {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /**
   * Opens what the cache has of a repository.
   *
   * @throws {@link WickError} `not_found`; `unsupported` where one of its folders is a link.
   */
  static async open(cacheFolder: string, repository: string): Promise<CachedRepository> {
    const folder = join(cacheFolder, `models--${repository.replace("/", "--")}`);
    for (const path of [folder, ...["blobs", "refs", "snapshots", ".no_exist"].map((name) => join(folder, name))]) {
      const state = await lstat(path).catch(() => undefined);
      if (path === folder && state === undefined) throw notCached(repository);
      if (state !== undefined && !state.isDirectory()) throw notAFolder(path);
    }
    return new CachedRepository(folder);
  }

  path(...names: readonly string[]): string {
    return join(this.folder, ...names);
  }

  /** The names of all commits. */
  async names(): Promise<CachedName[]> {
    const names: CachedName[] = [];
    for (const commit of await foldersIn(this.path("snapshots"))) {
      const folder = this.path("snapshots", commit);
      for (const path of await filesBelow(folder)) {
        const target = await readlink(path).catch(() => undefined);
        const bytes = await sizeOf(path);
        const name = relative(folder, path).split(sep).join("/");
        const blob = target === undefined ? undefined : this.#blobAt(resolve(dirname(path), target));
        names.push({ commit, name, path, bytes, blob, isLink: target !== undefined });
      }
    }
    return names;
  }

  /** What lies among the blobs: bytes by their digests, and what is on its way there. */
  async blobs(): Promise<string[]> {
    return readdir(this.path("blobs")).catch(() => []);
  }

  /** The commits that have a folder. */
  async commits(): Promise<string[]> {
    return foldersIn(this.path("snapshots"));
  }

  /** Branches and tags, as paths of the files that hold their commits. */
  async refs(): Promise<string[]> {
    return filesBelow(this.path("refs"));
  }

  /** Removes the folder if no file is left in it. `snapshots` goes last: without it Python's tools take the folder for damaged. */
  async removeIfEmpty(): Promise<void> {
    for (const name of ["blobs", "refs", ".no_exist"]) await removeEmpty(this.path(name));
    const left = await readdir(this.folder).catch(() => []);
    if (left.every((name) => name === "snapshots")) await removeEmpty(this.folder);
  }

  #blobAt(path: string): string | undefined {
    const name = relative(this.path("blobs"), path);
    return name !== "" && name !== ".." && !/[\\/]/.test(name) ? name : undefined;
  }
}

/** Removes empty folders, the innermost first; what is in the others stays. */
export async function removeEmpty(folder: string): Promise<void> {
  for (const inner of await foldersIn(folder)) await removeEmpty(join(folder, inner));
  // Not empty, or not there.
  await rmdir(folder).catch(() => {});
}

/** Everything below a folder that is no folder itself: a link to one is a file here. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(path) : [path];
    }),
  );
  return found.flat().toSorted();
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .toSorted();
}

async function sizeOf(path: string): Promise<number> {
  const state = await stat(path).catch(() => undefined);
  return state?.isFile() === true ? state.size : 0;
}

export function notCached(what: string): WickError {
  const message = `${what} is not in the cache; Model.list() says what is.`;
  return new WickError({ code: "not_found", message, where: "source", retryable: false });
}

function notAFolder(path: string): WickError {
  const message = `${path} is no folder but a link or a file: nothing was removed. Remove what it leads to by hand.`;
  return new WickError({ code: "unsupported", message, where: "source", retryable: false });
}
