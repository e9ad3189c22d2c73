import { runChild } from "../child.ts";
import { randomLongContext } from "../models.ts";
import type { Figure } from "../report.ts";

interface LongPrompt {
  readonly decodeStep: number;
  readonly longest: number;
  readonly slowest: number;
  readonly steps: number;
  readonly total: number;
}

const LENGTH = 30_000;

/** How long four decoding streams pause for a long prompt. */
export function measureLongPrompt(): Figure[] {
  const module = new URL("long-prompt.child.ts", import.meta.url);
  const { decodeStep, longest, slowest, steps, total } = runChild<LongPrompt>(module, [
    randomLongContext(),
    String(LENGTH),
  ]);
  const note = `decode step ${decodeStep.toFixed(1)} ms, slowest chunk ${slowest.toFixed(0)} ms, ${steps} steps in ${(total / 1000).toFixed(1)} s`;
  const name = `longest pause of 4 streams while a prompt of ${LENGTH} tokens comes in`;
  return [
    { name, value: longest, unit: "ms", atMost: Math.max(4 * decodeStep, 250), note },
    { name: `${name}, of the slowest chunk`, value: longest / slowest, unit: "×", atMost: 2 },
  ];
}
