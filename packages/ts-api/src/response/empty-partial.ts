import type { ChatCompletion, Completion, FinishReason } from "../generated/protocol.js";

/** How the answer of a call that never began looks: for terminals that are made before an engine is asked. */
export interface EmptyPartial {
  /** The model's id. */
  model: string;
  /** The `n` of the request. */
  choices: number;
}

/** A chat answer of which nothing was delivered. */
export function emptyChatCompletion({ model, choices }: EmptyPartial, finishReason: FinishReason): ChatCompletion {
  const choice = (index: number) => ({ index, message: { role: "assistant" as const, content: "" }, finishReason });
  return {
    object: "chat.completion",
    ...head(model),
    choices: [choice(0), ...others(choices).map(choice)],
    usage: noUsage(),
  };
}

/** A raw completion of which nothing was delivered. */
export function emptyCompletion({ model, choices }: EmptyPartial, finishReason: FinishReason): Completion {
  const choice = (index: number) => ({ index, text: "", finishReason });
  return {
    object: "text_completion",
    ...head(model),
    choices: [choice(0), ...others(choices).map(choice)],
    usage: noUsage(),
  };
}

function head(model: string) {
  return { id: "not-started", model, created: Math.floor(Date.now() / 1000) };
}

function others(choices: number): number[] {
  return Array.from({ length: Math.max(0, choices - 1) }, (_, index) => index + 1);
}

function noUsage() {
  return { promptTokens: 0, completionTokens: 0, totalTokens: 0 };
}
