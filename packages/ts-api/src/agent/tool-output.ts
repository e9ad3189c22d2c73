/** Half of a pair of UTF-16 units alone, which no JSON on a wire may hold. */
const loneSurrogate = /\p{Surrogate}/gu;

/**
 * What a tool gave, as text: text as it is, other values as JSON, an async iterable piece by piece.
 *
 * @param tell - Is told each piece, and waited for.
 * @throws what the tool's iterable throws; TypeError for a value that is no JSON.
 */
export async function outputOf(
  result: unknown,
  tell: (delta: string) => void | Promise<void>,
  signal: AbortSignal,
): Promise<string> {
  if (!isAsyncIterable(result)) return textOf(result);
  let output = "";
  for await (const piece of result) {
    // Leaving the loop lets the tool clean up.
    if (signal.aborted) break;
    const delta = textOf(piece);
    if (delta === "") continue;
    output += delta;
    await tell(delta);
  }
  return output;
}

function textOf(value: unknown): string {
  if (value === undefined) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (text === undefined) throw new TypeError(`A ${typeof value} is neither text nor JSON.`);
  return text.replace(loneSurrogate, "\uFFFD");
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}
