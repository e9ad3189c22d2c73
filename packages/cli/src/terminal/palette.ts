import pc from "picocolors";
import type { Environment, OutputStream } from "../environment.js";

/** Puts a style on a text; where colours are off, it is the text. */
export type Style = (text: string) => string;

/** What each part of the program's output looks like. */
export interface Palette {
  /** Whether there are styles at all. */
  isColored: boolean;
  plain: Style;
  /** Reasoning, notes, lines of tables. */
  dim: Style;
  error: Style;
  warning: Style;
  prompt: Style;
  heading: Style;
  strong: Style;
  emphasis: Style;
  deleted: Style;
  code: Style;
  link: Style;
}

/** The styles of the program. */
export function palette(hasColors: boolean): Palette {
  const { bold, cyan, dim, green, italic, red, strikethrough, underline, yellow } = pc.createColors(hasColors);
  return {
    isColored: hasColors,
    plain: (text) => text,
    dim,
    error: red,
    warning: yellow,
    prompt: (text) => bold(green(text)),
    heading: (text) => bold(cyan(text)),
    strong: bold,
    emphasis: italic,
    deleted: strikethrough,
    code: yellow,
    link: underline,
  };
}

/**
 * Whether a stream gets colours. What the user said first (`--color`, `--no-color`, the configuration file), then FORCE_COLOR and
 * NO_COLOR (https://no-color.org), else whether it is a terminal that has them.
 */
export function isColored(
  stream: OutputStream,
  { env }: Pick<Environment, "env">,
  wanted?: { flag?: boolean | undefined; file?: boolean | undefined },
): boolean {
  if (wanted?.flag !== undefined) return wanted.flag;
  const forced = env["FORCE_COLOR"];
  if (forced !== undefined && forced !== "") return forced !== "0" && forced !== "false";
  const refused = env["NO_COLOR"];
  if (refused !== undefined && refused !== "") return false;
  if (wanted?.file !== undefined) return wanted.file;
  return stream.isTTY === true && env["TERM"] !== "dumb";
}
