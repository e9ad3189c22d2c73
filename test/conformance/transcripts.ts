import type { ChatRequest, ChatResponse, FunctionTool, Model, Response } from "wick";
import { collect } from "./chunks.ts";

const user = (content: string) => [{ role: "user" as const, content }];

const weather: FunctionTool = {
  type: "function",
  function: { name: "get_weather", parameters: { type: "object", properties: { city: { type: "string" } } } },
};

/** Greedy and seeded requests, of which every host says the same bytes. */
const oracle: readonly ChatRequest[] = [
  { messages: user("What is the capital of France?"), temperature: 0 },
  { messages: user("Write a short story about Mia the fox."), temperature: 0, maxTokens: 120, ignoreEos: true },
  { messages: user("Repeat: 👩‍👩‍👧 naïve 日本 🏳️‍🌈"), temperature: 0, maxTokens: 40, logprobs: true, topLogprobs: 4 },
  { messages: user("Which is bigger: 12 or 8?"), temperature: 0, reasoning: { effort: "high" } },
  { messages: user("What is the weather in Paris?"), temperature: 0, tools: [weather], maxTokens: 60 },
  { messages: user("Tell me a story."), temperature: 1, randomSeed: 1, maxTokens: 80, n: 3 },
  { messages: user("Tell me a poem."), temperature: 1.5, topP: 0.9, minP: 0.05, randomSeed: 2, maxTokens: 80 },
  {
    messages: user("Tell me of the sea."),
    temperature: 0.8,
    topK: 20,
    repetitionPenalty: 1.2,
    randomSeed: 3,
    stop: [".", "!"],
  },
  { messages: user("Hi. ".repeat(300)), temperature: 0, maxTokens: 30, frequencyPenalty: 0.5, presencePenalty: 0.5 },
];

/** What a model says to all of it: each response, as it was cut, but for names and times. */
export async function transcriptsOf(model: Model): Promise<string[]> {
  const transcripts = [];
  for (const request of oracle) {
    const responses = await collect(model.chat.stream(request));
    // Which choice is ahead of the others is the reader's pace; what each says, and in which pieces, is not.
    responses.sort((one, other) => choiceOf(one) - choiceOf(other));
    transcripts.push(responses.map((response) => plain(response)).join("\n"));
  }
  return transcripts;
}

/** All that a model says: its transcripts, and a digest of the bits of its logits. */
export async function wordsOf(model: Model): Promise<string[]> {
  const tokens = await model.tokenize("The quick brown fox jumps over the lazy dog. ".repeat(8));
  const { logits } = await model.logits(tokens, { last: 16 });
  const bits = await crypto.subtle.digest("SHA-256", new Float32Array(logits));
  return [...(await transcriptsOf(model)), `${logits.length} logits ${String(new Uint8Array(bits))}`];
}

/** The terminal comes after all choices. */
function choiceOf(response: ChatResponse): number {
  return response.kind === "chunk" ? response.choices[0].index : Number.MAX_SAFE_INTEGER;
}

const notSaid = new Set(["model", "created", "timings"]);

function plain(response: Response): string {
  return JSON.stringify(response, (name: string, value: unknown) =>
    notSaid.has(name) || (name === "id" && typeof value === "string") ? undefined : value,
  );
}
