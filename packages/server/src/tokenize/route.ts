import type { Context } from "hono";
import { z } from "zod";
import { type App, type Env, readBody, servedModel } from "../app.js";
import { chatCompletionRequest, chatRequestOf } from "../chat/request.js";
import { optional } from "../wire/optional.js";

const ofText = z.object({
  model: optional(z.string()),
  prompt: z.string(),
  special: optional(z.boolean()).describe("Control tokens that are spelled in the text become control tokens."),
});

/** `POST /v1/tokenize`: a text, or a chat, whose prompt is counted. */
export const tokenizeRequest = z.union([ofText, chatCompletionRequest]).meta({ id: "TokenizeRequest" });

/** Of a chat the count alone. */
export const tokenizeSchema = z
  .object({ count: z.int(), tokens: z.array(z.int()).optional(), max_model_len: z.int().optional() })
  .meta({ id: "Tokens" });

/** `POST /v1/detokenize` */
export const detokenizeRequest = z
  .object({ model: optional(z.string()), tokens: z.array(z.int().min(0)) })
  .meta({ id: "DetokenizeRequest" });

/** The text of tokens. */
export const detokenizeSchema = z.object({ prompt: z.string() }).meta({ id: "Text" });

/** `POST /v1/tokenize` */
export async function tokenize(app: App, c: Context<Env>): Promise<Response> {
  const body = await readBody(app, c, tokenizeRequest);
  const { model } = servedModel(app, c, body.model);
  const { contextLength } = model.info;
  const length = contextLength === undefined ? {} : { max_model_len: contextLength };
  if ("messages" in body) return c.json({ count: await model.countTokens(chatRequestOf(body)), ...length });
  const tokens = await model.tokenize(body.prompt, { special: body.special === true });
  return c.json({ count: tokens.length, tokens, ...length });
}

/** `POST /v1/detokenize` */
export async function detokenize(app: App, c: Context<Env>): Promise<Response> {
  const { model: name, tokens } = await readBody(app, c, detokenizeRequest);
  const { model } = servedModel(app, c, name);
  return c.json({ prompt: await model.detokenize(tokens) });
}
