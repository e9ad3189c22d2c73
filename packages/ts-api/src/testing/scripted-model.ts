import type { OnCall } from "../model/call-observer.js";
import { LocalModel } from "../model/local-model.js";
import { Mailboxes } from "../model/mailboxes.js";
import type { Model } from "../model/model.js";
import type { ModelInfo } from "../model/model-info.js";
import type { ScriptedCall } from "./scripted-call.js";
import { ScriptedEngine } from "./scripted-engine.js";
import type { ScriptedEmbeddings } from "./scripted-embeddings.js";
import type { ScriptedReply } from "./scripted-reply.js";

/**
 * What a scripted model answers.
 *
 * @example
 * ```ts
 * const options: ScriptedModelOptions = {
 *   replies: ["Yes.", { text: "N", end: { kind: "hang" } }],
 *   embeddings: (input) => [input.length, 1],
 * };
 * ```
 */
export interface ScriptedModelOptions {
  /** One for each call, the last for all further calls; or a function of the call. */
  replies: readonly (string | ScriptedReply)[] | ((call: ScriptedCall, index: number) => string | ScriptedReply);
  /** The vectors of `model.embeddings.create`, which is `unsupported` without them. */
  embeddings?: ScriptedEmbeddings | undefined;
  /** Called with each call, as that of a model that is loaded. */
  onCall?: OnCall | undefined;
  /** Over the defaults of `model.info`. */
  info?: Partial<ModelInfo> | undefined;
}

/**
 * A model for tests.
 *
 * @example
 * ```ts
 * const model: ScriptedModel = scriptedModel({ replies: ["Hi."] });
 * ```
 */
export interface ScriptedModel extends Model {
  /** The generations that began, in order. */
  readonly calls: readonly ScriptedCall[];
}

class LocalScriptedModel extends LocalModel implements ScriptedModel {
  readonly calls: readonly ScriptedCall[];

  constructor(
    mailboxes: Mailboxes,
    info: ModelInfo,
    { calls, onCall }: { calls: readonly ScriptedCall[]; onCall: OnCall | undefined },
  ) {
    super(mailboxes, 1, info, { onCall });
    this.calls = calls;
  }
}

/**
 * Makes a model that answers from a script, for unit tests of programs that use Wick. Its streams obey the laws of real ones:
 * lazy, one reader, one terminal, cancelled by signal, `break` and timeout, with the partial answer. Its tokens are bytes.
 *
 * @param options - What it answers.
 *
 * @example
 * ```ts
 * import { scriptedModel } from "wick/testing";
 *
 * test("shows what there is when the model fails", async () => {
 *   const model = scriptedModel({
 *     replies: [{ text: ["The sky ", "is ", "blue."], end: { kind: "model_error", after: 2, error: { code: "numeric_error" } } }],
 *   });
 *   expect(await answer(model, "Why?")).toBe("The sky is … (numeric_error)");
 *   expect(model.calls[0]?.request).toMatchObject({ messages: [{ role: "user", content: "Why?" }] });
 * });
 * ```
 */
export function scriptedModel(options: ScriptedModelOptions): ScriptedModel {
  const calls: ScriptedCall[] = [];
  const info: ModelInfo = {
    id: "scripted",
    backend: "native",
    capabilities: { tools: true, reasoning: true, fim: true, embeddings: options.embeddings !== undefined },
    warnings: [],
    ...options.info,
  };
  const reply = (call: ScriptedCall): ScriptedReply => {
    calls.push(call);
    const scripted = replyTo(call, calls.length - 1, options.replies);
    return typeof scripted === "string" ? { text: scripted } : scripted;
  };
  const doorbell = { ring: () => {} };
  const engine = new ScriptedEngine({ info, reply, embeddings: options.embeddings }, () => doorbell.ring());
  // A script has no work of its own beside its timers, and those keep the process alive.
  const mailboxes = new Mailboxes(engine, () => {});
  doorbell.ring = () => mailboxes.ring();
  return new LocalScriptedModel(mailboxes, info, { calls, onCall: options.onCall });
}

function replyTo(call: ScriptedCall, index: number, replies: ScriptedModelOptions["replies"]): string | ScriptedReply {
  if (typeof replies === "function") return replies(call, index);
  return replies[index] ?? replies.at(-1) ?? {};
}
