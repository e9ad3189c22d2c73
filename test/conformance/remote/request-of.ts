import type { ChatRequest, CompletionRequest, FimRequest } from "wick";

/** The body of a request, of which nothing is known. */
export type Body = Readonly<Record<string, unknown>>;

/** Names that are not ours in another spelling. */
const renamed: Readonly<Record<string, string>> = { seed: "randomSeed", max_completion_tokens: "maxTokens" };
const dropped = new Set(["model", "stream", "stream_options"]);

/** What any of the calls takes. */
type AnyRequest = ChatRequest & CompletionRequest & FimRequest;

/** The request in our words that a body in OpenAI's words asks for. */
export function requestOf(body: Body): AnyRequest {
  const { messages, dry, response_format: format, ...others } = body;
  const { reasoning_effort: effort, reasoning_max_tokens: maxTokens, ...rest } = others;
  const fields = Object.entries(rest).filter(([name]) => !dropped.has(name));
  const request: Body = {
    ...Object.fromEntries(fields.map(([name, value]) => [renamed[name] ?? camel(name), value])),
    ...(Array.isArray(messages) && { messages: messages.map((message: Body) => messageOf(message)) }),
    ...(dry !== undefined && { dry: camelFields(dry as Body) }),
    ...(format !== undefined && { responseFormat: formatOf(format as Body) }),
    ...((effort ?? maxTokens) !== undefined && {
      reasoning: { ...(effort !== undefined && { effort }), ...(maxTokens !== undefined && { maxTokens }) },
    }),
  };
  // A body has no types. The engine checks every field, and the tests send wrong ones for it to refuse.
  return request as unknown as AnyRequest;
}

function formatOf({ json_schema: described, ...format }: Body): Body {
  if (described === undefined) return format;
  const { schema, ...rest } = described as Body;
  return { ...format, jsonSchema: { ...rest, schemaDefinition: schema } };
}

function messageOf(message: Body): Body {
  return camelFields(message);
}

function camelFields(value: Body): Body {
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [camel(name), field]));
}

function camel(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
