import type { Links, Token, Tokens } from "marked";
import type { Block } from "./block.js";
import { GrowingCode, codePieces } from "./growing-code.js";
import { lex } from "./lexing.js";

/** The open block is taken apart anew with every advance: it is ended where it is longer, or takes longer. */
const longestOpen = 8 * 1024;
const longestLexMs = 40;
/** A machine that is busy takes long for anything. */
const shortestCut = 2048;
/** Taken at once. */
const slice = 4096;

/**
 * Markdown that grows at its end. Blocks that have ended are kept as they are, and only the open one is taken apart again, so
 * that a long text costs no more for each piece than a short one.
 *
 * A block is over when the next one has begun: with a whole line, or enough of one to tell that it is no item of a list. What is
 * kept is not looked at again; a link whose definition comes later stays text.
 */
export class GrowingMarkdown {
  /** Ended blocks: only ever appended to. */
  readonly settled: Block[] = [];
  /** The blocks at the end, which may still change. */
  open: readonly Block[] = [];
  readonly #links: Links = Object.create(null) as Links;
  readonly #now: () => number;
  #pending: string[] = [];
  #tail = "";
  #code: GrowingCode | undefined;
  #isOver = false;

  /** @param now - A clock in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Whether all of it has come and is taken apart. */
  get isComplete(): boolean {
    return this.#isOver && this.#pending.length === 0 && this.#tail === "" && this.#code === undefined;
  }

  /** Takes text, which `advance` takes apart. */
  append(text: string): void {
    this.#pending.push(text);
  }

  /** Nothing more comes. */
  finish(): void {
    this.#isOver = true;
  }

  /**
   * Takes apart what has come, for about `budgetMs`.
   *
   * @returns Whether there is more to take apart.
   */
  advance(budgetMs = Infinity): boolean {
    const began = this.#now();
    let text = this.#taken();
    while (text !== "") {
      this.#add(text.slice(0, slice));
      text = text.slice(slice);
      if (text !== "" && this.#now() - began > budgetMs) {
        this.#pending = [text];
        return true;
      }
    }
    if (this.#isOver) this.#settleAll();
    return false;
  }

  /** Line ends as marked has them; half a pair waits for the other. */
  #taken(): string {
    const text = this.#pending.join("");
    const isHalf = text.endsWith("\r") && !this.#isOver;
    this.#pending = isHalf ? ["\r"] : [];
    return (isHalf ? text.slice(0, -1) : text).replaceAll(/\r\n?/g, "\n");
  }

  #add(text: string): void {
    let rest: string | undefined = text;
    while (rest !== undefined) rest = this.#code === undefined ? this.#addText(rest) : this.#addCode(this.#code, rest);
  }

  #addCode(code: GrowingCode, text: string): string | undefined {
    const behind = code.add(text);
    if (behind === undefined) {
      this.open = [code.block(false)];
      return undefined;
    }
    this.settled.push(code.block(true));
    this.#code = undefined;
    this.open = [];
    return behind;
  }

  /** What stands within a block of code that the text opens. */
  #addText(text: string): string | undefined {
    this.#tail += text;
    for (;;) {
      const begin = /^(?:[ \t]*\n)*/.exec(this.#tail)?.[0].length ?? 0;
      const fence = GrowingCode.open(this.#tail.slice(begin));
      if (fence !== undefined) {
        this.#code = fence.code;
        this.#tail = "";
        return fence.rest;
      }
      if (!this.#settleEnded()) return undefined;
    }
  }

  /** Keeps the blocks before the last one, if that is sure to be another; whether it did. */
  #settleEnded(): boolean {
    const began = this.#now();
    const tokens = lex(this.#tail, this.#links);
    if (tokens === undefined) return this.#settlePlain();
    const isSlow = this.#tail.length > shortestCut && this.#now() - began > longestLexMs;
    const ended = endedTokens(tokens);
    // marked may change a text before it takes it apart, so that its parts are not those of ours.
    if (ended.some(isBlock) && lengthOf(tokens) === this.#tail.length) {
      this.#keep(ended);
      this.#tail = this.#tail.slice(lengthOf(ended));
      return true;
    }
    this.open = blocksOf(tokens);
    if (isSlow || this.#tail.length > longestOpen) this.#cut(tokens);
    return false;
  }

  /** Ends the open block within, where its parts end. */
  #cut(tokens: readonly Token[]): void {
    const last = tokens.findLastIndex(isBlock);
    const before = tokens.slice(0, Math.max(0, last));
    const token = tokens[last];
    const parts = token === undefined ? undefined : partsOf(token, this.#tail.slice(lengthOf(before)));
    this.#keep(parts === undefined ? tokens : [...before, parts.ended]);
    this.#tail = parts?.rest ?? "";
    this.open = [];
  }

  #settlePlain(): boolean {
    this.settled.push({ kind: "plain", text: this.#tail });
    this.#tail = "";
    this.open = [];
    return false;
  }

  #settleAll(): void {
    if (this.#code !== undefined) this.settled.push(this.#code.block(true));
    else if (this.#tail !== "") {
      const tokens = lex(this.#tail, this.#links);
      if (tokens === undefined) this.#settlePlain();
      else this.#keep(tokens);
    }
    this.#code = undefined;
    this.#tail = "";
    this.open = [];
  }

  #keep(tokens: readonly Token[]): void {
    for (const token of tokens) {
      if (token.type !== "def") continue;
      const { tag, href, title } = token as Tokens.Def;
      this.#links[tag] ??= { href, title };
    }
    this.settled.push(...blocksOf(tokens));
  }
}

/** Blocks of a text that is all there. */
export function wholeMarkdown(text: string): readonly Block[] {
  const markdown = new GrowingMarkdown();
  markdown.append(text);
  markdown.finish();
  markdown.advance();
  return markdown.settled;
}

function lengthOf(tokens: readonly Token[]): number {
  return tokens.reduce((sum, { raw }) => sum + raw.length, 0);
}

/** Those before the last block. If that is but a few characters, they may still become an item of the list before them. */
function endedTokens(tokens: readonly Token[]): readonly Token[] {
  const last = tokens.findLastIndex(isBlock);
  const end = tokens
    .slice(Math.max(0, last))
    .map(({ raw }) => raw)
    .join("");
  const isBegun = end.includes("\n") || end.length > 12;
  const open = isBegun ? last : tokens.findLastIndex((token, index) => index < last && isBlock(token));
  return tokens.slice(0, Math.max(0, open));
}

function isBlock({ type }: Token): boolean {
  return type !== "space";
}

function blocksOf(tokens: readonly Token[]): Block[] {
  return tokens.flatMap((token): Block[] => {
    if (token.type === "space" || token.type === "def") return [];
    if (token.type !== "code") return [{ kind: "markdown", token }];
    const { text, lang } = token as Tokens.Code;
    const language = lang?.split(/\s/, 1)[0] ?? "";
    return [{ kind: "code", language, pieces: codePieces(text) }];
  });
}

/**
 * A list without its last item, a table without its last row, and what the rest is as text of its own.
 *
 * @param text - Begins with the token. Not all of its parts have all of their text: marked takes spaces away at the end.
 */
function partsOf(token: Token, text: string): { ended: Token; rest: string } | undefined {
  if (token.type === "list") {
    const { items, ...list } = token as Tokens.List;
    const ended = items.slice(0, -1);
    const length = lengthOf(ended);
    if (ended.length === 0 || !text.slice(length).startsWith(items.at(-1)?.raw ?? "")) return undefined;
    return { ended: { ...list, items: ended, raw: text.slice(0, length) }, rest: text.slice(length) };
  }
  if (token.type === "table") {
    const { rows, raw } = token as Tokens.Table;
    const length = raw.trimEnd().lastIndexOf("\n") + 1;
    if (rows.length < 2 || !text.startsWith(raw)) return undefined;
    const header = raw.split("\n", 2).join("\n");
    return { ended: { ...token, rows: rows.slice(0, -1) }, rest: `${header}\n${text.slice(length)}` };
  }
  return undefined;
}
