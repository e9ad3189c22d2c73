import type { Context } from "hono";
import { type ChatRequest, type ChatResponse, type Message, type WickResponse, isTerminal } from "wick";
import { z } from "zod";
import { type App, type Env, readBody, servedModel } from "../app.js";
import { invalid, unsupported } from "../error/failure.js";
import { begun, streamed, throwIfFailed } from "../run/reply.js";
import type { Run } from "../run/run.js";
import { ResponseForm, wantsResponses } from "../wire/response-form.js";
import { messagesOfInput } from "./input.js";
import { type ResponseBody, chatFieldsOf, inputTokensRequest, responseRequest } from "./request.js";
import { newResponse } from "./response-object.js";
import type { StoredResponse } from "./response-store.js";
import { ResponseWriter } from "./response-writer.js";

/** What a response answered. */
export const inputItemsSchema = z
  .object({
    object: z.literal("list"),
    data: z.array(z.record(z.string(), z.unknown())),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
    has_more: z.literal(false),
  })
  .meta({ id: "ResponseInputItems" });

/** How many tokens a response would read. */
export const inputTokensSchema = z
  .object({ object: z.literal("response.input_tokens"), input_tokens: z.int() })
  .meta({ id: "ResponseInputTokens" });

/** A response that is no more. */
export const deletedResponseSchema = z
  .object({ id: z.string(), object: z.literal("response"), deleted: z.literal(true) })
  .meta({ id: "DeletedResponse" });

/** `POST /v1/responses` */
export async function createResponse(app: App, c: Context<Env>): Promise<Response> {
  const body = await readBody(app, c, responseRequest);
  const served = servedModel(app, c, body.model);
  const { caller } = c.var.exchange;
  const messages = conversationOf(app, body, caller.name);
  const request: ChatRequest = { ...chatFieldsOf(body), messages: withInstructions(body, messages) };
  const inBackground = body.background === true;
  // What runs in the background outlives its request, and so does what is told of it.
  const exchange = inBackground ? c.var.exchange.inBackground() : c.var.exchange;
  const options = inBackground ? {} : { signal: c.req.raw.signal };
  const run = app.runs.begin<ChatResponse>(exchange, served, () => served.model.chat.stream(request, options));
  if (wantsResponses(c.req.raw) && !inBackground) return streamed(app, run, new ResponseForm(served.name));
  await begun(app, run);
  const id = `resp_${app.runtime.newId()}`;
  const createdAt = Math.floor(app.runtime.date() / 1000);
  const writer = new ResponseWriter(newResponse(body, { id, createdAt, model: served.name }), app.runtime.date);
  exchange.responseId = id;
  run.onEnd(() => {
    if (run.isLeft) writer.cancelled();
  });
  if (body.store !== false) {
    app.responses.add({ writer, caller: caller.name, messages, input: body.input, cancel: () => run.cancel() });
  }
  if (body.stream === true) return streamed(app, run, writer);
  const end = writeOn(writer, run);
  if (inBackground) {
    void end.then(() => exchange.over(200));
    return c.json(writer.response);
  }
  throwIfFailed(app, run, await end, writer.response);
  return c.json(writer.response);
}

/** `POST /v1/responses/input_tokens` */
export async function countInputTokens(app: App, c: Context<Env>): Promise<Response> {
  const body = await readBody(app, c, inputTokensRequest);
  const { model } = servedModel(app, c, body.model);
  const messages = conversationOf(app, body, c.var.exchange.caller.name);
  const count = await model.countTokens({ ...chatFieldsOf(body), messages: withInstructions(body, messages) });
  return c.json({ object: "response.input_tokens", input_tokens: count });
}

/** `GET /v1/responses/:id` */
export function retrieveResponse(app: App, c: Context<Env>): Response {
  if (c.req.query("stream") === "true") {
    throw unsupported("stream", "A response is retrieved whole, as far as it is; ask again while it is in progress.");
  }
  return c.json(stored(app, c).writer.response);
}

/** `GET /v1/responses/:id/input_items` */
export function listInputItems(app: App, c: Context<Env>): Response {
  const { input, writer } = stored(app, c);
  const items =
    typeof input === "string"
      ? [{ type: "message", role: "user", content: [{ type: "input_text", text: input }] }]
      : input;
  const data = items.map((item, index) => ({ id: `in_${writer.response.id.slice(5)}_${index}`, ...item }));
  return c.json({
    object: "list",
    data,
    first_id: data.at(0)?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: false,
  });
}

/** `POST /v1/responses/:id/cancel` */
export function cancelResponse(app: App, c: Context<Env>): Response {
  const { writer, cancel } = stored(app, c);
  if (writer.isLive) {
    writer.cancelled();
    cancel();
  }
  return c.json(writer.response);
}

/** `DELETE /v1/responses/:id` */
export function deleteResponse(app: App, c: Context<Env>): Response {
  const { writer, cancel } = stored(app, c);
  const { id } = writer.response;
  if (writer.isLive) cancel();
  app.responses.delete(id);
  return c.json({ id, object: "response", deleted: true });
}

function stored(app: App, c: Context<Env>): StoredResponse {
  return app.responses.find(c.req.param("response") ?? "", c.var.exchange.caller.name, "response");
}

function conversationOf(app: App, body: ResponseBody, caller: string): Message[] {
  const said = messagesOfInput(body.input);
  const { previous_response_id: id } = body;
  if (id === undefined || id === null) return said;
  const { writer, messages } = app.responses.find(id, caller, "previous_response_id");
  if (writer.isLive) throw invalid("previous_response_id", "That response has not come to its end yet.");
  return [...messages, ...(writer.answer === undefined ? [] : [writer.answer]), ...said];
}

/** They hold for one response and are not gone on from. */
function withInstructions({ instructions }: ResponseBody, messages: Message[]): Message[] {
  return instructions === undefined || instructions === null
    ? messages
    : [{ role: "system", content: instructions }, ...messages];
}

/** Reads a run to its end into the response. */
async function writeOn(writer: ResponseWriter, run: Run<ChatResponse>): Promise<WickResponse> {
  for (;;) {
    const response = await run.next();
    if (response === undefined) throw new Error("A stream ended without a terminal.");
    if (writer.isLive) writer.events(response);
    if (isTerminal(response)) return response;
  }
}
