import type { JsonObject } from "wick/remote";
import { executableOf, type Exported, keyVariable } from "./exported.js";
import { literal } from "./literal.js";
import { requestBody } from "./request-body.js";

/** Fields that OpenAI's client has types for (https://platform.openai.com/docs/api-reference/chat/create). */
const openaiFields: ReadonlySet<string> = new Set([
  "model",
  "messages",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "temperature",
  "top_p",
  "max_tokens",
  "stop",
  "seed",
  "frequency_penalty",
  "presence_penalty",
  "logprobs",
  "top_logprobs",
  "response_format",
]);

/** The request as a program with OpenAI's client for JavaScript. Calls of tools come back to it. */
export async function openaiProgram(exported: Exported): Promise<string> {
  const { baseUrl, hasKey, model } = exported;
  const { stream: _, ...body } = await requestBody(executableOf(exported), model);
  // Of tools, OpenAI has types for functions alone.
  const isOpenai = (name: string) => openaiFields.has(name) && !(name === "tools" && exported.serverTools);
  const known = Object.entries(body).filter(([name]) => isOpenai(name));
  const others = Object.entries(body).filter(([name]) => !isOpenai(name));
  const request = Object.fromEntries(known) as JsonObject;
  const extra = Object.fromEntries(others) as JsonObject;
  const key = hasKey ? `process.env.${keyVariable}` : `"none"`;
  const lines = [
    `import OpenAI from "openai";`,
    "",
    `const client = new OpenAI({ baseURL: ${JSON.stringify(baseUrl)}, apiKey: ${key} });`,
    "",
    ...(others.length > 0
      ? ["// What Wick's server takes beyond OpenAI's fields.", `const extra: object = ${literal(extra)};`, ""]
      : []),
    `const request: OpenAI.ChatCompletionCreateParamsStreaming = ${literal({ ...request, stream: true })};`,
    "",
    `const stream = await client.chat.completions.create(${others.length > 0 ? "{ ...request, ...extra }" : "request"});`,
    "for await (const { choices } of stream) {",
    "  const delta = choices[0]?.delta;",
    `  process.stdout.write(delta?.content ?? "");`,
    ...(body["tools"] === undefined
      ? []
      : ["  for (const { function: call } of delta?.tool_calls ?? []) console.error(call?.name ?? call?.arguments);"]),
    "}",
  ];
  return `${lines.join("\n")}\n`;
}
