import type { Context } from "hono";
import type { ChatCompletion, ChatResponse } from "wick";
import { type App, type Env, readBody, servedModel } from "../app.js";
import { streamed, whole } from "../run/reply.js";
import { ResponseForm, wantsResponses } from "../wire/response-form.js";
import { wireMessage } from "./message.js";
import { MessageForm } from "./message-form.js";
import { chatRequestOfMessages, countTokensRequest, messagesRequest, promptOf } from "./request.js";

/** `POST /v1/messages`, as Anthropic has it. */
export async function messages(app: App, c: Context<Env>): Promise<Response> {
  const body = await readBody(app, c, messagesRequest);
  const served = servedModel(app, c, body.model);
  const request = chatRequestOfMessages(body);
  const { signal } = c.req.raw;
  const run = app.runs.begin<ChatResponse>(c.var.exchange, served, () => served.model.chat.stream(request, { signal }));
  if (wantsResponses(c.req.raw)) return streamed(app, run, new ResponseForm(served.name));
  if (body.stream === true) return streamed(app, run, new MessageForm(served.name));
  const wire = (completion: ChatCompletion) => wireMessage(completion, served.name);
  const terminal = await whole(app, run, (end) => ("partial" in end ? wire(end.partial) : undefined));
  if (terminal.kind !== "done") throw new Error(`A chat ended with ${terminal.kind}.`);
  return c.json(wire(terminal.completion));
}

/** `POST /v1/messages/count_tokens` */
export async function countMessageTokens(app: App, c: Context<Env>): Promise<Response> {
  const body = await readBody(app, c, countTokensRequest);
  const { model } = servedModel(app, c, body.model);
  return c.json({ input_tokens: await model.countTokens(promptOf(body)) });
}
