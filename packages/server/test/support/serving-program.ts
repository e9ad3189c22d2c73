import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { ServeOptions } from "../../src/node/index.ts";
import type { ScriptedReply } from "wick/testing";
import { eventually } from "../../../../test/conformance/chunks.ts";

const program = fileURLToPath(new URL("../programs/serve.mjs", import.meta.url));

/** A process of its own that serves. */
export class ServingProgram implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #ended: Promise<void>;
  /** What it has written, a JSON value a line. */
  readonly lines: Readonly<Record<string, unknown>>[] = [];
  /** What it has written as errors. */
  errors = "";

  private constructor(settings: object) {
    this.#child = spawn(process.execPath, [program, JSON.stringify(settings)], { stdio: ["ignore", "pipe", "pipe"] });
    this.#ended = once(this.#child, "close").then(() => undefined);
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      this.lines.push(JSON.parse(line) as Record<string, unknown>);
    });
    this.#child.stderr.on("data", (text: Buffer) => {
      this.errors += text.toString();
    });
  }

  static async start(
    settings: { replies: ScriptedReply[] } & Pick<ServeOptions, "drainMs" | "limits">,
  ): Promise<ServingProgram> {
    const started = new ServingProgram(settings);
    await eventually(() => started.lines.length > 0 || started.#child.exitCode !== null, 15_000);
    if (started.lines.length === 0) throw new Error(`It did not begin: ${started.errors}`);
    return started;
  }

  get port(): number {
    return Number(this.lines[0]?.["port"]);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Whether it has told of an event. */
  says(event: string): boolean {
    return this.lines.some((line) => line["event"] === event);
  }

  signal(name: "SIGTERM" | "SIGINT"): void {
    this.#child.kill(name);
  }

  /** Its exit code, or the signal that ended it. */
  async end(): Promise<number | string | null> {
    await this.#ended;
    return this.#child.exitCode ?? this.#child.signalCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }
}
