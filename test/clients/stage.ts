import { demoModel } from "@wick/demo-model";
import { vi } from "vitest";
import { Model } from "wick";
import { type ScriptedReply, scriptedModel } from "wick/testing";
import type { Question } from "./question.ts";
import { Served } from "./served.ts";

/** What a script was asked, in the library's words. */
type ScriptedRequest = Readonly<Record<string, unknown>> & { messages: readonly { role: string; content?: unknown }[] };

/** Answers that are given to those who ask in its words. */
export interface Script {
  /** Its own words, which no other script has. */
  words: string;
  /** A question in its words. */
  question(rest?: Partial<Question>): Question;
  /** What it was asked so far. */
  asked: readonly ScriptedRequest[];
}

/** The server that the cases of one client share. Its end looks through what went over the wire. */
export interface Stage extends AsyncDisposable {
  server: Served;
  /** The model that is served as `demo`, here. */
  demo: Model;
  /** The one that is served as `endless`: the demo model going on to the end of its context. */
  endless: Model;
  /** Has the model `scripted` give these answers, one for each time that it is asked; the last for all further ones. */
  script(replies: readonly (string | ScriptedReply)[]): Script;
}

/** Starts it. */
export async function startStage(): Promise<Stage> {
  const demo = await Model.load(demoModel());
  const endless = await Model.load(demoModel());
  const scripts: { words: string; replies: readonly (string | ScriptedReply)[]; asked: ScriptedRequest[] }[] = [];
  const scripted = scriptedModel({
    replies({ request }) {
      const text = JSON.stringify(request);
      const script = scripts.find(({ words }) => text.includes(words));
      if (script === undefined) throw new Error(`No script answers ${text}.`);
      script.asked.push(request as unknown as ScriptedRequest);
      return script.replies[script.asked.length - 1] ?? script.replies.at(-1) ?? {};
    },
  });
  const server = await Served.start({ models: { demo, scripted, endless: withoutEnd(endless) } });
  return {
    server,
    demo,
    endless,
    script(replies) {
      const words = `Script ${scripts.length + 1}.`;
      const asked: ScriptedRequest[] = [];
      scripts.push({ words, replies, asked });
      return {
        words,
        asked,
        question: (rest) => ({
          model: "scripted",
          messages: [{ role: "user", content: words }],
          maxTokens: 80,
          ...rest,
        }),
      };
    },
    async [Symbol.asyncDispose]() {
      try {
        await server.checkWire();
      } finally {
        await server[Symbol.asyncDispose]();
        for (const model of [demo, endless, scripted]) await model.close();
      }
    },
  };
}

/** Waits until nothing runs any more, which must be so this soon after a client has let go. */
export async function untilIdle(model: Model): Promise<void> {
  const isIdle = () => {
    const { running, queued, parked } = model.stats();
    return running + queued + parked === 0;
  };
  await vi.waitUntil(isIdle, { timeout: 100, interval: 2 });
}

/** The same model, which does not come to an end by itself. */
function withoutEnd(model: Model): Model {
  const { chat, completions, fim, embeddings, info } = model;
  const stream: Model["chat"]["stream"] = (request, options) =>
    chat.stream({ ...request, ignoreEos: true, maxTokens: 1900 }, options);
  return {
    info,
    chat: { ...chat, stream },
    completions,
    fim,
    embeddings,
    stats: () => model.stats(),
    trace: () => model.trace(),
    tokenize: (text, options) => model.tokenize(text, options),
    detokenize: (tokens) => model.detokenize(tokens),
    applyChatTemplate: (request) => model.applyChatTemplate(request),
    countTokens: (request) => model.countTokens(request),
    logits: (tokens, options) => model.logits(tokens, options),
    close: () => model.close(),
    [Symbol.asyncDispose]: () => model.close(),
  };
}
