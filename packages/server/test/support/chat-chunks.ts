import type { ChatCompletionChunk } from "openai/resources";

/** The text of a choice, out of a body of chunks or of a whole completion, however it was cut on its way. */
export function contentOf(body: string, choice = 0): string {
  const whole = /^\{.*\}$/s.exec(body);
  if (whole !== null) {
    const { choices } = JSON.parse(body) as { choices: { index: number; message: { content: string } }[] };
    return choices.find(({ index }) => index === choice)?.message.content ?? "";
  }
  return chunksIn(body)
    .flatMap(({ choices }) => choices.filter(({ index }) => index === choice))
    .map(({ delta }) => delta.content ?? "")
    .join("");
}

/** The chunks in a body, or in what was received of one, each in one piece. */
function chunksIn(body: string): ChatCompletionChunk[] {
  return [...body.matchAll(/^data: (?<chunk>\{.*\})$/gm)].map(
    ({ groups }) => JSON.parse(groups?.["chunk"] ?? "") as ChatCompletionChunk,
  );
}
