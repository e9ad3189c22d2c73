import { EventEmitter } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";
import { type InputStream, type OutputStream, main } from "../src/index.ts";

/** What a run of the program said. */
export interface Said {
  code: number;
  stdout: string;
  stderr: string;
}

/** How it is run. */
export interface RunOptions {
  /** What is piped in. */
  input?: string;
  env?: Readonly<Record<string, string>>;
  cwd?: string;
}

/** A folder that is removed with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "wick-cli-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs the program in this process, with nothing of it but what is given. */
export async function wick(args: readonly string[], { input = "", env = {}, cwd }: RunOptions = {}): Promise<Said> {
  const home = temporaryFolder();
  const stdin: InputStream = Readable.from(input === "" ? [] : [input]);
  const stdout: PassThrough & OutputStream = new PassThrough();
  const stderr: PassThrough & OutputStream = new PassThrough();
  const said = Promise.all([text(stdout), text(stderr)]);
  const code = await main(args, {
    stdin,
    stdout,
    stderr,
    env: { XDG_CONFIG_HOME: join(home, "config"), XDG_STATE_HOME: join(home, "state"), ...env },
    cwd: cwd ?? home,
    signals: new EventEmitter(),
  });
  stdout.end();
  stderr.end();
  const [out, error] = await said;
  return { code, stdout: out, stderr: error };
}
