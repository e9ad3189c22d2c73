/** A chunk as OpenAI's hosts write it, word by word. */
export function chunkEvent(content: string): string {
  const choice = { index: 0, delta: { content }, logprobs: null, finish_reason: null };
  const head = {
    id: "chatcmpl-9pQhzXkq5n",
    object: "chat.completion.chunk",
    created: 1_764_500_000,
    model: "mistral-small-latest",
  };
  return `data: ${JSON.stringify({ ...head, choices: [choice] })}\n\n`;
}

export const lastEvents = `data: ${JSON.stringify({
  id: "chatcmpl-9pQhzXkq5n",
  object: "chat.completion.chunk",
  created: 1_764_500_000,
  model: "mistral-small-latest",
  choices: [{ index: 0, delta: { content: "" }, logprobs: null, finish_reason: "stop" }],
  usage: { prompt_tokens: 9, completion_tokens: 9, total_tokens: 18 },
})}\n\ndata: [DONE]\n\n`;

/** What networks hand over at once. */
const PIECE = 64 * 1024;
const words = " the quick brown fox jumps over a lazy dog and runs home before it rains".split(/(?= )/);

/** A body of so many bytes of chunks, made as it is read, and how many events are in it. */
export function longBody(bytes: number): { body: ReadableStream<Uint8Array>; events: number } {
  const round = words.map(chunkEvent).join("");
  const rounds = Math.ceil(bytes / round.length);
  // Pieces that end anywhere, as those of networks do.
  const block = new TextEncoder().encode(round.repeat(64));
  let left = rounds * round.length;
  let at = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (left === 0) {
          controller.enqueue(new TextEncoder().encode(lastEvents));
          controller.close();
          return;
        }
        const size = Math.min(PIECE, left, block.length - at);
        controller.enqueue(block.slice(at, at + size));
        at = (at + size) % block.length;
        left -= size;
      },
    },
    { highWaterMark: 0 },
  );
  return { body, events: rounds * words.length + 1 };
}
