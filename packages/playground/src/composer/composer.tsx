import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { ModelPicker } from "../models/model-picker.js";
import { Icon } from "../page/icon.js";
import { messageBoxId } from "../page/focus.js";
import { usePage } from "../page/page-context.js";
import { fitHeight } from "./fit-height.js";

/** Where one writes, and who answers. */
export function Composer() {
  const { playground } = usePage();
  const text = useSignal("");
  const box = useRef<HTMLTextAreaElement>(null);
  const obstacle = playground.obstacle();
  const isRunning = obstacle === "running";
  useLayoutEffect(() => fitHeight(box.current), [text.value]);
  const send = () => {
    if (playground.send(text.value)) text.value = "";
    else if (text.value.trim() === "") box.current?.focus();
  };
  return (
    <form
      class="composer"
      aria-label="Your message"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <label class="off-screen" for={messageBoxId}>
        Message
      </label>
      <textarea
        ref={box}
        id={messageBoxId}
        rows={1}
        placeholder="Write a message"
        enterkeyhint="send"
        value={text.value}
        onInput={({ currentTarget }) => {
          text.value = currentTarget.value;
        }}
        onKeyDown={(event) => {
          // Enter within an input method takes its suggestion.
          if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          send();
        }}
      />
      <div class="composer-bar">
        <ModelPicker />
        {isRunning ? (
          <button type="button" class="primary" aria-label="Stop" onClick={() => playground.stop()}>
            <Icon name="stop" />
            <span class="word">Stop</span>
          </button>
        ) : (
          <button type="submit" class="primary" aria-label="Send">
            <Icon name="send" />
            <span class="word">Send</span>
          </button>
        )}
      </div>
    </form>
  );
}
