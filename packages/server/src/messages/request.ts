import type { ChatRequest, FunctionTool, Message, ToolCall } from "wick";
import { z } from "zod";
import { Failure, invalid, unsupported } from "../error/failure.js";
import { ignored, optional, set } from "../wire/optional.js";
import { functionToolOf } from "../wire/tools.js";

const cache = { cache_control: ignored("prefixes are found by their tokens") };
const textBlock = z.object({
  type: z.literal("text"),
  text: z.string(),
  ...cache,
  citations: ignored("it asks for none"),
});
const imageBlock = z.object({
  type: z.literal("image"),
  source: z.union([
    z.object({ type: z.literal("base64"), media_type: z.string(), data: z.string() }),
    z.object({ type: z.literal("url"), url: z.string() }),
  ]),
  ...cache,
});
const documentBlock = z.object({
  type: z.literal("document"),
  source: z.object({ type: z.string(), data: optional(z.string()) }),
  title: optional(z.string()),
  ...cache,
});
const toolResultBlock = z.object({
  type: z.literal("tool_result"),
  tool_use_id: z.string(),
  content: optional(
    z.union([z.string(), z.array(z.discriminatedUnion("type", [textBlock, imageBlock, documentBlock]))]),
  ),
  is_error: optional(z.boolean()),
  ...cache,
});
const thinkingBlock = z.object({ type: z.literal("thinking"), thinking: z.string(), signature: optional(z.string()) });
const redactedBlock = z.object({ type: z.literal("redacted_thinking"), data: z.string() });
const toolUseBlock = z.object({
  type: z.literal("tool_use"),
  id: z.string().min(1),
  name: z.string().min(1),
  input: z.record(z.string(), z.unknown()),
  ...cache,
});

const userMessage = z.object({
  role: z.literal("user"),
  content: z.union([
    z.string(),
    z.array(z.discriminatedUnion("type", [textBlock, imageBlock, documentBlock, toolResultBlock])),
  ]),
});
const assistantMessage = z.object({
  role: z.literal("assistant"),
  content: z.union([
    z.string(),
    z.array(z.discriminatedUnion("type", [textBlock, thinkingBlock, redactedBlock, toolUseBlock])),
  ]),
});
const systemMessage = z.object({ role: z.literal("system"), content: z.union([z.string(), z.array(textBlock)]) });

const clientTool = z.object({
  type: optional(z.literal("custom")),
  name: z.string().regex(/^[\w-]{1,64}$/, "1 to 64 letters, digits, _ and -"),
  description: optional(z.string()),
  input_schema: z.record(z.string(), z.unknown()),
  strict: optional(z.boolean()),
  ...cache,
});
/** Of a host: refused by name. A tool of the client that is wrong is none of these. */
const serverTool = z.object({ type: z.string().regex(/^(?!custom$)/, { abort: true }), name: optional(z.string()) });

const isParallel = { disable_parallel_tool_use: optional(z.boolean()) };

/** What a prompt is made of: what `/v1/messages/count_tokens` takes. */
export const countTokensRequest = z
  .object({
    model: optional(z.string()).describe("May be left out where the server has one model."),
    messages: z
      .array(z.discriminatedUnion("role", [userMessage, assistantMessage, systemMessage]))
      .min(1)
      .max(4096),
    system: optional(z.union([z.string(), z.array(textBlock)])),
    tools: optional(z.array(z.union([clientTool, serverTool])).max(128)),
    tool_choice: optional(
      z.discriminatedUnion("type", [
        z.object({ type: z.literal("auto"), ...isParallel }),
        z.object({ type: z.literal("any"), ...isParallel }),
        z.object({ type: z.literal("tool"), name: z.string(), ...isParallel }),
        z.object({ type: z.literal("none") }),
      ]),
    ),
    thinking: optional(
      z.object({
        type: z.enum(["enabled", "disabled", "adaptive"]),
        budget_tokens: optional(z.int().min(1)).describe("Thinking is ended after so many tokens."),
        display: ignored("thoughts are always shown"),
      }),
    ),
    output_config: optional(
      z.object({
        effort: optional(z.enum(["low", "medium", "high", "xhigh", "max"])),
        format: optional(z.object({ type: z.literal("json_schema"), schema: z.record(z.string(), z.unknown()) })),
      }),
    ),
    cache_control: ignored("prefixes are found by their tokens"),
    thread: optional(z.unknown()).describe(
      "This server keeps no conversations: refused, so that clients send all of it.",
    ),
    container: optional(z.unknown()).describe("Refused."),
    mcp_servers: optional(z.array(z.unknown())).describe("Refused, unless empty."),
    context_management: optional(z.object({ edits: optional(z.array(z.unknown())) })).describe(
      "Refused, unless empty.",
    ),
  })
  .meta({ id: "CountMessageTokensRequest" });

/** `POST /v1/messages` */
export const messagesRequest = countTokensRequest
  .extend({
    max_tokens: z.int().min(1),
    stream: optional(z.boolean()),
    stop_sequences: optional(z.array(z.string().min(1).max(256)).max(16)),
    temperature: optional(z.number().min(0).max(10)),
    top_p: optional(z.number().gt(0).max(1)),
    top_k: optional(z.int().min(0).max(2147483647)),
    metadata: ignored("it is of a host's own bookkeeping"),
    service_tier: ignored("it is of a host's own bookkeeping"),
    inference_geo: ignored("it is of a host's own bookkeeping"),
  })
  .meta({ id: "CreateMessageRequest" });

type PromptBody = z.infer<typeof countTokensRequest>;

/**
 * The request in Wick's words.
 *
 * @throws {Failure} for what this server does not do.
 */
export function chatRequestOfMessages(body: z.infer<typeof messagesRequest>): ChatRequest {
  return {
    ...promptOf(body),
    ...set({
      maxTokens: body.max_tokens,
      stop: body.stop_sequences,
      temperature: body.temperature,
      topP: body.top_p,
      topK: body.top_k,
    }),
  };
}

/** What of it makes up the prompt. */
export function promptOf(body: PromptBody): ChatRequest {
  checkConversation(body);
  const { system, tools, output_config: output, tool_choice: choice } = body;
  const instructions: Message[] =
    system === undefined || system === null ? [] : [{ role: "system", content: textsOf(system) }];
  const format = output?.format;
  const parallel =
    choice !== undefined && choice !== null && choice.type !== "none" ? choice.disable_parallel_tool_use : undefined;
  const said = body.messages.flatMap((message, index) =>
    messagesOf(message, { where: `messages[${index}]`, isLast: index === body.messages.length - 1 }),
  );
  return {
    messages: [...instructions, ...said],
    ...set({
      tools: tools === undefined || tools === null || tools.length === 0 ? undefined : toolsOf(tools),
      toolChoice: choice === undefined || choice === null ? undefined : toolChoiceOf(choice),
      parallelToolCalls: parallel === true ? false : undefined,
      reasoning: reasoningOf(body),
      responseFormat:
        format === undefined || format === null
          ? undefined
          : {
              type: "json_schema" as const,
              jsonSchema: { name: "answer", schemaDefinition: format.schema, strict: true },
            },
    }),
  };
}

/** What would change what the conversation is must not be passed over. */
function checkConversation({ thread, container, mcp_servers: servers, context_management: context }: PromptBody): void {
  if (thread !== undefined && thread !== null) {
    const message = "This server keeps no conversations: send all of its messages, without thread.";
    // By these details Anthropic's client knows that it can go on without.
    const details = { error_code: "thread_unsupported_request", unsupported: ["thread"] };
    throw new Failure({ code: "unsupported", message, where: "thread", retryable: false, details });
  }
  if (container !== undefined && container !== null) throw unsupported("container", "This server has no containers.");
  if ((servers ?? []).length > 0) throw unsupported("mcp_servers", "This server runs no tools of its own.");
  if ((context?.edits ?? []).length > 0) {
    throw unsupported("context_management", "This server leaves out nothing on its own: shorten the messages.");
  }
}

function messagesOf(message: PromptBody["messages"][number], place: { where: string; isLast: boolean }): Message[] {
  switch (message.role) {
    case "system":
      return [{ role: "system", content: textsOf(message.content) }];
    case "user":
      return userMessagesOf(message.content, `${place.where}.content`);
    case "assistant":
      return [assistantOf(message.content, place.isLast)];
  }
}

type UserPart = Exclude<Extract<Message, { role: "user" }>["content"], string>[number];

/** Answers of tools are messages of their own, and come before what the user says beside them. */
function userMessagesOf(content: z.infer<typeof userMessage>["content"], where: string): Message[] {
  if (typeof content === "string") return [{ role: "user", content }];
  const answers: Message[] = [];
  const parts: UserPart[] = [];
  for (const [index, block] of content.entries()) {
    const at = `${where}[${index}]`;
    if (block.type === "tool_result") {
      answers.push({ role: "tool", toolCallId: block.tool_use_id, content: answerOf(block, `${at}.content`) });
    } else {
      parts.push(userPart(block, at));
    }
  }
  return parts.length === 0 ? answers : [...answers, { role: "user", content: parts }];
}

function userPart(
  block: z.infer<typeof textBlock | typeof imageBlock | typeof documentBlock>,
  where: string,
): UserPart {
  switch (block.type) {
    case "text":
      return { type: "text", text: block.text };
    case "image": {
      const { source } = block;
      const url = source.type === "url" ? source.url : `data:${source.media_type};base64,${source.data}`;
      return { type: "image_url", imageUrl: url };
    }
    case "document":
      return { type: "text", text: documentText(block, where) };
  }
}

function documentText({ source, title }: z.infer<typeof documentBlock>, where: string): string {
  if (source.type !== "text" || typeof source.data !== "string") {
    throw unsupported(`${where}.source`, "This server reads documents of plain text only; send source.type text.");
  }
  return title === undefined || title === null ? source.data : `${title}\n\n${source.data}`;
}

/** That a tool failed is said to the model in words: there is no other place for it. */
function answerOf({ content, is_error: isError }: z.infer<typeof toolResultBlock>, where: string): string {
  const text =
    typeof content === "string"
      ? content
      : (content ?? [])
          .map((block, index) => {
            if (block.type === "text") return block.text;
            if (block.type === "document") return documentText(block, `${where}[${index}]`);
            throw unsupported(`${where}[${index}]`, "Answers of tools are text here.");
          })
          .join("\n");
  return isError === true ? `Error: ${text}` : text;
}

function assistantOf(content: z.infer<typeof assistantMessage>["content"], isLast: boolean): Message {
  // An answer that has begun goes on; one that has called a tool has ended.
  if (typeof content === "string") return { role: "assistant", content, ...(isLast && { prefix: true }) };
  const calls: ToolCall[] = [];
  let text = "";
  let thoughts = "";
  let signature: string | undefined;
  for (const block of content) {
    switch (block.type) {
      case "text":
        text += block.text;
        break;
      case "thinking":
        thoughts += block.thinking;
        signature = block.signature ?? signature;
        break;
      case "redacted_thinking":
        break;
      case "tool_use": {
        const called = { name: block.name, arguments: JSON.stringify(block.input) };
        calls.push({ id: block.id, type: "function", function: called });
        break;
      }
    }
  }
  return {
    role: "assistant",
    content: text,
    ...(thoughts !== "" && { reasoningContent: thoughts }),
    ...(signature !== undefined && signature !== "" && { reasoningSignature: signature }),
    ...(calls.length > 0 ? { toolCalls: calls } : isLast && { prefix: true }),
  };
}

function textsOf(content: string | readonly { text: string }[]): string {
  return typeof content === "string" ? content : content.map(({ text }) => text).join("\n");
}

function toolsOf(tools: NonNullable<PromptBody["tools"]>): FunctionTool[] {
  return tools.map((tool, index) => {
    if (!("input_schema" in tool)) {
      throw unsupported(`tools[${index}].type`, "This server runs no tools of its own; send tools with input_schema.");
    }
    const { name, description, input_schema: parameters, strict } = tool;
    return functionToolOf({ name, description, parameters, strict });
  });
}

function toolChoiceOf(choice: NonNullable<PromptBody["tool_choice"]>): NonNullable<ChatRequest["toolChoice"]> {
  switch (choice.type) {
    case "auto":
    case "any":
    case "none":
      return choice.type;
    case "tool":
      return { type: "function", function: { name: choice.name } };
  }
}

function reasoningOf({ thinking, output_config: output }: PromptBody): ChatRequest["reasoning"] {
  const isOn = thinking?.type === "enabled" || thinking?.type === "adaptive";
  // Some models think only when they are told how much.
  const effort = output?.effort === "max" ? "xhigh" : (output?.effort ?? (isOn ? "medium" : undefined));
  if (thinking?.type === "disabled") return { effort: "none" };
  if (thinking?.type === "enabled" && (thinking.budget_tokens === undefined || thinking.budget_tokens === null)) {
    throw invalid("thinking.budget_tokens", "thinking of type enabled has budget_tokens.");
  }
  const said = set({ effort, maxTokens: thinking?.type === "enabled" ? thinking.budget_tokens : undefined });
  return Object.keys(said).length === 0 ? undefined : said;
}
