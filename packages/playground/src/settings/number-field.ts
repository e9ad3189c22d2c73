import type { NumberName } from "./settings.js";

/** What a number may be, as the engine has it. */
export interface NumberField {
  readonly label: string;
  readonly help: string;
  readonly least: number;
  readonly most: number;
  /** Whether the least itself is too little. */
  readonly isAbove?: true;
  readonly isWhole?: true;
}

const anyWhole = { least: 0, most: Number.MAX_SAFE_INTEGER, isWhole: true } as const;

/** Each field that is a number. */
export const numberFields: Readonly<Record<NumberName, NumberField>> = {
  temperature: { label: "Temperature", help: "0 always takes the likeliest token.", least: 0, most: 10 },
  topP: { label: "Top-p", help: "The likeliest tokens that make up this much.", least: 0, most: 1, isAbove: true },
  topK: { label: "Top-k", help: "So many of the likeliest tokens.", least: 0, most: 2 ** 31 - 1, isWhole: true },
  minP: { label: "Min-p", help: "At least so likely, beside the likeliest.", least: 0, most: 1 },
  maxTokens: { label: "Max tokens", help: "The answer is cut there.", ...anyWhole, least: 1 },
  randomSeed: { label: "Seed", help: "The same one gives the same answer.", ...anyWhole },
  frequencyPenalty: { label: "Frequency", help: "Grows with each occurrence.", least: -2, most: 2 },
  presencePenalty: { label: "Presence", help: "Against whatever occurred.", least: -2, most: 2 },
  repetitionPenalty: { label: "Repetition", help: "1 changes nothing.", least: 0, most: 10, isAbove: true },
  reasoningTokens: { label: "Reasoning tokens", help: "Thinking is ended there.", ...anyWhole, most: 2 ** 53 },
  topLogprobs: { label: "Alternatives", help: "Told beside each token.", least: 0, most: 20, isWhole: true },
  maxToolRounds: { label: "Rounds", help: "In how many tools run; 8.", least: 1, most: 1000, isWhole: true },
};

/** The range in words. */
function rangeOf({ least, most, isAbove, isWhole }: NumberField): string {
  const from = isAbove === true ? `above ${least}` : `${least}`;
  const kind = isWhole === true ? "whole number" : "number";
  if (most >= 2 ** 31 - 1) return `a ${kind} from ${from} up`;
  return isAbove === true ? `a ${kind} ${from}, at most ${most}` : `a ${kind} from ${from} to ${most}`;
}

/** What a text says; nothing for an empty one. */
export function readNumber(text: string, field: NumberField): { value?: number; issue?: string } {
  if (text.trim() === "") return {};
  // Number() also takes hexadecimal and "Infinity".
  const value = /^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?\s*$/i.test(text) ? Number(text) : Number.NaN;
  const isWithin = value >= field.least && value <= field.most && !(field.isAbove === true && value === field.least);
  const isRight = isWithin && (field.isWhole !== true || Number.isInteger(value));
  return isRight ? { value } : { issue: `${field.label} must be ${rangeOf(field)}.` };
}
