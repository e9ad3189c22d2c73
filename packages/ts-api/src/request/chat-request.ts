import { unsupported } from "../error/refusal.js";
import { requestJson } from "./request-json.js";

/**
 * The JSON of a chat request, less what this version refuses before the engine sees it: functions and schema objects, which JSON
 * cannot carry, and tools that someone else runs. Shapes that are plainly wrong are left for the engine to refuse.
 *
 * @param place - Where the model is.
 * @throws {@link WickError} with the field's path.
 */
export function chatRequestJson(request: unknown, place: "local" | "remote"): string {
  if (isRecord(request)) {
    if (request["onApproval"] !== undefined) {
      throw unsupported(
        "onApproval",
        "This version runs no tools, so that there is nothing to approve; leave onApproval out.",
      );
    }
    const { tools, responseFormat } = request;
    if (Array.isArray(tools)) tools.forEach((tool, index) => checkTool(tool, index, place));
    if (isRecord(responseFormat) && isRecord(responseFormat["jsonSchema"])) {
      checkSchema(responseFormat["jsonSchema"]["schemaDefinition"], "responseFormat.jsonSchema.schemaDefinition");
    }
  }
  return requestJson(request, "");
}

function checkTool(tool: unknown, index: number, place: "local" | "remote"): void {
  if (!isRecord(tool)) return;
  const where = `tools[${index}]`;
  switch (tool["type"]) {
    case "function":
      if (isRecord(tool["function"])) checkSchema(tool["function"]["parameters"], `${where}.function.parameters`);
      break;
    case "executable":
      throw unsupported(
        where,
        `${where}: this version does not run tools; pass it as a function and answer its calls yourself.`,
      );
    case "web_search":
    case "code_interpreter":
    case "image_generation":
    case "document_library":
    case "server":
      if (place === "remote") break;
      throw unsupported(where, `${where}: only a host runs tools of type ${tool["type"]}, and this model is local.`);
  }
}

function checkSchema(schema: unknown, where: string): void {
  if (isRecord(schema) && "~standard" in schema) {
    throw unsupported(where, `${where}: this version takes plain JSON Schema only; convert the schema first.`);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
