import { runChild } from "../child.ts";
import { median, type Figure } from "../report.ts";

type Pairs = readonly { readonly first: number; readonly second: number; readonly cached: number }[];

/** What a second request with the same beginning waits for. */
export function measurePrefix(): Figure[] {
  const pairs = runChild<Pairs>(new URL("prefix.child.ts", import.meta.url));
  const [first, second] = [median(pairs.map((pair) => pair.first)), median(pairs.map((pair) => pair.second))];
  return [
    {
      name: "second request with the same 1,000 tokens: time to first token, of the first's",
      value: median(pairs.map((pair) => (100 * pair.second) / pair.first)),
      unit: "%",
      atMost: 10,
      note: `${second.toFixed(1)} of ${first.toFixed(1)} ms; ${median(pairs.map((pair) => pair.cached))} tokens cached; median of 9 pairs`,
    },
  ];
}
