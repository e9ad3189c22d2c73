import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The program as the package `wick` has it. */
export const program = fileURLToPath(new URL("programs/wick.mjs", import.meta.url));

/** Why there is no terminal to test in, where there is none. */
export const missingTmux = spawnSync("tmux", ["-V"]).status === 0 ? undefined : "there is no tmux to test in";

/** How a program is started in a terminal. */
export interface TerminalOptions {
  columns?: number;
  rows?: number;
  env?: Readonly<Record<string, string>>;
  /** A shell that a person could sit at: it stops and continues programs. */
  isInteractive?: boolean;
}

/** A pseudo-terminal with a program in it, by a tmux server of its own. */
export class Terminal {
  readonly #socket: string;
  /** The program's home, where it keeps its state. */
  readonly home: string;

  private constructor(socket: string, home: string) {
    this.#socket = socket;
    this.home = home;
  }

  /** Starts `wick` with arguments. */
  static async start(args: readonly string[], options: TerminalOptions = {}): Promise<Terminal> {
    const { columns = 80, rows = 24, env = {}, isInteractive = false } = options;
    const home = mkdtempSync(join(tmpdir(), "wick-cli-"));
    const terminal = new Terminal(`wick-test-${process.pid}-${crypto.randomUUID()}`, home);
    const variables = {
      XDG_CONFIG_HOME: join(home, "config"),
      XDG_STATE_HOME: join(home, "state"),
      HF_HUB_CACHE: join(home, "hub"),
      NO_COLOR: "1",
      ...env,
    };
    const command = [
      ...Object.entries(variables).map(([name, value]) => `${name}=${quoted(value)}`),
      quoted(process.execPath),
      quoted(program),
      ...args.map(quoted),
    ].join(" ");
    // The shell stays when the program has ended, by Ctrl-C too, so that its last words can be read.
    const shell = `trap : INT; ${command}; echo "[exit code $?]"; exec sleep 1000`;
    const size = ["-x", String(columns), "-y", String(rows)];
    const started = isInteractive ? ["env", "ENV=", "PS1=$ ", "sh", "-i"] : ["sh", "-c", shell];
    await terminal.tmux("-f", "/dev/null", "new-session", "-d", ...size, ...started);
    if (isInteractive) await terminal.enter(command);
    await terminal.tmux("set-option", "-g", "history-limit", "5000");
    return terminal;
  }

  async tmux(...args: readonly string[]): Promise<string> {
    const { stdout } = await run("tmux", ["-u", "-L", this.#socket, ...args], {
      env: { ...process.env, TMUX: "", LC_ALL: "C.UTF-8" },
    });
    return stdout;
  }

  /** Types text as it is. */
  async type(text: string): Promise<void> {
    await this.tmux("send-keys", "-l", "--", text);
  }

  /** Presses keys, by tmux's names: `Enter`, `C-c`, `M-Enter`, `Up`. */
  async press(...keys: readonly string[]): Promise<void> {
    await this.tmux("send-keys", ...keys);
  }

  /** Types a line and ends it. */
  async enter(text: string): Promise<void> {
    await this.type(text);
    await this.press("Enter");
  }

  /** Pastes as a terminal does it, between marks where the program has asked for them. */
  async paste(text: string): Promise<void> {
    await this.tmux("set-buffer", "--", text);
    await this.tmux("paste-buffer", "-p", "-d");
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.tmux("resize-window", "-x", String(columns), "-y", String(rows));
  }

  /** What stands on the screen, and above it, without spaces at the end of lines. Lines that the terminal has broken are whole. */
  async text(): Promise<string> {
    const text = await this.tmux("capture-pane", "-p", "-J", "-S", "-");
    return text.replaceAll(/ +$/gm, "").replace(/\n+$/, "");
  }

  /** What stands on the screen alone, with its lines as they are. */
  async screen(): Promise<string> {
    return (await this.tmux("capture-pane", "-p")).replace(/\n+$/, "");
  }

  /** The same with the sequences of its styles. */
  async styledScreen(): Promise<string> {
    return this.tmux("capture-pane", "-p", "-e");
  }

  async cursor(): Promise<{ column: number; row: number }> {
    const position = await this.tmux("display-message", "-p", "#{cursor_x} #{cursor_y}");
    const [column = Number.NaN, row = Number.NaN] = position.trim().split(" ").map(Number);
    return { column, row };
  }

  /** Waits until the text is as it should be; what it is then. */
  async until(isThere: string | RegExp | ((text: string) => boolean), deadlineMs = 20_000): Promise<string> {
    const began = performance.now();
    for (;;) {
      const text = await this.text();
      const isMatch =
        typeof isThere === "string"
          ? text.includes(isThere)
          : typeof isThere === "function"
            ? isThere(text)
            : isThere.test(text);
      if (isMatch) return text;
      if (performance.now() - began > deadlineMs) {
        throw new Error(`Waited for ${String(isThere)} in vain. The terminal has:\n${text}`);
      }
      await new Promise((resolve) => {
        setTimeout(resolve, 40);
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.tmux("kill-server").catch(() => {});
    rmSync(this.home, { recursive: true, force: true });
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
