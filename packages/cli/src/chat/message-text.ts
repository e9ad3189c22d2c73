/** What begins and ends a text of several lines. */
const fence = '"""';

/** Whether a message goes on in the next line: it ends with a backslash, or has opened `"""` and not closed it. */
export function needsMoreLines(text: string): boolean {
  const trimmed = text.trimStart();
  if (trimmed.startsWith(fence)) return !trimmed.slice(fence.length).includes(fence);
  return false;
}

/** The message that was written: without `"""` around it. A slash at its beginning was written as two. */
export function messageOf(text: string): string {
  const trimmed = text.trim();
  if (trimmed.startsWith(fence) && trimmed.length >= 2 * fence.length && trimmed.endsWith(fence)) {
    return trimmed.slice(fence.length, -fence.length).replace(/^\n/, "").replace(/\n$/, "");
  }
  return trimmed.startsWith("//") ? trimmed.slice(1) : trimmed;
}

/** A command and what stands behind it, if a text is one. */
export function slashCommand(text: string): { name: string; argument: string } | undefined {
  const [, name, argument = ""] = /^\/([A-Za-z]+)(?:\s+([\s\S]*))?$/.exec(text.trim()) ?? [];
  return name === undefined ? undefined : { name, argument: argument.trim() };
}
