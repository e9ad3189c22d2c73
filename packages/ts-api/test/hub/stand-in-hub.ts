import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { type IncomingMessage, type RequestListener, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LoadOptions } from "wick";

/** A request as the hub, or its storage, received it. */
interface Received {
  at: "hub" | "storage";
  path: string;
  headers: IncomingMessage["headers"];
}

/** Answers a request itself; false: as usual. */
type Fault = (request: Received, response: ServerResponse, body: Buffer) => boolean;

/** The hub and its storage on this machine, with repositories in memory. */
export interface StandInHub extends AsyncDisposable {
  readonly endpoint: string;
  readonly cacheDir: string;
  readonly received: Received[];
  /** Those for bytes of files. */
  readonly fetched: () => Received[];
  readonly options: NonNullable<LoadOptions["hub"]>;
  fault: Fault | undefined;
}

type Files = Readonly<Record<string, Buffer>>;
/** Larger ones are kept by others, as the hub's are. */
const large = 10 * 1024;
export const commit = "0123456789abcdef0123456789abcdef01234567";

export async function standInHub(repositories: Readonly<Record<string, Files>>): Promise<StandInHub> {
  const received: Received[] = [];
  const note = (at: "hub" | "storage", { url = "", headers }: IncomingMessage) => {
    const entry = { at, path: url, headers };
    received.push(entry);
    return entry;
  };
  const storage = await listen((request, response) => {
    const entry = note("storage", request);
    const [, repository = "", path = ""] = /^\/(.+?\/.+?)\/(.+)\?/.exec(decodeURIComponent(request.url ?? "")) ?? [];
    const body = repositories[repository]?.[path];
    if (body === undefined) response.writeHead(404).end();
    else if (hub.fault?.(entry, response, body) !== true) sendRange(request, response, body);
  });
  const server = await listen((request, response) => {
    const entry = note("hub", request);
    const url = decodeURIComponent(request.url ?? "");
    const [, listed = "", revision = ""] = /^\/api\/models\/(.+?\/.+?)\/revision\/(.+?)\?/.exec(url) ?? [];
    const [, resolved = "", at = "", path = ""] = /^\/(.+?\/.+?)\/resolve\/(.+?)\/([^?]+)/.exec(url) ?? [];
    const files = repositories[listed === "" ? resolved : listed];
    const body = files?.[path];
    if (hub.fault?.(entry, response, body ?? Buffer.alloc(0)) === true) return;
    if (files === undefined) response.writeHead(401, { "x-error-code": "RepoNotFound" }).end();
    else if (listed !== "" && !["main", commit].includes(revision))
      response.writeHead(404, { "x-error-code": "RevisionNotFound" }).end();
    else if (listed !== "") response.writeHead(200, { "content-type": "application/json" }).end(listing(listed, files));
    else if (!["main", commit].includes(at) || body === undefined)
      response.writeHead(404, { "x-error-code": "EntryNotFound" }).end();
    else {
      // What Python's tools ask for first.
      const isLarge = body.length > large;
      response.setHeader("x-repo-commit", commit);
      response.setHeader(isLarge ? "x-linked-etag" : "etag", `"${isLarge ? sha256(body) : gitHash(body)}"`);
      response.setHeader("x-linked-size", body.length);
      if (isLarge) response.writeHead(302, { location: `${storage.url}/${resolved}/${path}?signature=secret` }).end();
      else sendRange(request, response, body);
    }
  });
  const cacheDir = await mkdtemp(join(tmpdir(), "wick-hub-"));
  const hub: StandInHub = {
    endpoint: server.url,
    cacheDir,
    received,
    fetched: () => received.filter(({ at, path }) => at === "storage" || path.includes("/resolve/")),
    options: { endpoint: server.url, cacheDir, token: "hf_secret" },
    fault: undefined,
    async [Symbol.asyncDispose]() {
      await Promise.all([server.stop(), storage.stop()]);
      await rm(cacheDir, { recursive: true, force: true });
    },
  };
  return hub;
}

/** As the hub lists a repository with `blobs=true`. */
function listing(id: string, files: Files): string {
  const siblings = Object.entries(files).map(([rfilename, body]) => ({
    rfilename,
    size: body.length,
    blobId: gitHash(body),
    ...(body.length > large && { lfs: { sha256: sha256(body), size: body.length, pointerSize: 134 } }),
  }));
  return JSON.stringify({ id, modelId: id, sha: commit, siblings });
}

function gitHash(body: Buffer): string {
  return createHash("sha1").update(`blob ${body.length}\0`).update(body).digest("hex");
}

export function sha256(body: Buffer): string {
  return createHash("sha256").update(body).digest("hex");
}

export function sendRange(
  { headers }: { headers: IncomingMessage["headers"] },
  response: ServerResponse,
  body: Buffer,
): void {
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? "") ?? [];
  if (from === undefined) return void response.writeHead(200, { "content-length": body.length }).end(body);
  const [start, end] = [Number(from), Math.min(Number(to) + 1, body.length)];
  if (start >= body.length) return void response.writeHead(416, { "content-range": `bytes */${body.length}` }).end();
  response.writeHead(206, {
    "content-range": `bytes ${start}-${end - 1}/${body.length}`,
    "content-length": end - start,
  });
  response.end(body.subarray(start, end));
}

async function listen(listener: RequestListener): Promise<{ url: string; stop(): Promise<void> }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
