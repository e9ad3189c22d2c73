/** Figures of several repetitions in one. */
export interface Summary {
  median: number;
  min: number;
  max: number;
}

/** The median and how far the others are from it. */
export function summary(values: readonly number[]): Summary | undefined {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
  return { median, min: sorted[0] ?? median, max: sorted.at(-1) ?? median };
}
