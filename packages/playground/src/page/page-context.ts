import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Playground } from "../playground.js";
import type { Layout } from "./layout.js";
import type { Shortcuts } from "./shortcuts.js";
import type { Theme } from "./theme.js";

/** What views are of. */
export interface PageContext {
  readonly playground: Playground;
  readonly layout: Layout;
  readonly theme: Theme;
  readonly shortcuts: Shortcuts;
}

const context = createContext<PageContext | null>(null);

export const PageProvider = context.Provider;

/** What the page that a view is in has. */
export function usePage(): PageContext {
  const page = useContext(context);
  if (page === null) throw new Error("A view stands outside of the page.");
  return page;
}
