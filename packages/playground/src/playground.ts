import { type ReadonlySignal, type Signal, computed, signal } from "@preact/signals";
import type { AgentRequest, Tool } from "wick/remote";
import {
  type Conversation,
  branchOf,
  newConversation,
  showing,
  titleOf,
  withTurn,
  withTurnsBack,
  withoutTurn,
} from "./conversation/conversation.js";
import { conversationJson, readConversation } from "./conversation/conversation-json.js";
import { type ConversationShelf, ShelfFullError, mostConversations } from "./conversation/conversation-shelf.js";
import { historyOf } from "./conversation/history.js";
import { FormatError } from "./conversation/json-reader.js";
import type { AnswerTurn, Turn, UserTurn } from "./conversation/turn.js";
import type { Exported } from "./export/exported.js";
import type { ModelChoice } from "./models/model-choice.js";
import type { Announcer } from "./page/announcer.js";
import { newId } from "./page/identity.js";
import type { Notices } from "./page/notices.js";
import { readAloud } from "./page/run-reader.js";
import type { FrameClock } from "./run/frame-pacer.js";
import { Run } from "./run/run.js";
import type { KeptSettings } from "./settings/kept-settings.js";
import { hasTools, requestSettings } from "./settings/request-settings.js";
import { executableTools, usedTools } from "./tools/page-tools.js";

/** What the playground is made of. */
export interface PlaygroundInit {
  shelf: ConversationShelf;
  settings: KeptSettings;
  models: ModelChoice;
  announcer: Announcer;
  notices: Notices;
  /** Tells runs when to draw. */
  clock?: FrameClock;
}

/** Runs that have ended, whose responses can be inspected when their conversation is shown again. */
const mostRunsKept = 8;

/** Why a question cannot be asked now. */
export type Obstacle = "no model" | "settings" | "running";

/** All that the page can do with conversations and models, and what there is to show of it. */
export class Playground {
  readonly shelf: ConversationShelf;
  readonly settings: KeptSettings;
  readonly models: ModelChoice;
  readonly announcer: Announcer;
  readonly notices: Notices;
  /** The conversation that is shown. It is not on the shelf before something was said in it. */
  readonly conversation: ReadonlySignal<Conversation>;
  /** Its last run of this visit. */
  readonly run: ReadonlySignal<Run | undefined>;
  readonly #clock: FrameClock | undefined;
  readonly #draft: Signal<Conversation>;
  readonly #currentId: Signal<string>;
  readonly #runs = signal<ReadonlyMap<string, Run>>(new Map());

  constructor({ shelf, settings, models, announcer, notices, clock }: PlaygroundInit) {
    this.shelf = shelf;
    this.settings = settings;
    this.models = models;
    this.announcer = announcer;
    this.notices = notices;
    this.#clock = clock;
    this.#draft = signal(newConversation(Date.now()));
    this.#currentId = signal(this.#draft.value.id);
    this.conversation = computed(
      () => shelf.list.value.find(({ id }) => id === this.#currentId.value) ?? this.#draft.value,
    );
    this.run = computed(() => this.#runs.value.get(this.conversation.value.id));
  }

  /** Why nothing can be asked, if so. */
  obstacle(): Obstacle | undefined {
    if (this.run.value?.isRunning.value === true) return "running";
    if (this.models.name.value === undefined) return "no model";
    const { issues } = requestSettings(this.settings.current.value);
    return Object.keys(issues).length > 0 ? "settings" : undefined;
  }

  /** Asks a question behind what is shown; whether it could. */
  send(text: string): boolean {
    if (text.trim() === "" || this.#isObstructed()) return false;
    const { value: conversation } = this.conversation;
    return this.#askBehind(conversation, lastAnswer(branchOf(conversation)), text);
  }

  /** Asks another question in the place of one, beside which it then stands. */
  edit({ parent }: UserTurn, text: string): boolean {
    if (text.trim() === "" || this.#isObstructed()) return false;
    return this.#askBehind(this.conversation.value, parent, text);
  }

  /** Has a question answered anew. */
  retry(question: string): boolean {
    if (this.#isObstructed()) return false;
    this.#answer(this.conversation.value, question);
    return true;
  }

  /** Ends the run of the conversation that is shown; whether there was one. */
  stop(): boolean {
    const { value: run } = this.run;
    if (run?.isRunning.value !== true) return false;
    run.stop();
    return true;
  }

  /** Takes a turn and what follows it away, until someone wants it back. */
  delete(turn: Turn): void {
    const { value: before } = this.conversation;
    const after = withoutTurn(before, turn.id, Date.now());
    this.#put(after);
    const { value: run } = this.run;
    if (run !== undefined && !after.turns.some(({ id }) => id === run.parent)) run.stop();
    const what = turn.kind === "user" ? "The question and what follows it are" : "The answer and what follows it are";
    this.notices.tell(`${what} deleted.`, {
      label: "Undo",
      act: () => {
        const now = this.shelf.get(before.id);
        if (now !== undefined) this.#put(withTurnsBack(now, before));
      },
    });
  }

  /** Shows the branch with another of the turns that stand in one place. */
  show(turn: Turn): void {
    this.#put(showing(this.conversation.value, turn.id));
  }

  setSystem(system: string): void {
    const { value: conversation } = this.conversation;
    if (system !== conversation.system) this.#put({ ...conversation, system });
  }

  /** Begins another conversation; whether there is room for it. */
  begin(): boolean {
    if (this.#isShelfFull()) return false;
    this.#draft.value = newConversation(Date.now());
    this.#currentId.value = this.#draft.value.id;
    return true;
  }

  open(id: string): void {
    this.#currentId.value = id;
  }

  /** Takes a conversation away, until someone wants it back. */
  deleteConversation(conversation: Conversation): void {
    this.#runs.value.get(conversation.id)?.stop();
    this.shelf.remove(conversation.id);
    if (this.#currentId.value === conversation.id) {
      const [next] = this.shelf.list.value;
      if (next === undefined) this.begin();
      else this.open(next.id);
    }
    const undo = () => {
      this.#put(conversation);
      this.open(conversation.id);
    };
    this.notices.tell(`“${titleOf(conversation)}” is deleted.`, { label: "Undo", act: undo });
  }

  /** Adds the conversation of a file, under another id where there is one of its own already. */
  import(json: string): void {
    if (this.#isShelfFull()) return;
    try {
      const read = readConversation(json);
      const conversation = this.shelf.get(read.id) === undefined ? read : { ...read, id: newId() };
      this.#put(conversation);
      this.open(conversation.id);
      this.announcer.say(`“${titleOf(conversation)}” is imported.`);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.notices.problem(`The conversation could not be imported. ${error.message}`);
    }
  }

  exportJson(): string {
    return conversationJson(this.conversation.value);
  }

  /** What programs are written of: the conversation to its last question, with the settings. */
  exported(): Exported {
    const { value: settings } = this.settings.current;
    const { value: conversation } = this.conversation;
    const branch = branchOf(conversation);
    const end = branch.findLastIndex(({ kind }) => kind === "user");
    const isEmpty = end === -1;
    const messages = historyOf(conversation.system, branch.slice(0, end + 1));
    return {
      request: {
        messages: isEmpty ? [...messages, { role: "user", content: "Hello!" }] : messages,
        ...requestSettings(settings).request,
      },
      tools: usedTools(settings),
      serverTools: settings.serverTools,
      model: this.models.name.value ?? "model",
      baseUrl: this.models.baseUrl,
      hasKey: this.models.hasKey,
      isInBrowser: this.models.inBrowser.value.kind === "ready",
    };
  }

  /** Keeps what is there of runs, for a page that is about to go. */
  keepRuns(): void {
    for (const [id, run] of this.#runs.value) {
      const conversation = this.shelf.get(id);
      if (conversation === undefined || !run.isRunning.value) continue;
      this.#orTell(() => this.shelf.keep(withTurn(conversation, run.interrupted())));
    }
  }

  #isObstructed(): boolean {
    const obstacle = this.obstacle();
    if (obstacle === "settings") {
      const [issue = ""] = Object.values(requestSettings(this.settings.current.value).issues);
      this.notices.problem(`A setting is wrong. ${issue}`);
    } else if (obstacle === "no model") this.notices.problem("There is no model to ask yet.");
    return obstacle !== undefined;
  }

  #isShelfFull(): boolean {
    if (!this.shelf.isFull) return false;
    this.notices.problem(`This browser keeps ${mostConversations} conversations. Delete one to begin another.`);
    return true;
  }

  #askBehind(conversation: Conversation, parent: string | null, text: string): boolean {
    if (this.shelf.get(conversation.id) === undefined && this.#isShelfFull()) return false;
    const question: UserTurn = { kind: "user", id: newId(), parent, createdAt: Date.now(), text };
    const asked = withTurn(conversation, question);
    this.#put(asked);
    this.#answer(asked, question.id);
    return true;
  }

  #answer(conversation: Conversation, question: string): void {
    const model = this.models.model();
    if (model === undefined) return;
    const shown = { ...conversation, leaf: question };
    this.#put(shown);
    const request = this.#request(historyOf(shown.system, branchOf(shown)));
    const run = new Run({
      model,
      parent: question,
      request,
      onEnd: (answer) => this.#end(shown.id, answer),
      ...(this.#clock !== undefined && { clock: this.#clock }),
    });
    this.#runs.value = new Map([...this.#recentRuns(shown.id), [shown.id, run]]);
    void readAloud(run, this.announcer);
  }

  /** Those of other conversations: all that go on, and the last few that do not, each with its log. */
  #recentRuns(id: string): [string, Run][] {
    const others = [...this.#runs.value].filter(([of]) => of !== id);
    const over = others.filter(([, run]) => !run.isRunning.peek());
    const forgotten = new Set(over.slice(0, -mostRunsKept));
    return others.filter((entry) => !forgotten.has(entry));
  }

  #request(messages: AgentRequest["messages"]): Omit<AgentRequest, "promptProgress"> {
    const { value: settings } = this.settings.current;
    const { request } = requestSettings(settings);
    if (!hasTools(settings)) return { ...request, messages };
    const tools: Tool[] = executableTools(settings);
    if (settings.serverTools) tools.push({ type: "server" });
    return { ...request, messages, tools };
  }

  #end(id: string, answer: AnswerTurn): void {
    const conversation = this.shelf.get(id);
    // Deleted meanwhile, all of it or its question.
    if (conversation === undefined || !conversation.turns.some((turn) => turn.id === answer.parent)) return;
    const { leaf } = conversation;
    const ended = withTurn(conversation, answer);
    // Who looks at another branch stays there.
    this.#put(leaf === answer.parent ? ended : { ...ended, leaf });
    const { outcome } = answer;
    if (outcome.kind === "failed" && outcome.error.code === "unauthorized") this.models.lock();
  }

  #put(conversation: Conversation): void {
    this.#orTell(() => this.shelf.put(conversation));
  }

  #orTell(keep: () => void): void {
    try {
      keep();
    } catch (error) {
      if (!(error instanceof ShelfFullError)) throw error;
      this.notices.problem(error.message);
    }
  }
}

function lastAnswer(branch: readonly Turn[]): string | null {
  return branch.findLast(({ kind }) => kind === "answer")?.id ?? null;
}
