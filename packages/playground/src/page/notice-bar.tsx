import { Icon } from "./icon.js";
import { usePage } from "./page-context.js";

/** What the page has to tell. Screen readers hear of it by the live region. */
export function NoticeBar() {
  const { notices } = usePage().playground;
  if (notices.shown.value.length === 0) return null;
  return (
    <section class="notices" aria-label="Notices">
      {notices.shown.value.map(({ number, text, isProblem, action }) => (
        <div key={number} class={isProblem ? "notice problem" : "notice"}>
          <p>{text}</p>
          {action !== undefined && (
            <button
              type="button"
              class="plain"
              onClick={() => {
                action.act();
                notices.close(number);
              }}
            >
              {action.label}
            </button>
          )}
          <button type="button" class="quiet" aria-label="Close the notice" onClick={() => notices.close(number)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </section>
  );
}
