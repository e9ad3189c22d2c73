import { link, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { checkSignal } from "../error/terminal-error.js";

const beatMs = 5_000;
/** A holder that has not said so long that it lives is gone; one on this machine is asked for by its number. */
const goneAfterMs = 60_000;
const pollMs = 100;

/**
 * Holds a file against other processes while `act` runs: one at a time, also after one was killed. Locks of the operating system are
 * not to be had from JavaScript; this is a file that only one can make.
 */
export async function withLock<T>(path: string, signal: AbortSignal | undefined, act: () => Promise<T>): Promise<T> {
  let release = await tryLock(path);
  while (release === undefined) {
    checkSignal(signal);
    await new Promise((resolve) => {
      setTimeout(resolve, pollMs);
    });
    release = await tryLock(path);
  }
  try {
    return await act();
  } finally {
    await release();
  }
}

/** Takes the same lock if nobody has it: what gives it back, or nothing. */
export async function tryLock(path: string): Promise<(() => Promise<void>) | undefined> {
  const mine = JSON.stringify({ host: hostname(), pid: process.pid, id: crypto.randomUUID() });
  while (!(await make(path, mine))) {
    if (!(await isAbandoned(path))) return undefined;
    await remove(path);
  }
  const beat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => {}), beatMs);
  beat.unref();
  return async () => {
    clearInterval(beat);
    // Unless it was taken from a process that slept too long.
    if ((await read(path)) === mine) await rm(path, { force: true });
  };
}

/** Makes the file with its content at once, so that a kill leaves none that says nothing of its holder. */
async function make(path: string, content: string): Promise<boolean> {
  const aside = `${path}.${crypto.randomUUID()}`;
  try {
    await writeFile(aside, content, { flag: "wx" });
    await link(aside, path).catch(async (error: unknown) => {
      if (codeOf(error) === "EEXIST") throw error;
      // There are no links here.
      await writeFile(path, content, { flag: "wx" });
    });
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

async function isAbandoned(path: string): Promise<boolean> {
  const [content, state] = await Promise.all([read(path), stat(path).catch(() => undefined)]);
  if (content === undefined || state === undefined) return false;
  if (Date.now() - state.mtimeMs > goneAfterMs) return true;
  const { host, pid } = holderOf(content);
  return host === hostname() && pid !== undefined && !isAlive(pid);
}

/** By another name first, which only one of those who see it abandoned can give. */
async function remove(path: string): Promise<void> {
  const aside = `${path}.${crypto.randomUUID()}`;
  await rename(path, aside).catch(() => {});
  await rm(aside, { force: true });
}

function holderOf(content: string): { host?: string; pid?: number } {
  try {
    return JSON.parse(content) as { host?: string; pid?: number };
  } catch {
    // It is being written, or its writer was killed at that: its time will tell.
    return {};
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

async function read(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch(() => undefined);
}
