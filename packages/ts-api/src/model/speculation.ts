import type { ModelSource } from "./load-options.js";

/**
 * How prompt lookup drafts: where the last tokens of prompt and answer stand earlier in them, what followed there is drafted.
 *
 * @example
 * ```ts
 * const longCopies: NgramSpeculation = { maxTokens: 15, minMatch: 3 };
 * ```
 */
export interface NgramSpeculation {
  /** Tokens of a draft at most, from 1 to 64; 7. Less is drafted where less is kept, and never more than the reader has room for. */
  maxTokens?: number | undefined;
  /** Tokens that must stand earlier, from 1 to 32; 2. */
  minMatch?: number | undefined;
  /** Tokens that are compared, from `minMatch` to 32; 4. The longest match counts, and the last of those. */
  maxMatch?: number | undefined;
}

/**
 * Where drafts come from: tokens that the model computes together, and keeps as far as they are those it draws anyway. `"ngram"`
 * looks them up in prompt and answer, which costs nothing and pays where an answer repeats: code that is changed, texts that are
 * quoted, summaries. `draft` is a smaller model of the same vocabulary, which is loaded with this one and counts to its memory;
 * `maxTokens` are those of a draft at most, from 1 to 64, 7 if left open.
 *
 * @example
 * ```ts
 * const model = await Model.load("./model.gguf", { speculation: "ngram" });
 * ```
 */
export type Speculation =
  | "off"
  | "ngram"
  | { ngram: NgramSpeculation }
  | { draft: ModelSource; maxTokens?: number | undefined };
