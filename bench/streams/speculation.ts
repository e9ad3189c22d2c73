import { runChild } from "../child.ts";
import type { Figure } from "../report.ts";

interface Measured {
  readonly prompt: string;
  /** Milliseconds that its answers took to decode. */
  readonly without: number;
  readonly with: number;
  readonly same: boolean;
  readonly tokens: number;
  readonly drafted: number;
  readonly accepted: number;
}

/** What must hold for each kind of prompt: what repeats gains, what does not loses little. */
const bounds: Readonly<Record<string, number>> = {
  "repeat after me": 1.5,
  "code that was shown before": 1.5,
  "text that does not repeat": 0.95,
};

/** Prompt lookup against a token a pass. */
export function measureSpeculation(): Figure[] {
  const measured = runChild<readonly Measured[]>(new URL("speculation.child.ts", import.meta.url));
  const figures = measured.map(({ prompt, without, with: drafting, tokens, drafted, accepted }): Figure => {
    const atLeast = bounds[prompt];
    const rates = [drafting, without].map((ms) => ((1000 * tokens) / ms).toFixed(0));
    return {
      name: `n-gram speculation, ${prompt}: decode against without`,
      value: without / drafting,
      unit: "×",
      ...(atLeast === undefined ? {} : { atLeast }),
      note: `${rates.join(" against ")} tokens/s on 1 thread; ${accepted} of ${drafted} drafted tokens accepted, of ${tokens}`,
    };
  });
  const different = measured.filter(({ same }) => !same).length;
  return [...figures, { name: "n-gram speculation: prompts with other bytes", value: different, unit: "", atMost: 0 }];
}
