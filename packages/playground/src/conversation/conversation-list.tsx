import { useRef } from "preact/hooks";
import { Dialog } from "../page/dialog.js";
import { leaveButton } from "../page/focus.js";
import { Icon } from "../page/icon.js";
import { usePage } from "../page/page-context.js";
import { type Conversation, titleOf } from "./conversation.js";

/** No browser keeps a tenth of it. */
const largestFile = 50e6;

/** The conversations that the browser keeps: in a column, or before the page where there is no room for one. */
export function ConversationList() {
  const { layout } = usePage();
  if (!layout.isListOpen.value) return null;
  const close = () => {
    layout.isListOpen.value = false;
  };
  if (layout.hasListColumn.value) {
    return (
      <aside class="list-column" aria-label="Conversations">
        <List onChosen={() => {}} />
      </aside>
    );
  }
  return (
    <Dialog title="Conversations" kind="left" onClose={close}>
      <List onChosen={close} />
    </Dialog>
  );
}

function List({ onChosen }: { onChosen: () => void }) {
  const { playground } = usePage();
  const file = useRef<HTMLInputElement>(null);
  const read = async (chosen: File | undefined) => {
    if (chosen === undefined) return;
    if (chosen.size > largestFile) {
      playground.notices.problem("The file is too large for a conversation: more than 50 MB.");
      return;
    }
    playground.import(await chosen.text());
    onChosen();
  };
  return (
    <div class="conversations">
      <div class="list-bar">
        <button
          type="button"
          class="plain"
          onClick={() => {
            if (playground.begin()) onChosen();
          }}
        >
          <Icon name="plus" /> New
        </button>
        <button type="button" class="plain" onClick={() => file.current?.click()}>
          <Icon name="upload" /> Import
        </button>
        <input
          ref={file}
          type="file"
          class="off-screen"
          tabIndex={-1}
          aria-label="A conversation as JSON"
          accept=".json,application/json"
          onChange={({ currentTarget }) => {
            void read(currentTarget.files?.[0]);
            // So that the same file can be chosen again.
            currentTarget.value = "";
          }}
        />
      </div>
      <ul>
        {playground.shelf.list.value.map((conversation) => (
          <Entry key={conversation.id} conversation={conversation} onChosen={onChosen} />
        ))}
      </ul>
      {playground.shelf.list.value.length === 0 && <p class="help">Conversations are kept in this browser alone.</p>}
    </div>
  );
}

function Entry({ conversation, onChosen }: { conversation: Conversation; onChosen: () => void }) {
  const { playground } = usePage();
  const isCurrent = playground.conversation.value.id === conversation.id;
  const title = titleOf(conversation);
  return (
    <li class={isCurrent ? "current" : ""}>
      <button
        type="button"
        class="entry"
        aria-current={isCurrent ? "true" : undefined}
        onClick={() => {
          playground.open(conversation.id);
          onChosen();
        }}
      >
        <span class="title">{title}</span>
        <span class="when">{whenOf(conversation.changedAt)}</span>
      </button>
      <button
        type="button"
        class="quiet"
        aria-label={`Delete “${title}”`}
        title="Delete"
        onClick={(event) => {
          playground.deleteConversation(conversation);
          leaveButton(event);
        }}
      >
        <Icon name="trash" />
      </button>
    </li>
  );
}

/** Of today the time, else the day. */
function whenOf(milliseconds: number): string {
  const date = new Date(milliseconds);
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday
    ? date.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" })
    : date.toLocaleDateString(undefined, { day: "numeric", month: "short" });
}
