import { useSignal } from "@preact/signals";
import { copyText } from "./clipboard.js";
import { Icon } from "./icon.js";
import { usePage } from "./page-context.js";

/** So long it says that it has copied. */
const saidMs = 2000;

/** Copies text, which is asked for when it is pressed. */
export function CopyButton({
  label,
  text,
  hasWords = false,
}: {
  label: string;
  text: () => string | Promise<string>;
  hasWords?: boolean;
}) {
  const { playground } = usePage();
  const isDone = useSignal(false);
  const copy = async () => {
    if (!(await copyText(await text()))) {
      playground.notices.problem("The browser did not let the page copy. Select the text and copy it yourself.");
      return;
    }
    isDone.value = true;
    playground.announcer.say("Copied.");
    setTimeout(() => {
      isDone.value = false;
    }, saidMs);
  };
  return (
    <button type="button" class="quiet" aria-label={label} title={label} onClick={() => void copy()}>
      <Icon name={isDone.value ? "done" : "copy"} />
      {hasWords && <span>{isDone.value ? "Copied" : "Copy"}</span>}
    </button>
  );
}
