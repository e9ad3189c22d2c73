import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Connection } from "./client.ts";
import { apiKey } from "./served.ts";

/** A server in a process of its own, which does not outlive its case. */
export interface KillableServer extends AsyncDisposable {
  connection: Connection;
  /** Ends its process without a last word. */
  kill(): Promise<void>;
}

/** Starts a server that says two words to every question, and then nothing more. */
export async function startKillableServer(): Promise<KillableServer> {
  const program = fileURLToPath(new URL("killable-server.child.ts", import.meta.url));
  const child = spawn(process.execPath, [program, apiKey], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const lines = createInterface(child.stdout);
  const [url] = (await Promise.race([
    once(lines, "line"),
    ended.then(([code]) => Promise.reject(new Error(`The server ended with ${String(code)}.`))),
  ])) as [string];
  const kill = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  return { connection: { url, apiKey, retries: 0 }, kill, [Symbol.asyncDispose]: kill };
}
