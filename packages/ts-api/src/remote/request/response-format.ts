import type { JsonObject } from "../../generated/protocol.js";
import { invalidRequest } from "../../error/refusal.js";
import { type Field, isObject } from "./fields.js";

/** What an answer must look like: text, JSON, or JSON of a schema. `grammar` is for hosts that have more. */
export function responseFormatField(grammar: Field): Field {
  return (format, where) => {
    if (!isObject(format)) throw invalidRequest(where, `${where} must be an object with a type.`);
    switch (format["type"]) {
      case "text":
      case "json_object":
        return { response_format: { type: format["type"] } };
      case "json_schema":
        return { response_format: { type: "json_schema", json_schema: schemaOf(format, where) } };
      case "regex":
      case "lark":
      case "choice":
        return typeof grammar === "string" ? { [grammar]: format } : grammar(format, `${where}.type`);
      default:
        throw invalidRequest(
          `${where}.type`,
          `${where}.type must be text, json_object, json_schema, regex, lark or choice.`,
        );
    }
  };
}

function schemaOf({ jsonSchema: given }: JsonObject, where: string): JsonObject {
  const at = `${where}.jsonSchema`;
  if (!isObject(given) || typeof given["name"] !== "string" || !isObject(given["schemaDefinition"])) {
    throw invalidRequest(at, `${at} must have a name, and a schemaDefinition that is a JSON Schema.`);
  }
  const { name, schemaDefinition, description, strict, ...rest } = given;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw invalidRequest(`${at}.${unknown}`, `${at}.${unknown} is no field of a schema.`);
  return {
    name,
    schema: schemaDefinition,
    ...(description !== undefined && { description }),
    ...(strict !== undefined && { strict }),
  };
}
