import { runChild } from "../child.ts";
import type { Figure } from "../report.ts";

const cycles = 1000;
const marks = [1, 100, 500, cycles];

/** Resident memory over many lives of a model: it comes to rest. */
export function measureCycles(): Figure[] {
  const module = new URL("programs/cycles.ts", import.meta.url);
  const resident = runChild<Record<number, number>>(module, [cycles, ...marks].map(String), ["--expose-gc"]);
  const at = (cycle: number) => resident[cycle] ?? Number.NaN;
  const note = marks.map((cycle) => `after ${cycle}: ${(at(cycle) / 1e6).toFixed(0)} MB`).join(", ");
  const name = `resident memory, ${cycles} times load, answer and close: growth of the second half`;
  return [{ name, value: (at(cycles) - at(500)) / 1e6, unit: "MB", atMost: 16, note }];
}
