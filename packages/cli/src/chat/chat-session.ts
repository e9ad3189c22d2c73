import type { AgentRequest, AgentResponse, AgentStream, ErrorInfo, Tool, ToolApprovalResponse } from "wick";
import type { CommandContext } from "../command-context.js";
import { errorText, infoText } from "../failure.js";
import { modelChoice } from "../model/model-choice.js";
import { type OpenedModel, openModel } from "../model/open-model.js";
import { callOptions, chatSettings } from "../model/request-settings.js";
import { countText } from "../output/quantity.js";
import type { EffectiveSettings } from "../settings/effective-settings.js";
import { type Answer, callText, showAnswer } from "./answer.js";
import { type BuiltInToolName, toolsOf } from "./built-in-tools.js";
import type { ChatSurface } from "./chat-surface.js";
import { Conversation } from "./conversation.js";
import { SavedChats } from "./saved-chats.js";

/** Replies to a plain question. */
export const yesOrNo = [
  { value: "yes", label: "yes" },
  { value: "no", label: "no" },
] as const;

const approvalReplies = [...yesOrNo, { value: "always", label: "always" }] as const;

/** A conversation with a model: what was said, with whom, and by which tools. */
export class ChatSession {
  readonly context: CommandContext;
  readonly surface: ChatSurface;
  readonly saved: SavedChats;
  /** Tools that the model may use. */
  readonly tools = new Set<BuiltInToolName>();
  /** Tools that run without a question. */
  readonly #allowed = new Set<BuiltInToolName>();
  conversation: Conversation;
  /** What the conversation was saved as. */
  savedAs: string | undefined;
  /** The last answer. */
  lastAnswer: Answer | undefined;
  #settings: EffectiveSettings;
  #opened: OpenedModel;
  /** How often the last turn was answered anew. */
  #retries = 0;

  constructor(context: CommandContext, surface: ChatSurface, settings: EffectiveSettings, opened: OpenedModel) {
    this.context = context;
    this.surface = surface;
    this.#settings = settings;
    this.#opened = opened;
    this.conversation = new Conversation(settings.get("system"));
    this.saved = new SavedChats(settings.stateFolder);
  }

  get model(): OpenedModel {
    return this.#opened;
  }

  /** Asks the model, and keeps what was said. False where it failed. */
  async send(text: string): Promise<boolean> {
    this.#retries = 0;
    return this.#turn(text);
  }

  /** Has the last turn answered anew. */
  async retry(): Promise<boolean> {
    const turn = this.conversation.takeBack();
    if (turn === undefined) {
      this.surface.note("There is nothing to answer again yet.");
      return true;
    }
    this.#retries += 1;
    return this.#turn(turn.user);
  }

  /**
   * Goes on with another model. The one before stays where the other cannot be had.
   *
   * @throws what opening it throws.
   */
  async changeModel(name: string): Promise<void> {
    const settings = this.#settings.with("model", name);
    const before = this.#opened;
    const stopping = new AbortController();
    const release = this.surface.onInterrupt(() => stopping.abort());
    const open = () => this.#open(settings, this.#signal(stopping));
    try {
      this.#opened = await open().catch((error: unknown) => {
        if (isOutOfMemory(error)) return this.#openAlone(open);
        throw error;
      });
      this.#settings = settings;
    } finally {
      release();
    }
    await before.model.close();
  }

  async close(): Promise<void> {
    await this.#opened.model.close();
  }

  async #open(settings: EffectiveSettings, signal: AbortSignal): Promise<OpenedModel> {
    return openModel(modelChoice(settings, this.context.environment), settings, this.context, signal);
  }

  /** Opens a model in the room of the one that there is, which comes back where that fails, too. */
  async #openAlone(open: () => Promise<OpenedModel>): Promise<OpenedModel> {
    await this.#opened.model.close();
    try {
      return await open();
    } catch (error) {
      this.#opened = await this.#open(this.#settings, this.context.interruption.signal);
      throw error;
    }
  }

  #signal(stopping: AbortController): AbortSignal {
    return AbortSignal.any([stopping.signal, this.context.interruption.signal]);
  }

  async #turn(text: string): Promise<boolean> {
    let dropped = 0;
    for (;;) {
      const answer = await this.#ask(text);
      if (answer.error?.code === "context_overflow" && (await this.#makesRoom(answer.error, dropped))) {
        dropped += 1;
        continue;
      }
      if (dropped > 0) this.surface.note(`${countText(dropped, "turn")} at the beginning were forgotten.`);
      this.lastAnswer = answer;
      this.conversation.add({ user: text, answer: answer.messages, outcome: answer.outcome });
      if (answer.error !== undefined) this.surface.fail(adviceOf(answer.error));
      return answer.outcome !== "failed";
    }
  }

  async #ask(text: string): Promise<Answer> {
    const stopping = new AbortController();
    const release = this.surface.onInterrupt(() => stopping.abort());
    const options = callOptions(this.#settings, this.#signal(stopping));
    const view = this.surface.beginAnswer();
    let note: string | undefined;
    try {
      const stream = this.#opened.model.chat.stream<Tool, boolean>(this.#request(text), options);
      const answer = await showAnswer(stream, view, (question) => this.#approve(stream, question, stopping.signal));
      // Where the program ends, nobody needs to be told.
      note = this.context.interruption.signal.aborted ? undefined : noteOf(answer);
      return answer;
    } finally {
      view.end(note);
      release();
    }
  }

  #request(text: string): AgentRequest {
    const settings = chatSettings(this.#settings);
    const { info } = this.#opened.model;
    const tools = toolsOf(this.tools, (name) => this.#allowed.has(name));
    return {
      ...settings,
      messages: this.conversation.messages(text),
      // The same seed would give the same answer.
      ...(settings.randomSeed !== undefined && { randomSeed: settings.randomSeed + this.#retries }),
      ...(tools.length > 0 && { tools }),
      // Hosts need not know it.
      ...(info.backend !== "remote" && { promptProgress: true }),
    };
  }

  /** Asks whether a tool may run, and tells the stream. */
  async #approve(
    stream: Pick<AgentStream<AgentResponse>, "approve" | "deny">,
    question: ToolApprovalResponse,
    signal: AbortSignal,
  ): Promise<void> {
    const reply = await this.surface.ask(`Allow ${callText(question)}?`, approvalReplies, signal);
    if (signal.aborted) return;
    const name = [...this.tools].find((known) => known === question.toolName);
    if (reply === "always" && name !== undefined) this.#allowed.add(name);
    const { approvalId } = question;
    const reason = reply === "no" ? "The user said no." : "Nobody is there to ask.";
    const isAllowed = reply === "yes" || reply === "always";
    const told = isAllowed ? stream.approve(approvalId) : stream.deny(approvalId, { reason });
    // The question may have expired.
    await told.catch((error: unknown) => this.surface.note(errorText(error)));
  }

  /** Whether there is room now: the user lets the oldest turn go, and need not be asked again for the next. */
  async #makesRoom(error: ErrorInfo, dropped: number): Promise<boolean> {
    const canDrop = this.conversation.turns.some(({ answer }) => answer.length > 0);
    if (!canDrop) return false;
    if (dropped === 0) {
      const { prompt, max } = error.details ?? {};
      const size = typeof prompt === "number" && typeof max === "number" ? ` (${prompt} tokens of ${max})` : "";
      const question = `The conversation is too long for the model${size}. Forget the oldest turns?`;
      if ((await this.surface.ask(question, yesOrNo)) !== "yes") return false;
    }
    return this.conversation.dropOldest();
  }
}

function noteOf({ outcome, completion, isContextFull }: Answer): string | undefined {
  switch (outcome) {
    case "whole":
      return undefined;
    case "stopped":
      return "[stopped]";
    case "failed":
      return completion === undefined ? undefined : "[broken off]";
    case "cut":
      return cutNote(completion?.choices[0].finishReason, isContextFull === true);
  }
}

function cutNote(reason: string | undefined, isContextFull: boolean): string {
  if (isContextFull) return "[cut: the context is full; /clear begins anew, and --context makes it longer]";
  if (reason === "content_filter") return "[cut by the host's filter]";
  return reason === "length" ? "[cut: --max-tokens]" : "[cut: --timeout]";
}

function adviceOf(error: ErrorInfo): string {
  if (error.code !== "context_overflow") return infoText(error);
  return `${infoText(error)}\n/clear begins anew; a longer context is --context <tokens>, where the model has one.`;
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "out_of_memory";
}
