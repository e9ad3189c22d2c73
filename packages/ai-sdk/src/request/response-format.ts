import type { LanguageModelV3CallOptions } from "@ai-sdk/provider";
import type { ModelInfo, ResponseFormat } from "wick";

/** What the answer must look like, in Wick's words; undefined: anything. */
export function responseFormat(
  format: LanguageModelV3CallOptions["responseFormat"],
  { backend }: ModelInfo,
): ResponseFormat | undefined {
  if (format === undefined || format.type === "text") return undefined;
  const { schema, name = "answer", description } = format;
  if (schema === undefined) return { type: "json_object" };
  return {
    type: "json_schema",
    jsonSchema: {
      name,
      schemaDefinition: { ...schema },
      ...(description !== undefined && { description }),
      // The SDK validates by the library that the schema comes from, so that what of it no grammar can keep to is left to that.
      ...(backend !== "remote" && { strict: false }),
    },
  };
}
