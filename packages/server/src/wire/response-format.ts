import type { ResponseFormat } from "wick";
import { z } from "zod";
import { optional, set } from "./optional.js";

/** What the answer must look like: OpenAI's three, and three of ours. */
export const responseFormatField = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text") }),
  z.object({ type: z.literal("json_object") }),
  z.object({
    type: z.literal("json_schema"),
    json_schema: z.object({
      name: z.string().min(1).max(64),
      description: optional(z.string()),
      schema: z.record(z.string(), z.unknown()),
      strict: optional(z.boolean()),
    }),
  }),
  z.object({ type: z.literal("regex"), regex: z.string() }),
  z.object({ type: z.literal("lark"), grammar: z.string() }),
  z.object({ type: z.literal("choice"), choices: z.array(z.string()).min(1) }),
]);

/** The same in Wick's words. */
export function responseFormatOf(format: z.infer<typeof responseFormatField>): ResponseFormat {
  if (format.type !== "json_schema") return format;
  const { name, description, schema, strict } = format.json_schema;
  return { type: "json_schema", jsonSchema: { name, schemaDefinition: schema, ...set({ description, strict }) } };
}
