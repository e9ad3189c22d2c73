import { invalidRequest } from "../error/refusal.js";

/**
 * The JSON of a request, an options object or a list of tokens. What JSON would drop or bend in silence is `invalid_request` with
 * its path; every other rule is the engine's.
 *
 * Fields that are `undefined` are not set. A lone surrogate is escaped, and becomes U+FFFD in the engine.
 *
 * @param root - What paths begin with: `""` for a request, so that its fields stand alone.
 */
export function requestJson(value: unknown, root: string): string {
  return write(value, root, []);
}

/** `ancestors` are the objects around `value`. */
function write(value: unknown, path: string, ancestors: readonly object[]): string {
  switch (typeof value) {
    case "string":
    case "boolean":
      return JSON.stringify(value);
    case "number":
      if (!Number.isFinite(value))
        throw invalidRequest(path, `${named(path)} is ${value}; it must be a finite number.`);
      return JSON.stringify(value);
    case "object":
      return value === null ? "null" : writeObject(value, path, ancestors);
    case "undefined":
    case "bigint":
    case "symbol":
    case "function":
      throw invalidRequest(path, `${named(path)} is of type ${typeof value}, which a request cannot hold.`);
  }
}

function writeObject(value: object, path: string, ancestors: readonly object[]): string {
  if (ancestors.includes(value)) throw invalidRequest(path, `${named(path)} contains itself.`);
  const within = [...ancestors, value];
  if (Array.isArray(value)) {
    // By index, since a hole must be refused and `map` would skip it.
    const items = Array.from(value, (item, index) => write(item, `${path}[${index}]`, within));
    return `[${items.join(",")}]`;
  }
  // Dates, maps, typed arrays: their content is not in their fields.
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  if (tag !== "Object")
    throw invalidRequest(path, `${named(path)} is a ${tag}; a request holds plain objects and arrays only.`);
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .map(([name, field]) => `${JSON.stringify(name)}:${write(field, path === "" ? name : `${path}.${name}`, within)}`);
  return `{${fields.join(",")}}`;
}

function named(path: string): string {
  return path === "" ? "The request" : path;
}
