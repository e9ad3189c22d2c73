import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { fitHeight } from "../composer/fit-height.js";
import { usePage } from "../page/page-context.js";

/** What the model is told to be, in this conversation. */
export function SystemPrompt() {
  const { playground } = usePage();
  const { system } = playground.conversation.value;
  const text = useSignal(system);
  const box = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => fitHeight(box.current), [text.value]);
  return (
    <div class="turn system">
      <div class="margin">
        <label for="system">System</label>
      </div>
      <textarea
        ref={box}
        id="system"
        rows={1}
        placeholder="No system prompt. Write what the model should be."
        value={text.value}
        onInput={({ currentTarget }) => {
          text.value = currentTarget.value;
        }}
        onChange={() => playground.setSystem(text.value)}
      />
    </div>
  );
}
