import type { JsonObject, JsonValue } from "../../generated/protocol.js";
import { invalidRequest, unsupported } from "../../error/refusal.js";
import { type Field, isObject } from "./fields.js";

/** Tools of a chat: functions, and what the host runs itself, of which `hosted` makes the wire's fields. */
export function toolsField(host: string, hosted?: (tool: JsonObject, where: string) => JsonObject): Field {
  return (tools, where) => {
    if (!Array.isArray(tools)) throw invalidRequest(where, `${where} must be a list.`);
    const functions: JsonValue[] = [];
    const others: JsonObject[] = [];
    tools.forEach((tool, index) => {
      const at = `${where}[${index}]`;
      if (!isObject(tool)) throw invalidRequest(at, `${at} must be an object with a type.`);
      if (tool["type"] === "function") functions.push(functionTool(tool, at));
      else if (hosted === undefined)
        throw unsupported(at, `${at}: ${host} runs no tools; pass functions and answer their calls.`);
      else others.push(hosted(tool, at));
    });
    const merged: JsonObject = Object.assign({}, ...others);
    const { tools: run = [], ...rest } = merged;
    const all = [...functions, ...(Array.isArray(run) ? run : [])];
    return { ...(all.length > 0 && { tools: all }), ...rest };
  };
}

function functionTool({ function: given }: JsonObject, where: string): JsonObject {
  if (!isObject(given) || typeof given["name"] !== "string" || !isObject(given["parameters"])) {
    throw invalidRequest(
      `${where}.function`,
      `${where}.function must have a name, and parameters that are a JSON Schema.`,
    );
  }
  const known = new Set(["name", "description", "parameters", "strict"]);
  const unknown = Object.keys(given).find((name) => !known.has(name));
  if (unknown !== undefined)
    throw invalidRequest(`${where}.function.${unknown}`, `${where}.function.${unknown} is no field of a tool.`);
  return { type: "function", function: given };
}

/** @param any - What the host calls the choice that a tool must be called. */
export function toolChoiceField(any: "any" | "required"): Field {
  return (choice, where) => {
    if (choice === "any" || choice === "required") return { tool_choice: any };
    const isNamed = isObject(choice) && choice["type"] === "function" && isObject(choice["function"]);
    if (choice !== "auto" && choice !== "none" && !isNamed) {
      throw invalidRequest(
        where,
        `${where} must be auto, none, any, required or { type: "function", function: { name } }.`,
      );
    }
    return { tool_choice: choice };
  };
}
