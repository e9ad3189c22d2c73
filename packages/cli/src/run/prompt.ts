import { fstatSync } from "node:fs";
import type { CommandContext } from "../command-context.js";
import { UsageError } from "../failure.js";
import type { InputStream } from "../environment.js";

/** After so long without input it is told what is waited for: a pipe that nobody closes looks like one that is slow. */
const patienceMs = 3000;

/**
 * The prompt of the command line, and behind it what is piped in.
 *
 * @throws {@link UsageError} where there is neither.
 */
export async function readPrompt(words: readonly string[], context: CommandContext): Promise<string> {
  const given = words.join(" ");
  const piped = isPiped(context.environment.stdin) ? await readAll(context) : "";
  // A prompt of white space alone is none; any other is taken as it is, but for the newline that ends a file.
  const input = piped.trim() === "" ? "" : piped.replace(/\r?\n$/, "");
  if (given === "" && input === "") {
    throw new UsageError('There is no prompt. Write it behind the command, as in wick run "Hello", or pipe it in.');
  }
  return [given, input].filter((part) => part !== "").join("\n\n");
}

/** Whether something stands behind the input that ends: not a terminal, and no other device. */
function isPiped(stdin: InputStream): boolean {
  if (stdin.isTTY === true) return false;
  if (stdin.fd === undefined) return true;
  try {
    return !fstatSync(stdin.fd).isCharacterDevice();
  } catch {
    // It is closed.
    return false;
  }
}

async function readAll({ environment: { stdin }, stderr, interruption: { signal } }: CommandContext): Promise<string> {
  const note = "Reading the input, which is part of the prompt, to its end (Ctrl-D, or wick run … < /dev/null).\n";
  const timer = setTimeout(() => stderr.write(note), patienceMs);
  const leave = () => stdin.destroy();
  signal.addEventListener("abort", leave, { once: true });
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const chunk of stdin) {
      clearTimeout(timer);
      text += typeof chunk === "string" ? chunk : decoder.decode(chunk as Uint8Array, { stream: true });
    }
    return text + decoder.decode();
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", leave);
  }
}
