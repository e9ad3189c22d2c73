import type { Context } from "hono";
import type { Completion, CompletionResponse, WickResponse } from "wick";
import { type App, type Env, readBody, servedModel } from "../app.js";
import { wireChatCompletion } from "../chat/chat-completion.js";
import { ChunkForm } from "../chat/chunk-form.js";
import { unsupported } from "../error/failure.js";
import { streamed, whole } from "../run/reply.js";
import { clientOf } from "../wire/client.js";
import { ResponseForm, wantsResponses } from "../wire/response-form.js";
import { ChatOfTextForm, asChatCompletion } from "./as-chat.js";
import { promptBatch } from "./prompt-batch.js";
import { completionRequest, completionRequestsOf, fimCompletionRequest, fimRequestOf } from "./request.js";
import { TextChunkForm } from "./text-chunk-form.js";
import { wireTextCompletion } from "./text-completion.js";

/** `POST /v1/completions` */
export async function completions(app: App, c: Context<Env>): Promise<Response> {
  const body = await readBody(app, c, completionRequest);
  const { model, name } = servedModel(app, c, body.model);
  const requests = completionRequestsOf(body);
  const { signal } = c.req.raw;
  const { suffix } = body;
  const isFim = suffix !== undefined && suffix !== null;
  const n = body.n ?? 1;
  const run = app.runs.begin<CompletionResponse>(c.var.exchange, { model, name }, () => {
    const streams = requests.map(({ prompt, echo, ...request }) => {
      if (!isFim)
        return model.completions.stream({ prompt, ...request, ...(echo !== undefined && { echo }) }, { signal });
      if (typeof prompt !== "string") throw unsupported("suffix", "A hole is filled in text, not among token ids.");
      if (echo === true) throw unsupported("echo", "A hole is filled without repeating what is around it.");
      return model.fim.stream({ prompt, suffix, ...request }, { signal });
    });
    return promptBatch(streams, n);
  });
  if (wantsResponses(c.req.raw)) return streamed(app, run, new ResponseForm(name));
  if (body.stream === true) {
    const includeUsage = body.stream_options?.include_usage === true;
    return streamed(app, run, new TextChunkForm({ model: name, n: n * requests.length, includeUsage }));
  }
  const completion = await wholeText(app, run, (partial) => wireTextCompletion(partial, name));
  return c.json(wireTextCompletion(completion, name));
}

/** `POST /v1/fim/completions` */
export async function fimCompletions(app: App, c: Context<Env>): Promise<Response> {
  const body = await readBody(app, c, fimCompletionRequest);
  const served = servedModel(app, c, body.model);
  const { signal } = c.req.raw;
  const run = app.runs.begin<CompletionResponse>(c.var.exchange, served, () =>
    served.model.fim.stream(fimRequestOf(body), { signal }),
  );
  if (wantsResponses(c.req.raw)) return streamed(app, run, new ResponseForm(served.name));
  const init = { model: served.name, client: clientOf(c.req.raw.headers), thinksInParts: false };
  if (body.stream === true) {
    const includeUsage = body.stream_options?.include_usage === true;
    const form = new ChatOfTextForm(new ChunkForm({ ...init, n: body.n ?? 1, includeUsage }));
    return streamed<WickResponse>(app, run as never, form);
  }
  const wire = (completion: Completion) => wireChatCompletion(asChatCompletion(completion), init);
  return c.json(wire(await wholeText(app, run, wire)));
}

async function wholeText(
  app: App,
  run: Parameters<typeof whole<CompletionResponse>>[1],
  wire: (partial: Completion) => object,
): Promise<Completion> {
  const terminal = await whole(app, run, (end) => ("partial" in end ? wire(end.partial) : undefined));
  if (terminal.kind !== "completion_done") throw new Error(`A completion ended with ${terminal.kind}.`);
  return terminal.completion;
}
