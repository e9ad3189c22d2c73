import type { MarkedToken, Token } from "marked";
import { assertNever } from "wick";
import type { Palette, Style } from "../terminal/palette.js";
import type { Span } from "../terminal/styled-text.js";

/** References that models write. Others stay as they are. */
const namedCharacters: ReadonlyMap<string, string> = new Map([
  ["amp", "&"],
  ["apos", "'"],
  ["copy", "©"],
  ["gt", ">"],
  ["hellip", "…"],
  ["lt", "<"],
  ["mdash", "—"],
  ["nbsp", "\u00A0"],
  ["ndash", "–"],
  ["quot", '"'],
  ["times", "×"],
]);

/** The text within a block, with its styles. A newline in it stays one: models mean it. */
export function inlineSpans(tokens: readonly Token[], palette: Palette, style: Style = palette.plain): Span[] {
  return tokens.flatMap((token) => spansOf(token as MarkedToken, palette, style));
}

function spansOf(token: MarkedToken, palette: Palette, style: Style): Span[] {
  const within = (tokens: readonly Token[], inner: Style) => inlineSpans(tokens, palette, (text) => style(inner(text)));
  switch (token.type) {
    case "text":
      return token.tokens === undefined
        ? [{ text: withCharacters(token.text), style }]
        : inlineSpans(token.tokens, palette, style);
    case "escape":
      return [{ text: token.text, style }];
    case "strong":
      return within(token.tokens, palette.strong);
    case "em":
      return within(token.tokens, palette.emphasis);
    case "del":
      return within(token.tokens, palette.deleted);
    case "codespan": {
      const text = token.text.replaceAll("\n", " ");
      return [
        palette.isColored ? { text, style: (code) => style(palette.code(code)) } : { text: `\`${text}\``, style },
      ];
    }
    case "link": {
      const label = within(token.tokens, palette.link);
      const text = label.map((span) => span.text).join("");
      return isAddressOf(text, token.href) ? label : [...label, { text: ` (${token.href})`, style: palette.dim }];
    }
    case "image":
      return [{ text: `[${token.text === "" ? "image" : token.text}] (${token.href})`, style: palette.dim }];
    case "br":
      return [{ text: "\n", style }];
    case "checkbox":
      return [{ text: token.checked ? "☑ " : "☐ ", style }];
    case "html":
    case "blockquote":
    case "code":
    case "def":
    case "heading":
    case "hr":
    case "list":
    case "list_item":
    case "paragraph":
    case "space":
    case "table":
      // Of blocks none is within a line; tags are shown as they are.
      return [{ text: token.raw, style }];
    default:
      return assertNever(token);
  }
}

/** Whether a link's text says where it goes. */
function isAddressOf(text: string, href: string): boolean {
  return href === text || href === `mailto:${text}` || href === `http://${text}`;
}

function withCharacters(text: string): string {
  return text.replaceAll(/&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-z]{2,6}));/g, (reference, decimal, hex, name) => {
    if (name !== undefined) return namedCharacters.get(name) ?? reference;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    const isShown = code >= 0x20 && !(code >= 0x7f && code < 0xa0) && !(code >= 0xd800 && code < 0xe000);
    return isShown && code <= 0x10ffff ? String.fromCodePoint(code) : reference;
  });
}
