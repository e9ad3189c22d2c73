import { fileURLToPath } from "node:url";
import { LineProcess } from "../peers/line-process.ts";
import type { Load, Outcome } from "./load.child.ts";
import type { ServerSettings, ServerUse } from "./wick.child.ts";

const program = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Our server in a process of its own. */
export class ServerProcess implements AsyncDisposable {
  readonly url: string;
  readonly #lines: LineProcess;

  private constructor(url: string, lines: LineProcess) {
    this.url = url;
    this.#lines = lines;
  }

  static async start(settings: ServerSettings): Promise<ServerProcess> {
    const lines = new LineProcess(process.execPath, [program("wick.child.ts"), JSON.stringify(settings)]);
    return new ServerProcess(await lines.line(), lines);
  }

  async use(): Promise<ServerUse> {
    return JSON.parse(await this.#lines.ask("use")) as ServerUse;
  }

  /** The chat of so many tokens in the process itself: how many chunks it has, and what they cost. */
  async library(tokens: number): Promise<{ chunks: number; threadUs: number }> {
    return JSON.parse(await this.#lines.ask(`library ${tokens}`)) as { chunks: number; threadUs: number };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#lines[Symbol.asyncDispose]();
  }
}

/** Clients in a process of their own. */
export class LoadProcess implements AsyncDisposable {
  readonly #lines: LineProcess;

  private constructor(lines: LineProcess) {
    this.#lines = lines;
  }

  static async start(): Promise<LoadProcess> {
    const lines = new LineProcess(process.execPath, [program("load.child.ts")]);
    await lines.line();
    return new LoadProcess(lines);
  }

  async run(load: Load): Promise<Outcome[]> {
    return JSON.parse(await this.#lines.ask(JSON.stringify(load))) as Outcome[];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#lines[Symbol.asyncDispose]();
  }
}

/** A chat that is streamed to its last token. */
export const streamedChat = (tokens: number) => ({
  path: "/v1/chat/completions",
  body: {
    model: "demo",
    messages: [{ role: "user", content: "Tell me a story." }],
    temperature: 0,
    max_tokens: tokens,
    ignore_eos: true,
    stream: true,
  },
});
