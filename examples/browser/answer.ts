import { type AssistantMessage, type ChatResponse, assertNever } from "wick";
import type { ResponseTally } from "./response-tally.ts";

/** How far an answer is. */
export interface Progress {
  reasoning: string;
  content: string;
  /** How fast it comes; what it came to, at its end. */
  speed: string;
  /** How it ended, if not well. */
  note?: string;
  /** The answer, for the conversation to go on. */
  message?: AssistantMessage;
}

/** Follows an answer as it comes. */
export async function* answer(stream: AsyncIterable<ChatResponse>, tally: ResponseTally): AsyncGenerator<Progress> {
  const began = performance.now();
  const progress: Progress = { reasoning: "", content: "", speed: "" };
  let chunks = 0;
  for await (const response of stream) {
    tally.add(response);
    switch (response.kind) {
      case "chunk": {
        const { delta } = response.choices[0];
        progress.reasoning += delta.reasoningContent ?? "";
        progress.content += delta.content ?? "";
        chunks += 1;
        progress.speed = `${chunks} chunks, ${((1000 * chunks) / (performance.now() - began)).toFixed()} per second`;
        yield progress;
        break;
      }
      case "done": {
        const { choices, usage, timings: { firstTokenMs, tokensPerSecond } = {} } = response.completion;
        const speed = `first after ${firstTokenMs?.toFixed()} ms, ${tokensPerSecond?.toFixed()} tokens per second`;
        yield { ...progress, speed: `${usage?.completionTokens} tokens, ${speed}`, message: choices[0].message };
        break;
      }
      case "cancelled":
        yield { ...progress, note: "Stopped.", message: response.partial.choices[0].message };
        break;
      case "validation_error":
      case "model_error":
      case "internal_error":
        yield { ...progress, note: `${response.error.code}: ${response.error.message}` };
        break;
      default:
        assertNever(response);
    }
  }
}
