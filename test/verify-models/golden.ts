import type { Model } from "wick";

/** Greedy answers of a reference, as `transformers.py` writes them. */
export interface Golden {
  cases: readonly { name: string; prompt: readonly number[]; greedy: readonly number[]; margins: readonly number[] }[];
}

/** How far our engine says what the reference says. */
export interface Agreement {
  /** Tokens that were compared. */
  tokens: number;
  /** Where it first said another one that was no near tie, if it did. */
  difference?: string;
}

/**
 * Compares greedy answers token by token. Where the reference itself was undecided, by less than `tie` between its two best logits, either
 * of them is right, and what follows is of another text.
 */
export async function compared(model: Model, { cases }: Golden, tie: number): Promise<Agreement> {
  let tokens = 0;
  for (const { name, prompt, greedy, margins } of cases) {
    const request = { prompt, temperature: 0, maxTokens: greedy.length, ignoreEos: true, logprobs: true };
    const { choices } = await model.completions.complete(request);
    const ids = choices[0].logprobs?.map(({ id }) => id) ?? [];
    const at = greedy.findIndex((id, place) => id !== ids[place]);
    tokens += at < 0 ? greedy.length : at;
    if (at >= 0 && (margins[at] ?? 0) >= tie) {
      const difference = `${name}: token ${at} is ${ids[at]}, and ${greedy[at]} by a margin of ${margins[at]} there`;
      return { tokens, difference };
    }
  }
  return { tokens };
}
