import { appendFile, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Inputs that are kept. */
const most = 1000;
/** So many more before the file is written anew. */
const slack = 200;

/** What the user wrote, also in earlier runs: a line of JSON each, since inputs have newlines. */
export class InputHistory {
  readonly #path: string;
  readonly #entries: string[];
  #isBroken = false;

  private constructor(path: string, entries: string[]) {
    this.#path = path;
    this.#entries = entries;
  }

  /** @param stateFolder - Where the program keeps its state. */
  static async open(stateFolder: string): Promise<InputHistory> {
    const path = join(stateFolder, "history.jsonl");
    const lines = (await readFile(path, "utf8").catch(() => "")).split("\n");
    const entries = lines.flatMap(entryOf);
    const kept = entries.slice(-most);
    if (entries.length > most + slack) await rewrite(path, kept).catch(() => {});
    return new InputHistory(path, kept);
  }

  /** The oldest first. */
  get entries(): readonly string[] {
    return this.#entries;
  }

  /** Keeps an input; the same twice in a row is one. A history that cannot be written is kept for this run alone. */
  async add(entry: string): Promise<void> {
    if (entry.trim() === "" || this.#entries.at(-1) === entry) return;
    this.#entries.push(entry);
    if (this.#isBroken) return;
    try {
      await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
      await appendFile(this.#path, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
    } catch {
      this.#isBroken = true;
    }
  }
}

/** A line that was cut when a machine went down is none. */
function entryOf(line: string): string[] {
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === "string" ? [entry] : [];
  } catch {
    return [];
  }
}

async function rewrite(path: string, entries: readonly string[]): Promise<void> {
  const part = `${path}.${process.pid}.part`;
  await writeFile(part, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""), { mode: 0o600 });
  await rename(part, path);
}
