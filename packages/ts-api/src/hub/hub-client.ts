import { checkSignal } from "../error/terminal-error.js";
import { withoutNodeTimeouts } from "../remote/node-fetch.js";
import { isRecord } from "../remote/wire/json.js";
import { downloadFailed, hubError, notAsAsked } from "./hub-error.js";
import { isFilePath } from "./hub-name.js";
import type { HubSettings } from "./hub-settings.js";

/** By what a file's bytes are known: of large ones their SHA-256, of small ones git's name of them. */
interface Digest {
  algorithm: "sha256" | "git-sha1";
  hex: string;
}

/** A file of a repository. */
export interface HubFile {
  path: string;
  bytes: number;
  digest: Digest;
}

/** A repository at one commit. */
export interface HubRepository {
  /** Its name now; it may have been renamed. */
  repository: string;
  commit: string;
  files: readonly HubFile[];
}

const mostRedirects = 5;
/** Redirects that the hub makes of its own, to others' storage, are answers to GET. */
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** The hub's own interface (https://huggingface.co/docs/hub/api), as far as a download needs it. */
export class HubClient {
  readonly #settings: Pick<HubSettings, "endpoint" | "token">;

  constructor(settings: Pick<HubSettings, "endpoint" | "token">) {
    this.#settings = settings;
  }

  /**
   * What a repository holds at a revision.
   *
   * @throws {@link WickError} with what to do.
   */
  async repository(repository: string, revision: string, signal: AbortSignal | undefined): Promise<HubRepository> {
    const path = `api/models/${repository}/revision/${encodeURIComponent(revision)}?blobs=true`;
    const response = await this.#get(path, repository, {}, signal);
    const value: unknown = await response.json().catch((cause: unknown) => {
      checkSignal(signal);
      throw downloadFailed(`The hub's list of ${repository} could not be read.`, cause);
    });
    const { sha, id, siblings } = isRecord(value) ? value : {};
    if (typeof sha !== "string" || !/^[0-9a-f]{40}$/.test(sha) || !Array.isArray(siblings)) {
      throw downloadFailed(`The hub's list of ${repository} is none.`);
    }
    // A renamed repository answers with its new name.
    return {
      repository: typeof id === "string" && isFilePath(id) ? id : repository,
      commit: sha,
      files: siblings.flatMap(fileOf),
    };
  }

  /** Bytes of a file from `start` on, up to `end`. */
  async open(
    { repository, commit }: HubRepository,
    { path }: HubFile,
    range: { start: number; end: number } | undefined,
    signal: AbortSignal,
  ): Promise<Response> {
    const headers = range === undefined ? {} : { range: `bytes=${range.start}-${range.end - 1}` };
    // Compressed, bytes could not be counted; and a small body could become a large one.
    return this.#get(
      pathOf(repository, commit, path),
      repository,
      { ...headers, "accept-encoding": "identity" },
      signal,
    );
  }

  /** Where a file is, for who fetches it otherwise. */
  addressOf({ repository, commit }: HubRepository, { path }: HubFile): URL {
    return this.#url(pathOf(repository, commit, path));
  }

  #url(path: string): URL {
    const { href } = this.#settings.endpoint;
    return new URL(path, href.endsWith("/") ? href : `${href}/`);
  }

  /** The token goes to the hub alone: files are at others' storage, whose links have leave of their own. */
  async #get(
    path: string,
    repository: string,
    headers: Record<string, string>,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    const { endpoint, token } = this.#settings;
    let url = this.#url(path);
    for (let count = 0; count <= mostRedirects; count += 1) {
      const authorization =
        token !== undefined && url.origin === endpoint.origin ? { authorization: `Bearer ${token}` } : {};
      const response = await this.#fetch(url, { ...headers, ...authorization }, signal);
      const location = redirects.has(response.status) ? response.headers.get("location") : null;
      // Browsers keep to themselves where it leads.
      if (response.type === "opaqueredirect")
        throw notAsAsked(`${repository} has another name now: look it up at the hub.`);
      if (location === null) {
        if (response.ok) return response;
        void response.body?.cancel().catch(() => {});
        throw hubError(response.status, response.headers, { repository, hasToken: token !== undefined });
      }
      void response.body?.cancel().catch(() => {});
      url = new URL(location, url);
      if (!/^https?:$/.test(url.protocol)) throw downloadFailed(`The hub redirects ${repository} to no web address.`);
    }
    throw downloadFailed(`The hub redirects ${repository} in circles.`);
  }

  async #fetch(url: URL, headers: Record<string, string>, signal: AbortSignal | undefined): Promise<Response> {
    try {
      return await fetch(url, { headers, redirect: "manual", ...(signal && { signal }), ...withoutNodeTimeouts() });
    } catch (cause) {
      checkSignal(signal);
      throw downloadFailed(`${url.origin} could not be reached; without a network, set HF_HUB_OFFLINE=1.`, cause);
    }
  }
}

function pathOf(repository: string, commit: string, path: string): string {
  return `${repository}/resolve/${commit}/${path.split("/").map(encodeURIComponent).join("/")}`;
}

function fileOf(sibling: unknown): HubFile[] {
  if (!isRecord(sibling)) return [];
  const { rfilename: path, size, blobId, lfs } = sibling;
  const { sha256, size: lfsSize } = isRecord(lfs) ? lfs : {};
  const bytes = typeof lfsSize === "number" ? lfsSize : size;
  // A name that leads out of the folder is no file of it.
  if (
    typeof path !== "string" ||
    !isFilePath(path) ||
    typeof bytes !== "number" ||
    !Number.isSafeInteger(bytes) ||
    bytes < 0
  )
    return [];
  if (typeof sha256 === "string" && /^[0-9a-f]{64}$/.test(sha256))
    return [{ path, bytes, digest: { algorithm: "sha256", hex: sha256 } }];
  if (typeof blobId === "string" && /^[0-9a-f]{40}$/.test(blobId))
    return [{ path, bytes, digest: { algorithm: "git-sha1", hex: blobId } }];
  return [];
}
