import { Dialog } from "./dialog.js";
import { usePage } from "./page-context.js";

const always: readonly (readonly [string, string])[] = [
  ["Enter", "Send the message"],
  ["Shift Enter", "Begin another line"],
  ["Escape", "Stop the answer, or close what is open"],
];

/** What keys do. */
export function ShortcutsDialog() {
  const { layout, shortcuts } = usePage();
  return (
    <Dialog
      title="Keyboard shortcuts"
      onClose={() => {
        layout.dialog.value = null;
      }}
    >
      <dl class="keys">
        {always.map(([keys, does]) => (
          <Row key={keys} keys={keys} does={does} />
        ))}
      </dl>
      <h3>Outside of text fields</h3>
      <dl class="keys">
        {shortcuts.all.map(({ key, does }) => (
          <Row key={key} keys={key} does={does} />
        ))}
      </dl>
      <label class="check">
        <input
          type="checkbox"
          checked={shortcuts.isOn.value}
          onChange={({ currentTarget }) => shortcuts.turn(currentTarget.checked)}
        />
        Single keys are shortcuts
      </label>
    </Dialog>
  );
}

function Row({ keys, does }: { keys: string; does: string }) {
  return (
    <div>
      <dt>
        {keys.split(" ").map((name) => (
          <kbd key={name}>{name}</kbd>
        ))}
      </dt>
      <dd>{does}</dd>
    </div>
  );
}
