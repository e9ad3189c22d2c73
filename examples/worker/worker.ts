import { demoModel } from "@wick/demo-model";
import { type Model as LoadedModel, type Message, Model } from "wick";

/** What a request's promises are kept alive by, beyond its answer. */
interface Context {
  waitUntil(promise: Promise<unknown>): void;
}

let loading: Promise<LoadedModel> | undefined;

/** The model, which the first request loads and the isolate keeps for all that follow. */
function load(context: Context): Promise<LoadedModel> {
  loading ??= Model.load(demoModel(), { maxSequences: 4, maxQueue: 8 }).catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  // Others wait for it too, should the client that began it leave.
  context.waitUntil(loading);
  return loading;
}

export default {
  async fetch(request: Request, _environment: unknown, context: Context): Promise<Response> {
    if (new URL(request.url).pathname !== "/chat") return new Response("Not found", { status: 404 });
    if (request.method !== "POST") return new Response("Only POST", { status: 405, headers: { allow: "POST" } });
    const body = await (request.json() as Promise<{ messages: Message[] }>).catch(() => undefined);
    if (body === undefined) return new Response("The body is no JSON", { status: 400 });
    const model = await load(context);
    const { messages } = body;
    // What is wrong with the messages the stream itself tells. A client that leaves cancels it. At a temperature of 0 the small
    // model says what it knows best; drop it for answers that vary.
    return model.chat.stream({ messages, maxTokens: 256, temperature: 0 }, { signal: request.signal }).toResponse();
  },
};
