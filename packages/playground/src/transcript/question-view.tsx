import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { fitHeight } from "../composer/fit-height.js";
import type { UserTurn } from "../conversation/turn.js";
import { CopyButton } from "../page/copy-button.js";
import { focusMessageBox, leaveButton } from "../page/focus.js";
import { Icon } from "../page/icon.js";
import { usePage } from "../page/page-context.js";
import { Alternatives } from "./alternatives.js";

/** What the user said. */
export function QuestionView({ turn, isLast }: { turn: UserTurn; isLast: boolean }) {
  const { playground } = usePage();
  const isEditing = useSignal(false);
  const close = () => {
    isEditing.value = false;
  };
  return (
    <li class="turn question">
      <div class="margin">
        <h2>You</h2>
      </div>
      <div class="body">
        {isEditing.value ? (
          <EditForm turn={turn} onClose={close} />
        ) : (
          <>
            <p class="said" dir="auto">
              {turn.text}
            </p>
            <div class={isLast ? "actions shown" : "actions"}>
              <CopyButton label="Copy the question" text={() => turn.text} />
              <button
                type="button"
                class="quiet"
                data-shortcut="edit"
                aria-label="Edit the question"
                title="Edit: a branch begins here"
                onClick={() => {
                  isEditing.value = true;
                }}
              >
                <Icon name="edit" />
              </button>
              {isLast && (
                <button
                  type="button"
                  class="quiet"
                  aria-label="Answer the question"
                  title="Answer"
                  onClick={(event) => {
                    if (playground.retry(turn.id)) leaveButton(event);
                  }}
                >
                  <Icon name="retry" />
                </button>
              )}
              <button
                type="button"
                class="quiet"
                aria-label="Delete the question and what follows"
                title="Delete from here"
                onClick={(event) => {
                  playground.delete(turn);
                  leaveButton(event);
                }}
              >
                <Icon name="trash" />
              </button>
              <Alternatives turn={turn} />
            </div>
          </>
        )}
      </div>
    </li>
  );
}

function EditForm({ turn, onClose }: { turn: UserTurn; onClose: () => void }) {
  const { playground } = usePage();
  const text = useSignal(turn.text);
  const box = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => fitHeight(box.current), [text.value]);
  useLayoutEffect(() => {
    box.current?.focus();
    box.current?.setSelectionRange(turn.text.length, turn.text.length);
  }, []);
  const submit = () => {
    if (!playground.edit(turn, text.value)) return;
    onClose();
    focusMessageBox();
  };
  return (
    <form
      class="edit"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <textarea
        ref={box}
        aria-label="Edit the question"
        rows={1}
        value={text.value}
        onInput={({ currentTarget }) => {
          text.value = currentTarget.value;
        }}
        onKeyDown={(event) => {
          if (event.key === "Escape") {
            event.stopPropagation();
            onClose();
          } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
            event.preventDefault();
            submit();
          }
        }}
      />
      <div class="edit-bar">
        <button type="submit" class="primary">
          Ask this instead
        </button>
        <button type="button" class="plain" onClick={onClose}>
          Cancel
        </button>
      </div>
    </form>
  );
}
