import { useSignal } from "@preact/signals";
import type { GrowingMarkdown } from "../markdown/growing-markdown.js";
import type { Run } from "../run/run.js";
import { ProseView } from "./prose-view.js";

/** What the model thought before it answered: folded, and there while it comes. */
export function ReasoningView({
  text,
  markdown,
  run,
}: {
  text: string;
  markdown: GrowingMarkdown;
  run: Run | undefined;
}) {
  void run?.frame.value;
  const isOpen = useSignal(false);
  const isComing = run !== undefined && !markdown.isComplete;
  const words = text.trim().split(/\s+/).length;
  return (
    <details
      class={isComing ? "reasoning coming" : "reasoning"}
      onToggle={({ currentTarget }) => {
        isOpen.value = currentTarget.open;
      }}
    >
      <summary>
        {isComing ? "Thinking" : "Thought"} <span class="figure">{words.toLocaleString()} words</span>
      </summary>
      {/* Nothing is drawn that nobody sees. */}
      {isOpen.value && <ProseView markdown={markdown} run={run} />}
    </details>
  );
}
