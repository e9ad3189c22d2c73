import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";
import { program } from "./tmux.ts";

/** A run of the program in a process of its own. */
export interface Child {
  process: ChildProcess;
  stdout: Promise<string>;
  stderr: Promise<string>;
  /** Its exit code; null where a signal ended it. */
  code: Promise<number | null>;
}

/** Variables with which a run neither sees nor changes what its user has. */
export function ownState(): Record<string, string> {
  const home = mkdtempSync(join(tmpdir(), "wick-cli-"));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  return {
    XDG_CONFIG_HOME: join(home, "config"),
    XDG_STATE_HOME: join(home, "state"),
    HF_HUB_CACHE: join(home, "hub"),
    WICK_MODEL: "demo",
  };
}

/** Starts the program. Without `input` its standard input is empty; "open" leaves it open. */
export function startChild(args: readonly string[], { input = "", env = {} }: ChildOptions = {}): Child {
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH: process.env["PATH"], ...ownState(), ...env },
    stdio: "pipe",
  });
  if (input !== open) child.stdin.end(input);
  const code = new Promise<number | null>((resolve) => {
    child.once("close", (status) => resolve(status));
  });
  // A test may leave the output before its end.
  const stdout = text(child.stdout).catch(() => "");
  return { process: child, stdout, stderr: text(child.stderr), code };
}

/** For an input that does not end. */
export const open = Symbol("open");

/** How it is started. */
export interface ChildOptions {
  input?: string | Uint8Array | typeof open;
  env?: Readonly<Record<string, string>>;
}

/** Runs the program to its end. */
export async function runChild(args: readonly string[], options?: ChildOptions) {
  const { code, stdout, stderr } = startChild(args, options);
  return { code: await code, stdout: await stdout, stderr: await stderr };
}
