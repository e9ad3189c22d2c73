import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { GrowingMarkdown } from "../markdown/growing-markdown.js";
import { MarkdownView } from "../markdown/markdown-view.js";
import type { Run } from "../run/run.js";

/** A long text is taken apart so long in a frame. */
const frameMs = 8;

/** Text of an answer. While it comes its run takes it apart; what was kept is taken apart here, over as many frames as it takes. */
export function ProseView({ markdown, run }: { markdown: GrowingMarkdown; run: Run | undefined }) {
  const drawn = useSignal(0);
  const version = run?.frame.value ?? drawn.value;
  const isKept = run === undefined;
  if (isKept && !markdown.isComplete) markdown.advance(frameMs);
  useEffect(() => {
    if (!isKept || markdown.isComplete) return undefined;
    const frame = requestAnimationFrame(() => {
      drawn.value += 1;
    });
    return () => cancelAnimationFrame(frame);
  });
  return <MarkdownView settled={markdown.settled} open={markdown.open} version={version} />;
}
