import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("../../scripts/example.mjs", import.meta.url));

/** Where no hub is: tests download nothing. */
const nowhere = "http://127.0.0.1:9";

/** An example that runs, started by its one command. */
export class Example {
  readonly #child: ChildProcess;
  #output = "";

  /** Starts `npm run example -- <name>`, with what follows for its tool. */
  constructor(name: string, ...options: string[]) {
    this.#child = spawn(process.execPath, [script, name, ...options], {
      // All that it starts ends with it.
      detached: process.platform !== "win32",
      env: { ...withoutKeys(), CI: "1", NO_COLOR: "1", WRANGLER_SEND_METRICS: "false", HF_ENDPOINT: nowhere },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on("data", (text: Buffer) => {
        this.#output += text.toString();
      });
    }
  }

  get output(): string {
    return this.#output;
  }

  write(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** What the output has by a pattern, once it has. */
  async says(pattern: RegExp, withinMs = 60_000): Promise<string> {
    const deadline = Date.now() + withinMs;
    for (;;) {
      const found = pattern.exec(this.#output);
      if (found !== null) return found[1] ?? found[0];
      if (Date.now() > deadline || this.#child.exitCode !== null)
        throw new Error(`it never said ${pattern}: ${this.#output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async exitCode(): Promise<number | null> {
    if (this.#child.exitCode === null) await once(this.#child, "exit");
    return this.#child.exitCode;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.pid === undefined) return;
    const ended = once(this.#child, "exit");
    if (process.platform === "win32") this.#child.kill();
    else process.kill(-this.#child.pid, "SIGTERM");
    await ended;
  }
}

/** Nothing is asked of a host that costs money. */
function withoutKeys(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.endsWith("_API_KEY")));
}
