import type { JsonSchema } from "./schema.js";

const single = new Set(["items", "additionalProperties"]);
const listed = new Set(["anyOf", "oneOf", "prefixItems"]);
const named = new Set(["properties", "$defs", "definitions"]);

/**
 * A library's schema for an answer: objects have the properties that it names, where it does not say that there may be others.
 * Libraries let others through and drop them, and a model would write them for nothing.
 */
export function closedSchema(schema: JsonSchema): JsonSchema {
  // Parts of one object, none of which may exclude the properties of the others.
  return JSON.stringify(schema).includes('"allOf":') ? schema : closed(schema);
}

function closed(schema: JsonSchema): JsonSchema {
  const fields = Object.entries(schema).map(([keyword, value]): [string, unknown] => {
    if (single.has(keyword)) return [keyword, closedValue(value)];
    if (listed.has(keyword) && Array.isArray(value)) return [keyword, value.map(closedValue)];
    if (named.has(keyword) && isSchema(value)) {
      return [keyword, Object.fromEntries(Object.entries(value).map(([name, part]) => [name, closedValue(part)]))];
    }
    return [keyword, value];
  });
  const isOpen = isSchema(schema["properties"]) && schema["additionalProperties"] === undefined;
  return Object.fromEntries(isOpen ? [...fields, ["additionalProperties", false]] : fields);
}

function closedValue(value: unknown): unknown {
  return isSchema(value) ? closed(value) : value;
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
