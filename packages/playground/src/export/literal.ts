import type { JsonObject, JsonValue } from "wick/remote";

const widest = 80;

/** JSON as one would write it in a program of JavaScript: names without quotes, what is short on one line. */
export function literal(value: JsonValue, indent = ""): string {
  if (typeof value === "string") return text(value);
  if (typeof value !== "object" || value === null) return String(value);
  const inner = `${indent}  `;
  const parts = isList(value)
    ? value.map((item) => literal(item, inner))
    : Object.entries(value).map(([name, item]) => `${propertyName(name)}: ${literal(item, inner)}`);
  const [open, close] = isList(value) ? ["[", "]"] : ["{", "}"];
  if (parts.length === 0) return open + close;
  const line = isList(value) ? `[${parts.join(", ")}]` : `{ ${parts.join(", ")} }`;
  if (line.length + indent.length <= widest && !line.includes("\n")) return line;
  return `${open}\n${parts.map((part) => `${inner}${part},\n`).join("")}${indent}${close}`;
}

/** A string. What could end the line of a program within it is escaped. */
function text(value: string): string {
  return JSON.stringify(value).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
}

function propertyName(name: string): string {
  // As a literal, `__proto__` would be no property.
  if (name === "__proto__") return `["__proto__"]`;
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : text(name);
}

function isList(value: readonly JsonValue[] | JsonObject): value is readonly JsonValue[] {
  return Array.isArray(value);
}
