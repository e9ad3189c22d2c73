import {
  ChatCompletionResponse$inboundSchema,
  CompletionChunk$inboundSchema,
  EmbeddingResponse$inboundSchema,
  ModelList$inboundSchema,
} from "@mistralai/mistralai/models/components";

/** Mistral's client's own schemas of what it reads. */
const schemas = {
  chunk: CompletionChunk$inboundSchema,
  "/v1/chat/completions": ChatCompletionResponse$inboundSchema,
  "/v1/fim/completions": ChatCompletionResponse$inboundSchema,
  "/v1/embeddings": EmbeddingResponse$inboundSchema,
  "/v1/models": ModelList$inboundSchema,
};

/**
 * Where Mistral's client could not read all of an answer, or of a chunk: one wire form is for all clients, and its schemas are the
 * strictest.
 */
export function mistralProblems(what: string, text: string): string[] {
  const schema = Object.entries(schemas).find(([name]) => name === what)?.[1];
  if (schema === undefined) return [];
  const { success, error, data } = schema.safeParse(JSON.parse(text));
  if (!success) return [`Mistral's client refuses ${text.slice(0, 300)}: ${error.message}`];
  // It takes parts of a kind that it does not know, and marks them.
  return /"isUnknown":true/.test(JSON.stringify(data)) ? [`Mistral's client does not know all of ${text}`] : [];
}
