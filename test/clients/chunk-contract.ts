import { z } from "zod";
import type { ServerSentEvent } from "./server-sent-events.ts";

/** What the request said of its stream. */
export interface StreamRequest {
  /** Whether the server came to the end of it. */
  isWhole: boolean;
  includesUsage: boolean;
  n: number;
}

const usage = z.strictObject({
  prompt_tokens: z.int().min(1),
  completion_tokens: z.int().min(0),
  total_tokens: z.int(),
  prompt_tokens_details: z.strictObject({ cached_tokens: z.int() }),
  completion_tokens_details: z.strictObject({ reasoning_tokens: z.int() }),
});
const finish = z.enum(["stop", "length", "tool_calls", "error"]).nullable();
const error = z.strictObject({
  message: z.string().min(1),
  type: z.string(),
  param: z.string().nullable(),
  code: z.string(),
});
const text = z.strictObject({ type: z.literal("text"), text: z.string() });
const thinking = z.strictObject({ type: z.literal("thinking"), thinking: z.array(text), closed: z.boolean() });

/** Name and arguments in every delta: Mistral's clients refuse one without, OpenAI's helpers one without index or type. */
const toolCall = z.strictObject({
  index: z.int().min(0).max(127),
  id: z
    .string()
    .regex(/^[A-Za-z0-9]{9}$/, "nine letters or digits")
    .optional(),
  type: z.literal("function"),
  function: z.strictObject({ name: z.string(), arguments: z.string() }),
});

const head = { id: z.string().min(1), created: z.int(), model: z.string().min(1) };
/** `usage` is never null and `finish_reason` never absent: either breaks Mistral's clients. */
const tail = { usage: usage.optional(), error: error.optional() };
const place = { index: z.int(), finish_reason: finish, logprobs: z.looseObject({}).nullable() };

const forms = {
  chat: z.strictObject({
    ...head,
    object: z.literal("chat.completion.chunk"),
    choices: z.array(
      z.strictObject({
        ...place,
        delta: z.strictObject({
          role: z.literal("assistant").optional(),
          content: z.union([z.string(), z.array(z.union([text, thinking])).min(1)]).optional(),
          reasoning_content: z.string().min(1).optional(),
          tool_calls: z.array(toolCall).min(1).optional(),
        }),
      }),
    ),
    ...tail,
  }),
  text: z.strictObject({
    ...head,
    object: z.literal("text_completion"),
    choices: z.array(z.strictObject({ ...place, text: z.string() })),
    ...tail,
  }),
};

type Chunk = z.infer<(typeof forms)["chat" | "text"]>;

/** What is wrong with a stream of OpenAI's chunks, read as strictly as the strictest of its clients. */
export function chunkProblems(
  events: readonly ServerSentEvent[],
  form: keyof typeof forms,
  request: StreamRequest,
): string[] {
  const problems: string[] = [];
  const chunks: Chunk[] = [];
  for (const [index, { event, data, comment, others }] of events.entries()) {
    // An event with a name and without data is a fault to some clients, with data an unknown event to others.
    if (event !== undefined || others.length > 0) problems.push(`event ${index} has a name or lines of its own`);
    if (comment !== undefined) continue;
    if (data === "[DONE]") {
      if (index !== events.length - 1) problems.push("something follows [DONE]");
      continue;
    }
    const parsed = forms[form].safeParse(JSON.parse(data ?? "null"));
    if (parsed.success) chunks.push(parsed.data);
    else problems.push(`chunk ${index}: ${z.prettifyError(parsed.error)}\n${data}`);
  }
  if (request.isWhole && events.at(-1)?.data !== "[DONE]") problems.push("a stream ends without [DONE]");
  return [...problems, ...orderProblems(chunks, form, request)];
}

function orderProblems(chunks: readonly Chunk[], form: keyof typeof forms, request: StreamRequest): string[] {
  const problems: string[] = [];
  for (const name of ["id", "created", "model"] as const) {
    if (new Set(chunks.map((chunk) => chunk[name])).size > 1) problems.push(`chunks differ in ${name}`);
  }
  const failed = chunks.filter((chunk) => chunk.error !== undefined);
  if (failed.length > 0) {
    if (failed.length > 1 || chunks.at(-1) !== failed[0]) problems.push("a failure is not the last chunk");
    if (failed[0]?.choices[0]?.finish_reason !== "error") problems.push("a failure does not finish with error");
    return problems;
  }
  const ended = new Set<number>();
  const begun = new Set<number>();
  for (const chunk of chunks) {
    for (const choice of chunk.choices) {
      if (ended.has(choice.index)) problems.push(`choice ${choice.index} goes on after its end`);
      if (choice.finish_reason !== null) ended.add(choice.index);
      if (form === "text" || !("delta" in choice)) continue;
      const { role, content } = choice.delta;
      // OpenAI's helper needs the role first, and Mistral's clients read no role twice.
      if ((role === undefined) === !begun.has(choice.index))
        problems.push(`a role at the wrong place in choice ${choice.index}`);
      if (role !== undefined && content === undefined)
        problems.push(`the first delta of choice ${choice.index} has no content`);
      begun.add(choice.index);
    }
  }
  if (!request.isWhole) return problems;
  if (ended.size !== request.n) problems.push(`${ended.size} of ${request.n} choices ended`);
  return [...problems, ...usageProblems(chunks, request)];
}

/** With the last choice's end, and once more on a chunk without choices where the request asks for it. */
function usageProblems(chunks: readonly Chunk[], { includesUsage }: StreamRequest): string[] {
  const withUsage = chunks.flatMap(({ usage: counted, choices }, index) =>
    counted === undefined ? [] : [{ fromEnd: chunks.length - index, choices: choices.length }],
  );
  const expected = includesUsage
    ? [
        { fromEnd: 2, choices: 1 },
        { fromEnd: 1, choices: 0 },
      ]
    : [{ fromEnd: 1, choices: 1 }];
  return JSON.stringify(withUsage) === JSON.stringify(expected) ? [] : [`usage stands at ${JSON.stringify(withUsage)}`];
}
