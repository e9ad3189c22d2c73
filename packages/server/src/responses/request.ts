import type { ChatRequest } from "wick";
import { z } from "zod";
import { unsupported } from "../error/failure.js";
import { ignored, optional, set } from "../wire/optional.js";
import { functionToolOf } from "../wire/tools.js";
import { inputField } from "./input.js";

const own = "it is of a host's own bookkeeping";

const functionTool = z.object({
  type: z.literal("function"),
  name: z.string().regex(/^[\w-]{1,64}$/, "1 to 64 letters, digits, _ and -"),
  description: optional(z.string()),
  parameters: optional(z.record(z.string(), z.unknown())),
  strict: optional(z.boolean()),
});
/** Of a host: refused by name. A function that is wrong is none of these. */
const otherTool = z.object({ type: z.string().regex(/^(?!function$)/, { abort: true }) });

const textFormat = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text") }),
  z.object({ type: z.literal("json_object") }),
  z.object({
    type: z.literal("json_schema"),
    name: z.string().min(1).max(64),
    description: optional(z.string()),
    schema: z.record(z.string(), z.unknown()),
    strict: optional(z.boolean()),
  }),
]);

/** `POST /v1/responses` */
export const responseRequest = z
  .object({
    model: optional(z.string()).describe("May be left out where the server has one model."),
    input: z.union([z.string(), inputField]),
    instructions: optional(z.string()),
    previous_response_id: optional(z.string()),
    store: optional(z.boolean()).describe("Whether it is kept, for an hour at most; true."),
    stream: optional(z.boolean()),
    stream_options: ignored("events are not padded"),
    background: optional(z.boolean()).describe("Answers at once; retrieve the response until it is complete."),
    temperature: optional(z.number().min(0).max(10)),
    top_p: optional(z.number().gt(0).max(1)),
    max_output_tokens: optional(z.int().min(1)),
    top_logprobs: optional(z.int().min(0).max(20)),
    include: optional(z.array(z.string())),
    tools: optional(z.array(z.union([functionTool, otherTool])).max(128)),
    tool_choice: optional(
      z.union([
        z.enum(["auto", "none", "required"]),
        z.object({ type: z.literal("function"), name: z.string() }),
        otherTool,
      ]),
    ),
    parallel_tool_calls: optional(z.boolean()),
    text: optional(z.object({ format: optional(textFormat), verbosity: ignored("models here have no such switch") })),
    reasoning: optional(
      z.object({
        effort: optional(z.enum(["none", "minimal", "low", "medium", "high", "xhigh"])),
        summary: ignored("thoughts are told whole"),
        generate_summary: ignored("thoughts are told whole"),
      }),
    ),
    metadata: optional(z.record(z.string().max(64), z.string().max(512))),
    truncation: optional(z.enum(["auto", "disabled"])),
    conversation: optional(z.unknown()),
    prompt: optional(z.unknown()),
    user: ignored(own),
    service_tier: ignored(own),
    prompt_cache_key: ignored("prefixes are found by their tokens"),
    prompt_cache_retention: ignored("prefixes are found by their tokens"),
    safety_identifier: ignored(own),
    max_tool_calls: ignored("this server runs no tools"),
  })
  .meta({ id: "CreateResponseRequest" });

/** `POST /v1/responses/input_tokens`: what would be asked. */
export const inputTokensRequest = responseRequest.meta({ id: "CountInputTokensRequest" });

/** A body that fits it. */
export type ResponseBody = z.infer<typeof responseRequest>;

/**
 * The request in Wick's words, without its messages.
 *
 * @throws {Failure} for what this server does not do.
 */
export function chatFieldsOf(body: ResponseBody): Omit<ChatRequest, "messages"> {
  if (body.conversation !== undefined && body.conversation !== null) {
    throw unsupported("conversation", "This server keeps responses, not conversations: send previous_response_id.");
  }
  if (body.prompt !== undefined && body.prompt !== null) {
    throw unsupported("prompt", "This server keeps no prompts: send instructions and input.");
  }
  if (body.truncation === "auto") {
    throw unsupported("truncation", "This server leaves out nothing on its own: shorten the input.");
  }
  if (body.background === true && (body.stream === true || body.store === false)) {
    const where = body.stream === true ? "stream" : "store";
    throw unsupported(where, "A response in the background is kept, and retrieved by its id.");
  }
  const { tools, tool_choice: choice, text, reasoning } = body;
  const wantsLogprobs = body.include?.includes("message.output_text.logprobs") === true;
  return set({
    temperature: body.temperature,
    topP: body.top_p,
    maxTokens: body.max_output_tokens,
    logprobs: wantsLogprobs || (body.top_logprobs ?? 0) > 0 ? true : undefined,
    topLogprobs: (body.top_logprobs ?? 0) > 0 ? body.top_logprobs : undefined,
    tools: tools === undefined || tools === null || tools.length === 0 ? undefined : toolsOf(tools),
    toolChoice: choice === undefined || choice === null ? undefined : toolChoiceOf(choice),
    parallelToolCalls: body.parallel_tool_calls,
    responseFormat: formatOf(text?.format),
    reasoning: reasoning?.effort === undefined || reasoning.effort === null ? undefined : { effort: reasoning.effort },
  });
}

function toolsOf(tools: NonNullable<ResponseBody["tools"]>) {
  return tools.map((tool, index) => {
    if (!("name" in tool)) {
      throw unsupported(`tools[${index}].type`, "This server runs no tools of its own; send functions.");
    }
    const { name, description, parameters, strict } = tool;
    return functionToolOf({ name, description, parameters, strict });
  });
}

function toolChoiceOf(choice: NonNullable<ResponseBody["tool_choice"]>): NonNullable<ChatRequest["toolChoice"]> {
  if (typeof choice === "string") return choice;
  if (!("name" in choice)) throw unsupported("tool_choice.type", "Choose a function, or auto, none or required.");
  return { type: "function", function: { name: choice.name } };
}

function formatOf(format: z.infer<typeof textFormat> | null | undefined): ChatRequest["responseFormat"] {
  if (format === undefined || format === null) return undefined;
  if (format.type !== "json_schema") return format;
  const { name, description, schema, strict } = format;
  return { type: "json_schema", jsonSchema: { name, schemaDefinition: schema, ...set({ description, strict }) } };
}
