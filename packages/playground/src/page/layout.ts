import { type ReadonlySignal, type Signal, signal } from "@preact/signals";

/** What stands at the side. */
export type PanelName = "settings" | "inspector" | "code";
/** What stands before all else. */
export type DialogName = "shortcuts" | "key";

/** What is open, and what there is room for. */
export class Layout {
  /** Room for a column at the left. */
  readonly hasListColumn = mediaQuery("(min-width: 60rem)");
  /** And for one at the right. */
  readonly hasPanelColumn = mediaQuery("(min-width: 80rem)");
  readonly panel: Signal<PanelName | null> = signal(null);
  readonly isListOpen = signal(this.hasListColumn.value);
  readonly dialog: Signal<DialogName | null> = signal(null);

  constructor() {
    // Where its column no longer fits, it would stand before the page unasked.
    this.hasListColumn.subscribe((fits) => {
      this.isListOpen.value = fits;
    });
  }

  toggle(panel: PanelName): void {
    this.panel.value = this.panel.value === panel ? null : panel;
  }
}

function mediaQuery(query: string): ReadonlySignal<boolean> {
  const list = matchMedia(query);
  const matches = signal(list.matches);
  list.addEventListener("change", () => {
    matches.value = list.matches;
  });
  return matches;
}
