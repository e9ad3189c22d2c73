import { effect } from "@preact/signals";
import type { AnswerTurn, ToolState } from "../conversation/turn.js";
import type { LiveTool } from "../run/answer-builder.js";
import type { Run } from "../run/run.js";
import type { Announcer } from "./announcer.js";
import { SentenceReader } from "./sentence-reader.js";

/** Between two announcements: a voice that is interrupted all the time says nothing. */
const quietMs = 1500;

/** Has a run read aloud while it comes: whole sentences, what tools want, and how it ended. */
export async function readAloud(
  run: Run,
  announcer: Announcer,
  now: () => number = () => performance.now(),
): Promise<void> {
  const reader = new RunReader(run);
  let spokeAt = -Infinity;
  const end = effect(() => {
    void run.frame.value;
    if (now() - spokeAt < quietMs) return;
    const words = reader.take();
    if (words.length === 0) return;
    spokeAt = now();
    announcer.say(words.join(" "));
  });
  const answer = await run.ended;
  end();
  announcer.say([...reader.take(), ...reader.finish(), endWords(answer)].join(" "));
}

/** What is new of a run, in words. */
class RunReader {
  readonly #run: Run;
  readonly #sentences = new SentenceReader();
  readonly #told = new Map<LiveTool, ToolState["kind"]>();
  #read = 0;
  #hasThought = false;

  constructor(run: Run) {
    this.#run = run;
  }

  take(): string[] {
    const words: string[] = [];
    let text = "";
    for (const part of this.#run.builder.parts) {
      if (part.kind === "text") text += part.text;
      else if (part.kind === "tool") words.push(...this.#tool(part));
      else if (!this.#hasThought) {
        this.#hasThought = true;
        words.push("Thinking.");
      }
    }
    words.push(...this.#sentences.add(text.slice(this.#read)));
    this.#read = text.length;
    return words;
  }

  finish(): string[] {
    return this.#sentences.finish();
  }

  #tool(part: LiveTool): string[] {
    const { name, state } = part;
    if (this.#told.get(part) === state.kind) return [];
    this.#told.set(part, state.kind);
    switch (state.kind) {
      case "asking":
        return [`The tool ${name} asks for permission.`];
      case "complete":
        return [`The tool ${name} is done.`];
      case "failed":
        return [`The tool ${name} failed.`];
      case "denied":
        return [`The tool ${name} was denied.`];
      case "written":
      case "calling":
      case "left":
        return [];
    }
  }
}

function endWords({ outcome, usage }: AnswerTurn): string {
  switch (outcome.kind) {
    case "done":
      return `The answer is complete${usage === undefined ? "" : `, ${usage.completionTokens} tokens`}.`;
    case "cancelled":
      return "The answer was stopped.";
    case "failed":
      return `The answer failed: ${outcome.error.message}`;
    case "interrupted":
      return "The answer was interrupted.";
  }
}
