import { type ComponentChild, h } from "preact";
import type { Block } from "./block.js";
import { CodeView } from "./code-view.js";
import { TokenView } from "./token-view.js";

/** What one block of a model's text is on the page. */
export function blockNode(block: Block, key: number): ComponentChild {
  switch (block.kind) {
    case "code":
      return h(CodeView, { key, language: block.language, pieces: block.pieces });
    case "markdown":
      return h(TokenView, { key, token: block.token });
    case "plain":
      return h("p", { key, class: "as-is" }, block.text);
  }
}
