import { alternativesOf } from "../conversation/conversation.js";
import type { Turn } from "../conversation/turn.js";
import { Icon } from "../page/icon.js";
import { usePage } from "../page/page-context.js";

/** Goes through what stands in the same place: questions that were asked instead, answers that were given again. */
export function Alternatives({ turn }: { turn: Turn }) {
  const { playground } = usePage();
  const all = alternativesOf(playground.conversation.value, turn);
  if (all.length < 2) return null;
  const at = all.findIndex(({ id }) => id === turn.id);
  const step = (by: number, label: string, icon: "before" | "after") => {
    const other = all[at + by];
    return (
      <button
        type="button"
        class="quiet"
        aria-label={label}
        title={label}
        aria-disabled={other === undefined}
        onClick={() => {
          if (other !== undefined) playground.show(other);
        }}
      >
        <Icon name={icon} />
      </button>
    );
  };
  return (
    <span class="alternatives" role="group" aria-label="Branches">
      {step(-1, "The branch before", "before")}
      <span class="figure">
        {at + 1} / {all.length}
      </span>
      {step(1, "The branch after", "after")}
    </span>
  );
}
