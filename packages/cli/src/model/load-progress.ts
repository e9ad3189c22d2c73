import type { LoadProgress } from "wick";
import { printableLine } from "../output/printable.js";
import { bytesText, durationText } from "../output/quantity.js";
import type { TextOutput } from "../output/text-output.js";

/** More often nobody can read it. */
const intervalMs = 100;

/** How far a load is, on one line of a terminal; elsewhere nothing. */
export class ProgressLine {
  readonly #output: TextOutput;
  readonly #now: () => number;
  #shownAt = -Infinity;
  #shown = "";

  /** @param now - The time in milliseconds. */
  constructor(output: TextOutput, now: () => number = () => performance.now()) {
    this.#output = output;
    this.#now = now;
  }

  show(progress: LoadProgress): void {
    if (!this.#output.isTerminal) return;
    const now = this.#now();
    if (now - this.#shownAt < intervalMs) return;
    this.#shownAt = now;
    const text = printableLine(progressText(progress), this.#output.columns - 1);
    if (text === this.#shown) return;
    this.#shown = text;
    this.#output.write(`\r${text}\u001B[K`);
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#shown !== "") this.#output.write("\r\u001B[K");
    this.#shown = "";
    this.#shownAt = -Infinity;
  }
}

/** How far a load is, in words. */
export function progressText(progress: LoadProgress): string {
  const { kind, loadedBytes, totalBytes } = progress;
  switch (kind) {
    case "download": {
      const { bytesPerSecond, remainingMs, file } = progress;
      const speed = bytesPerSecond === undefined ? "" : `, ${bytesText(bytesPerSecond)}/s`;
      const rest = remainingMs === undefined ? "" : `, ${durationText(remainingMs)} left`;
      const of = totalBytes === undefined ? bytesText(loadedBytes) : shareText(loadedBytes, totalBytes);
      return `Downloading ${nameOf(file)}: ${of}${speed}${rest}`;
    }
    case "verify":
      return `Checking ${nameOf(progress.file)}: ${shareText(loadedBytes, progress.totalBytes)}`;
    case "weights":
      return `Loading: ${shareText(loadedBytes, progress.totalBytes)}`;
  }
}

function shareText(loaded: number, total: number): string {
  const percent = total === 0 ? 100 : Math.floor((100 * loaded) / total);
  return `${percent} % of ${bytesText(total)}`;
}

function nameOf(file: string): string {
  return file.split("/").at(-1) ?? file;
}
