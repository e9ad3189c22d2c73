import type { ProsePart } from "../conversation/turn.js";
import { GrowingMarkdown } from "./growing-markdown.js";

const known = new WeakMap<ProsePart, GrowingMarkdown>();

/** A part's text taken apart, or to be taken apart: once for each part. */
export function markdownOf(part: ProsePart): GrowingMarkdown {
  const before = known.get(part);
  if (before !== undefined) return before;
  const markdown = new GrowingMarkdown();
  markdown.append(part.text);
  markdown.finish();
  known.set(part, markdown);
  return markdown;
}

/** Says what a part's text was taken apart to while it came. */
export function keepMarkdown(part: ProsePart, markdown: GrowingMarkdown): void {
  known.set(part, markdown);
}
