import type { Token, Tokens } from "marked";
import type { ComponentChild } from "preact";
import { withoutReferences } from "./character-reference.js";
import { safeLink } from "./safe-link.js";

/** Deeper nesting is shown as it was written: what draws it would run out of stack. */
export const deepest = 24;

/** What stands within a line. Text becomes text nodes, whatever it spells. */
export function inlineNodes(tokens: readonly Token[] = [], depth = 0): ComponentChild[] {
  return tokens.map((token) => inlineNode(token, depth));
}

function inlineNode(token: Token, depth: number): ComponentChild {
  if (depth > deepest) return token.raw;
  const inner = () => inlineNodes("tokens" in token ? token.tokens : [], depth + 1);
  switch (token.type) {
    case "strong":
      return <strong>{inner()}</strong>;
    case "em":
      return <em>{inner()}</em>;
    case "del":
      return <del>{inner()}</del>;
    case "br":
      return <br />;
    case "codespan":
      return <code>{(token as Tokens.Codespan).text}</code>;
    case "link":
      return link(token as Tokens.Link, inner());
    case "image":
      return image(token as Tokens.Image);
    case "escape":
      return (token as Tokens.Escape).text;
    case "html":
      // Of HTML a line's break alone is taken as such; models write it in the cells of tables.
      return /^<br\s*\/?>$/i.test(token.raw.trim()) ? <br /> : token.raw;
    case "checkbox":
      return <input type="checkbox" disabled checked={token["checked"] === true} aria-label="Done" />;
    case "text":
      return "tokens" in token && token.tokens !== undefined ? inner() : withoutReferences((token as Tokens.Text).text);
    default:
      return token.raw;
  }
}

function link({ href, raw, title, autolink }: Tokens.Link, inner: ComponentChild[]): ComponentChild {
  const target = safeLink(autolink === true ? href : withoutReferences(href));
  if (target === undefined) return raw;
  return (
    <a href={target} title={title ?? target} target="_blank" rel="noopener noreferrer">
      {inner}
    </a>
  );
}

/** A model's image is not fetched: its address would tell a stranger what was said here. */
function image({ href, text, raw }: Tokens.Image): ComponentChild {
  const target = safeLink(withoutReferences(href));
  if (target === undefined) return raw;
  return (
    <a class="image-link" href={target} title={target} target="_blank" rel="noopener noreferrer">
      {text === "" ? "Image" : withoutReferences(text)}
    </a>
  );
}
