import { Lexer, type MarkedToken, type Token, type Tokens } from "marked";
import { assertNever } from "wick";
import type { Palette } from "../terminal/palette.js";
import { type ScreenRow, emptyRow, rowOf } from "../terminal/screen-row.js";
import { wrapSpans } from "../terminal/styled-text.js";
import { codeBegin, codeEnd, codeLine } from "./code-rows.js";
import { inlineSpans } from "./inline-spans.js";
import { tableRows } from "./table-rows.js";

/** Text deep within lists and quotes gets this many cells, if need be beyond the screen's. */
const narrowest = 16;

const bullets = ["•", "◦", "▪"] as const;

/** Where blocks are shown. */
interface Place {
  width: number;
  palette: Palette;
  /** Lists around it. */
  depth: number;
}

/** The blocks of a document as they are shown, from top to bottom. */
export function blocksOf(source: string): MarkedToken[] {
  try {
    return new Lexer({ gfm: true }).lex(source).filter(({ type }) => type !== "space") as MarkedToken[];
  } catch {
    // Nested too deep to be read.
    return [{ type: "html", raw: source, text: source, pre: false, block: true }];
  }
}

/** The rows of one block. */
export function blockRows(block: MarkedToken, width: number, palette: Palette): ScreenRow[] {
  return rowsOf(block, { width, palette, depth: 0 });
}

/** A source as it stands. */
export function sourceRows(source: string, width: number, palette: Palette): ScreenRow[] {
  const text = source.replaceAll("\t", "    ").replace(/\n+$/, "");
  return wrapSpans([{ text, style: palette.plain }], width);
}

function rowsOf(block: MarkedToken, place: Place): ScreenRow[] {
  const { width, palette } = place;
  switch (block.type) {
    case "paragraph":
    case "text":
      return wrapSpans(inlineSpans(block.tokens ?? [block], palette), width);
    case "heading":
      return wrapSpans(inlineSpans(block.tokens, palette, block.depth < 3 ? palette.heading : palette.strong), width);
    case "code": {
      const lines = block.text.split("\n").flatMap((line) => codeLine(line, width, palette));
      return [codeBegin(block.lang ?? "", width, palette), ...lines, codeEnd(width, palette)];
    }
    case "blockquote":
      return behind(rowOf(palette.dim("│ "), "│ "), nestedRows(block.tokens, inside(place, 2)));
    case "list":
      return listRows(block, place);
    case "table":
      return tableRows(block, width, palette);
    case "hr": {
      const rule = "─".repeat(Math.min(width, 40));
      return [rowOf(palette.dim(rule), rule)];
    }
    case "space":
      return [];
    case "html":
    case "def":
    case "br":
    case "checkbox":
    case "codespan":
    case "del":
    case "em":
    case "escape":
    case "image":
    case "link":
    case "list_item":
    case "strong":
      // Tags and definitions are shown as they are; the others are never blocks.
      return sourceRows(block.raw, width, palette);
    default:
      return assertNever(block);
  }
}

/** Blocks within a block: a blank line between them is one where the source has it. */
function nestedRows(tokens: readonly Token[], place: Place): ScreenRow[] {
  const rows: ScreenRow[] = [];
  let isApart = false;
  for (const token of tokens) {
    if (token.type === "space") {
      isApart = rows.length > 0;
      continue;
    }
    if (isApart) rows.push(emptyRow);
    isApart = false;
    rows.push(...rowsOf(token as MarkedToken, place));
  }
  return rows;
}

function listRows({ items, ordered, start }: Tokens.List, place: Place): ScreenRow[] {
  const { palette, depth } = place;
  return items.flatMap((item, index) => {
    const bullet = bullets[depth % bullets.length] ?? "•";
    const mark = ordered ? `${Number(start) + index}. ` : `${bullet} `;
    const rows = nestedRows(itemTokens(item), { ...inside(place, mark.length), depth: depth + 1 });
    const marked = rows.length === 0 ? [emptyRow] : rows;
    const isApart = index < items.length - 1 && /\n[ \t]*\n\s*$/.test(item.raw);
    const shown = behind(rowOf(" ".repeat(mark.length)), marked, rowOf(palette.dim(mark), mark));
    return isApart ? [...shown, emptyRow] : shown;
  });
}

/** A box to tick stands alone in an item that is tight, and within its text in one that is not. */
function itemTokens({ tokens }: Tokens.ListItem): Token[] {
  const [first, second, ...rest] = tokens;
  if (first?.type !== "checkbox" || second?.type !== "text") return tokens;
  return [{ ...second, tokens: [first, ...(second.tokens ?? [])] }, ...rest];
}

function inside({ width, ...place }: Place, indent: number): Place {
  return { ...place, width: Math.max(narrowest, width - indent) };
}

/** Rows behind a prefix, the first maybe behind another. Of a row that is empty the spaces are left out. */
function behind(prefix: ScreenRow, rows: readonly ScreenRow[], first = prefix): ScreenRow[] {
  return rows.map((row, index) => {
    const before = index === 0 ? first : prefix;
    if (row.width === 0 && before.text.trim() === "") return emptyRow;
    return { text: before.text + row.text, width: before.width + row.width };
  });
}
