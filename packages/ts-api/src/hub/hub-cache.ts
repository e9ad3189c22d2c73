import { copyFile, mkdir, readFile, readdir, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import type { CachedModel } from "../model/hub-models.js";
import { partNames } from "../source/part-names.js";
import type { HubFile, HubRepository } from "./hub-client.js";

/**
 * The folder that Python's tools have, too, laid out as theirs (https://huggingface.co/docs/huggingface_hub/guides/manage-cache): what one
 * downloads, the other finds. `blobs` have the bytes by their digest, `snapshots` the names of a commit as links to them, `refs` the
 * commit that a branch was at.
 */
export class HubCache {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  blobPath({ repository }: HubRepository, { digest }: HubFile): string {
    return join(this.#of(repository), "blobs", digest.hex);
  }

  snapshotPath({ repository, commit }: { repository: string; commit: string }, path = ""): string {
    return join(this.#of(repository), "snapshots", commit, ...path.split("/"));
  }

  /** Whether a file of a commit is there, and whole as far as its length says. */
  async has(repository: HubRepository, file: HubFile): Promise<boolean> {
    return (await sizeOf(this.snapshotPath(repository, file.path))) === file.bytes;
  }

  async hasBlob(repository: HubRepository, file: HubFile): Promise<boolean> {
    return (await sizeOf(this.blobPath(repository, file))) === file.bytes;
  }

  /** Makes the folders of a repository. */
  async prepare({ repository }: HubRepository): Promise<void> {
    for (const name of ["blobs", "refs", "snapshots"])
      await mkdir(join(this.#of(repository), name), { recursive: true });
  }

  /** Gives a blob its name in a commit: a link, or a copy where there are no links. */
  async link(repository: HubRepository, file: HubFile): Promise<void> {
    const name = this.snapshotPath(repository, file.path);
    const blob = this.blobPath(repository, file);
    await mkdir(dirname(name), { recursive: true });
    const made = `${name}.${crypto.randomUUID()}`;
    try {
      await symlink(relative(dirname(name), blob), made);
    } catch {
      await copyFile(blob, made);
    }
    await rename(made, name);
  }

  async noteRevision({ repository, commit }: HubRepository, revision: string): Promise<void> {
    // What says so already is left alone: a cache that holds the model may be one that nobody can write to.
    if (revision === commit || (await this.commitOf(repository, revision)) === commit) return;
    const path = join(this.#of(repository), "refs", ...revision.split("/"));
    await mkdir(dirname(path), { recursive: true });
    const made = `${path}.${crypto.randomUUID()}`;
    await writeFile(made, commit);
    await rename(made, path);
  }

  /** The commit that a revision was at when it was last looked up. */
  async commitOf(repository: string, revision: string): Promise<string | undefined> {
    if (/^[0-9a-f]{40}$/.test(revision)) return revision;
    const text = await readFile(join(this.#of(repository), "refs", ...revision.split("/")), "utf8").catch(() => "");
    return /^[0-9a-f]{40}$/.test(text.trim()) ? text.trim() : undefined;
  }

  /** The files of a commit that are there, with nothing known of their digests. */
  async files(repository: string, commit: string): Promise<HubFile[]> {
    const folder = this.snapshotPath({ repository, commit });
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
    const found = await Promise.all(
      entries
        .filter((entry) => !entry.isDirectory())
        .map(async (entry) => {
          const path = join(entry.parentPath, entry.name);
          const bytes = await sizeOf(path);
          const name = relative(folder, path).split(sep).join("/");
          // A link whose blob was deleted is no file.
          return bytes === undefined ? [] : [{ path: name, bytes, digest: { algorithm: "sha256" as const, hex: "" } }];
        }),
    );
    return found.flat();
  }

  /** Removes a name whose bytes are not what they should be. */
  async forget(repository: HubRepository, file: HubFile): Promise<void> {
    await rm(this.snapshotPath(repository, file.path), { force: true });
  }

  /** What there is of models: GGUF files, and checkpoints. */
  async list(): Promise<CachedModel[]> {
    const models: CachedModel[] = [];
    for (const folder of await namesIn(this.#folder)) {
      const [, owner, name] = /^models--(.+?)--(.+)$/.exec(folder) ?? [];
      if (owner === undefined || name === undefined) continue;
      const id = `${owner}/${name}`;
      for (const revision of await namesIn(join(this.#folder, folder, "snapshots"))) {
        models.push(...modelsOf(id, revision, await this.files(id, revision)));
      }
    }
    return models;
  }

  #of(repository: string): string {
    return join(this.#folder, `models--${repository.replace("/", "--")}`);
  }
}

function modelsOf(id: string, revision: string, files: readonly HubFile[]): CachedModel[] {
  const ggufs = files.flatMap(({ path }) => {
    const parts = path.endsWith(".gguf") ? partNames(path) : [];
    // Parts are one model, called by the first of them.
    if (parts[0] !== path) return [];
    return [{ id, file: path, bytes: bytesOf(files.filter((file) => parts.includes(file.path))), revision }];
  });
  const weights = files.filter(({ path }) => path.endsWith(".safetensors"));
  const [first] = weights;
  if (first === undefined) return ggufs;
  return [...ggufs, { id, file: first.path, bytes: bytesOf(weights), revision }];
}

function bytesOf(files: readonly HubFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).toSorted();
}

/** Of what a link leads to; undefined where there is nothing. */
async function sizeOf(path: string): Promise<number | undefined> {
  const state = await stat(path).catch(() => undefined);
  return state?.isFile() === true ? state.size : undefined;
}
