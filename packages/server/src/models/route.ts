import type { Context } from "hono";
import type { Model } from "wick";
import { z } from "zod";
import type { App, Env } from "../app.js";

/** A model as OpenAI's and Mistral's clients list it. */
export const modelSchema = z
  .object({
    id: z.string(),
    object: z.literal("model"),
    created: z.int(),
    owned_by: z.string(),
    type: z.literal("base"),
    name: z.string(),
    aliases: z.array(z.string()),
    max_context_length: z.int().optional(),
    capabilities: z.object({
      completion_chat: z.boolean(),
      completion_fim: z.boolean(),
      function_calling: z.boolean(),
      fine_tuning: z.boolean(),
      vision: z.boolean(),
      reasoning: z.boolean(),
      embeddings: z.boolean(),
    }),
  })
  .meta({ id: "Model" });

/** All of them. */
export const modelListSchema = z
  .object({ object: z.literal("list"), data: z.array(modelSchema) })
  .meta({ id: "ModelList" });

/** `GET /v1/models` */
export function listModels(app: App, c: Context<Env>): Response {
  return c.json({ object: "list", data: app.models.ready().map(({ name, model }) => wireModel(app, name, model)) });
}

/** `GET /v1/models/:model` */
export function retrieveModel(app: App, c: Context<Env>): Response {
  const { name, model } = app.models.find(c.req.param("model"));
  return c.json(wireModel(app, name, model));
}

function wireModel(app: App, name: string, { info }: Model): z.infer<typeof modelSchema> {
  const { tools, fim, reasoning, embeddings } = info.capabilities;
  return {
    id: name,
    object: "model",
    created: app.models.created,
    owned_by: "wick",
    // Without a type, Mistral's client reads an unknown kind of model.
    type: "base",
    name,
    aliases: [],
    ...(info.contextLength !== undefined && { max_context_length: info.contextLength }),
    capabilities: {
      completion_chat: true,
      completion_fim: fim,
      function_calling: tools,
      fine_tuning: false,
      vision: false,
      reasoning,
      embeddings,
    },
  };
}
