import { useSignal } from "@preact/signals";
import { Dialog } from "../page/dialog.js";
import { usePage } from "../page/page-context.js";

/** Asks for the server's key. */
export function KeyDialog() {
  const { layout, playground } = usePage();
  const { models } = playground;
  const key = useSignal("");
  const issue = useSignal("");
  const isAsking = models.served.value.kind === "asking";
  const isWrong = models.served.value.kind === "locked" && models.served.value.isWrong;
  const words = issue.value !== "" ? issue.value : isWrong ? "The server did not take the key it has." : "";
  const close = () => {
    layout.dialog.value = null;
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const given = key.value.trim();
    // What no header can hold.
    issue.value = /^[\u0021-\u007E]+$/.test(given) ? "" : "A key has letters, digits and signs, and no spaces.";
    if (issue.value !== "") return;
    await models.unlock(given);
    if (models.served.value.kind === "locked") playground.announcer.say("The server did not take this key.");
    else close();
  };
  return (
    <Dialog title="This server wants a key" onClose={close}>
      <form class="key" onSubmit={(event) => void submit(event)}>
        <label for="key">Key</label>
        <input
          id="key"
          type="password"
          autocomplete="off"
          autofocus
          value={key.value}
          aria-invalid={words !== ""}
          aria-describedby="key-words key-help"
          onInput={({ currentTarget }) => {
            key.value = currentTarget.value;
          }}
        />
        <p id="key-words" class="issue">
          {words}
        </p>
        <p id="key-help" class="help">
          It stays in this tab, until the tab is closed, and goes to this server alone.
        </p>
        <button type="submit" class="primary" disabled={isAsking}>
          {isAsking ? "Asking …" : "Use this key"}
        </button>
      </form>
    </Dialog>
  );
}
