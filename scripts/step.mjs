// One long step of a script: runs a command, shows that it goes on, and on failure prints all it said and what to do.

import { spawn } from "node:child_process";
import { environment } from "./toolchain.mjs";

/** A failure whose message is all that the user needs. */
export class StepError extends Error {}

const clear = "\r\u001b[2K";

function duration(milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/**
 * Runs `command` and resolves to its output (both streams, in order of arrival).
 *
 * On a terminal one line shows the time passed and the command's last words; elsewhere a line at the start and one at the end.
 * `advice` ends the error message of a failed step.
 */
export function step(title, command, args, { advice, cwd, env, quiet = false, allowFailure = false } = {}) {
  const live = process.stderr.isTTY === true && !quiet;
  const started = Date.now();
  let output = "";
  let lastLine = "";

  const show = () => {
    const text = `  ${title} … ${duration(Date.now() - started)}  ${lastLine}`;
    process.stderr.write(clear + text.slice(0, (process.stderr.columns ?? 80) - 1));
  };
  if (!live && !quiet) process.stderr.write(`  ${title} …\n`);
  const timer = live ? setInterval(show, 100) : undefined;

  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: environment(env), stdio: ["ignore", "pipe", "pipe"] });
    const listen = (data) => {
      output += data;
      const lines = String(data)
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== "");
      lastLine = lines.at(-1) ?? lastLine;
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    const end = (problem) => {
      clearInterval(timer);
      if (live) process.stderr.write(clear);
      if (problem === undefined || allowFailure) {
        const time = duration(Date.now() - started);
        if (!quiet) process.stderr.write(`  ${title}: ${problem === undefined ? "done" : problem} (${time})\n`);
        resolve({ output, failed: problem !== undefined });
      } else {
        reject(
          new StepError(`${output.trimEnd()}\n\n${title}: ${problem}.${advice === undefined ? "" : `\n${advice}`}`),
        );
      }
    };
    child.on("error", (error) => end(`\`${command}\` could not be started (${error.code ?? error.message})`));
    child.on("close", (code, signal) => end(code === 0 ? undefined : `failed with ${signal ?? `exit code ${code}`}`));
  });
}

/** Runs a script's main function; a failed step prints its message alone, without a stack. */
export async function main(run) {
  try {
    await run();
  } catch (error) {
    process.stderr.write(`${error instanceof StepError ? error.message : error.stack}\n`);
    process.exitCode = 1;
  }
}
