import type { ChatRequest, FunctionTool, JsonSchema } from "wick";
import { z } from "zod";
import { unsupported } from "../error/failure.js";
import { optional, set } from "./optional.js";

const schema = z.record(z.string(), z.unknown()).describe("A JSON Schema.");

const functionTool = z.object({
  type: z.literal("function"),
  function: z.object({
    name: z.string().regex(/^[\w-]{1,64}$/, "1 to 64 letters, digits, _ and -"),
    description: optional(z.string()),
    parameters: optional(schema),
    strict: optional(z.boolean()),
  }),
});
/** Of a host: refused by name. A function that is wrong is none of these. */
const otherTool = z.object({ type: z.string().regex(/^(?!function$)/, { abort: true }) });

/** What the model may call: functions, whose calls come back to the client. */
export const toolsField = z.array(z.union([functionTool, otherTool])).max(128);

const namedTool = z.object({ type: z.literal("function"), function: z.object({ name: z.string() }) });

/** Whether it may, must, or must not. */
export const toolChoiceField = z.union([z.enum(["auto", "none", "any", "required"]), namedTool, otherTool]);

/**
 * The tools in Wick's words.
 *
 * @throws {Failure} `unsupported` for tools that a host would run.
 */
export function toolsOf(tools: z.infer<typeof toolsField>): FunctionTool[] {
  return tools.map((tool, index) => {
    if (!isFunction(tool)) {
      throw unsupported(`tools[${index}].type`, "This server runs no tools of its own; send functions.");
    }
    const { name, description, parameters, strict } = tool.function;
    return functionToolOf({ name, description, parameters, strict });
  });
}

/** One function, from whichever form it came in. */
export function functionToolOf({
  name,
  description,
  parameters,
  strict,
}: {
  name: string;
  description?: string | null | undefined;
  parameters?: JsonSchema | null | undefined;
  strict?: boolean | null | undefined;
}): FunctionTool {
  // A function without parameters takes none.
  const taken = parameters ?? { type: "object", properties: {}, additionalProperties: false };
  return { type: "function", function: { name, parameters: taken, ...set({ description, strict }) } };
}

/**
 * The choice in Wick's words.
 *
 * @throws {Failure} `unsupported`
 */
export function toolChoiceOf(choice: z.infer<typeof toolChoiceField>): NonNullable<ChatRequest["toolChoice"]> {
  if (typeof choice === "string") return choice;
  if (!("function" in choice)) throw unsupported("tool_choice.type", "Choose a function, or auto, none or required.");
  return { type: "function", function: { name: choice.function.name } };
}

function isFunction(tool: z.infer<typeof toolsField>[number]): tool is z.infer<typeof functionTool> {
  return tool.type === "function" && "function" in tool;
}
