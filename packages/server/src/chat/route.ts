import type { Context } from "hono";
import type { ChatCompletion, ChatResponse } from "wick";
import { type App, type Env, readBody, servedModel } from "../app.js";
import { streamed, whole } from "../run/reply.js";
import { clientOf } from "../wire/client.js";
import { ResponseForm, wantsResponses } from "../wire/response-form.js";
import { wireChatCompletion } from "./chat-completion.js";
import { ChunkForm } from "./chunk-form.js";
import { chatCompletionRequest, chatRequestOf } from "./request.js";

/** `POST /v1/chat/completions` */
export async function chatCompletions(app: App, c: Context<Env>): Promise<Response> {
  const body = await readBody(app, c, chatCompletionRequest);
  const served = servedModel(app, c, body.model);
  const request = chatRequestOf(body);
  const { signal } = c.req.raw;
  const isOurs = wantsResponses(c.req.raw);
  // Only our own form has a place for it.
  const promptProgress = isOurs && body.prompt_progress === true;
  const run = app.runs.begin<ChatResponse>(
    c.var.exchange,
    served,
    () => served.model.chat.stream(promptProgress ? { ...request, promptProgress } : request, { signal }) as never,
  );
  if (isOurs) return streamed(app, run, new ResponseForm(served.name));
  const client = clientOf(c.req.raw.headers);
  // Others read text alone, and some of Mistral's helpers, too: only who asks for thoughts gets parts.
  const asksForThoughts = (body.prompt_mode ?? body.reasoning_effort ?? "none") !== "none";
  const written = { model: served.name, client, thinksInParts: client === "mistral" && asksForThoughts };
  if (body.stream === true) {
    const includeUsage = body.stream_options?.include_usage === true;
    return streamed(app, run, new ChunkForm({ ...written, n: body.n ?? 1, includeUsage }));
  }
  const wire = (completion: ChatCompletion) => wireChatCompletion(completion, written);
  const terminal = await whole(app, run, (end) => ("partial" in end ? wire(end.partial) : undefined));
  if (terminal.kind !== "done") throw new Error(`A chat ended with ${terminal.kind}.`);
  return c.json(wire(terminal.completion));
}
