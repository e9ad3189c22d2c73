import { invalidRequest, unsupported } from "../error/refusal.js";
import { closedSchema } from "./closed-schema.js";
import { isStandard, jsonSchemaOf } from "./json-schema-of.js";
import { requestJson } from "./request-json.js";
import type { Schema } from "./schema.js";

/**
 * The JSON of a chat request. Schemas of libraries become JSON Schema, which is all that JSON can carry; functions have no place in it.
 * Shapes that are plainly wrong are left for the engine to refuse.
 *
 * @param place - Where the model is.
 * @throws {@link WickError} with the field's path.
 */
export function chatRequestJson(request: unknown, place: "local" | "remote"): string {
  if (!isRecord(request)) return requestJson(request, "");
  if (request["onApproval"] !== undefined) {
    throw unsupported("onApproval", "No tool of this request asks for approval; leave onApproval out.");
  }
  const { tools, responseFormat, ...rest } = request;
  return requestJson(
    {
      ...rest,
      tools: Array.isArray(tools) ? tools.map((tool, index) => plainTool(tool, index, place)) : tools,
      responseFormat: plainFormat(responseFormat, place),
    },
    "",
  );
}

function plainTool(tool: unknown, index: number, place: "local" | "remote"): unknown {
  if (!isRecord(tool)) return tool;
  const where = `tools[${index}]`;
  switch (tool["type"]) {
    case "function": {
      const { function: described } = tool;
      if (!isRecord(described) || !isSchema(described["parameters"])) return tool;
      const parameters = jsonSchemaOf(described["parameters"], `${where}.function.parameters`);
      return { ...tool, function: { ...described, parameters } };
    }
    case "executable":
      throw invalidRequest(where, `${where} is no tool that could run; make it with tool().`);
    case "web_search":
    case "code_interpreter":
    case "image_generation":
    case "document_library":
    case "server":
      if (place === "remote") return tool;
      throw unsupported(where, `${where}: only a host runs tools of type ${tool["type"]}, and this model is local.`);
  }
  return tool;
}

function plainFormat(format: unknown, place: "local" | "remote"): unknown {
  if (!isRecord(format) || !isRecord(format["jsonSchema"])) return format;
  const { schemaDefinition, ...rest } = format["jsonSchema"];
  if (!isSchema(schemaDefinition)) return format;
  const plain = jsonSchemaOf(schemaDefinition, "responseFormat.jsonSchema.schemaDefinition");
  if (!isStandard(schemaDefinition)) return { ...format, jsonSchema: { ...rest, schemaDefinition: plain } };
  // What of it no grammar can keep to is left to its library, which validates.
  const isLenient = place === "local" && rest["strict"] === undefined;
  const jsonSchema = { ...rest, ...(isLenient && { strict: false }), schemaDefinition: closedSchema(plain) };
  return { ...format, jsonSchema };
}

function isSchema(value: unknown): value is Schema {
  return (typeof value === "object" || typeof value === "function") && value !== null && !Array.isArray(value);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
