import { usePage } from "./page-context.js";

/** What screen readers are told, in whole sentences. */
export function LiveRegion() {
  const { playground } = usePage();
  return (
    <div class="off-screen" role="status" aria-live="polite" aria-atomic="false" aria-relevant="additions">
      {playground.announcer.said.value.map(({ number, text }) => (
        <p key={number}>{text}</p>
      ))}
    </div>
  );
}
