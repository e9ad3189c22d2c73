import type { Token } from "marked";

/** Code that has a block of its own. */
export interface CodeBlock {
  readonly kind: "code";
  readonly language: string;
  /** Runs of whole lines without the last line's end, so that what grows at the end changes the last run alone. */
  readonly pieces: readonly string[];
}

/** What stands in a text below the other. */
export type Block =
  | CodeBlock
  | { readonly kind: "markdown"; readonly token: Token }
  /** Text that is shown as it is, since marked could not take it apart. */
  | { readonly kind: "plain"; readonly text: string };
