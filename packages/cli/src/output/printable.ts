/** Control characters but tab and newline: what a terminal would act on (https://en.wikipedia.org/wiki/C0_and_C1_control_codes). */
// oxlint-disable-next-line no-control-regex
const controls = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F]/g;

/**
 * Text of a model, a host or a file as a terminal may have it. A terminal acts on control characters: they move the cursor, set
 * the title and fill the clipboard. Carriage returns go, since a line ends with a newline.
 */
export function printable(text: string): string {
  return text.replaceAll("\r", "").replaceAll(controls, "\uFFFD");
}

/** The same on one line, shortened to `limit` characters. */
export function printableLine(text: string, limit = 200): string {
  const line = printable(text).replaceAll(/\s+/g, " ").trim();
  return line.length <= limit ? line : `${line.slice(0, limit - 1)}…`;
}
