import type { JsonObject, JsonValue } from "../../generated/protocol.js";
import { invalidRequest, unsupported } from "../../error/refusal.js";

/**
 * What becomes of a field of a request on a wire: another name, or a function that gives the wire's own fields, or refuses.
 *
 * @throws {@link WickError} with the field's path.
 */
export type Field = string | FieldFunction;
export type FieldFunction = (value: JsonValue, where: string) => JsonObject;

/** All fields of a request. That none is missing makes sure that none is dropped. */
export type Fields<Q> = Readonly<Record<Exclude<keyof Q & string, "extraBody">, Field>>;

/** A field that this host has not. `instead` says how the program gets what it wants, if it can. */
export function refused(host: string, instead = "leave it out"): FieldFunction {
  return (_value, where) => {
    throw unsupported(where, `${where} is nothing that ${host} has; ${instead}.`);
  };
}

/** The same for hosts that may have it under a name of their own. */
export function refusedButExtra(host: string, example: string): FieldFunction {
  return refused(host, `if this host has it, send it under the host's own name: extraBody: { ${example} }`);
}

/** A switch that this host has not, so that it can only be off. */
export function refusedUnlessOff(host: string): FieldFunction {
  return (value, where) => (value === false ? {} : refused(host)(value, where));
}

/**
 * The fields of a request as the wire has them.
 *
 * @param request - Plain JSON.
 * @throws {@link WickError} `invalid_request` for what is no field, and what its field says.
 */
export function wireFields(request: JsonObject, fields: Readonly<Record<string, Field>>): JsonObject {
  const parts = Object.entries(request).map(([name, value]): JsonObject => {
    if (name === "extraBody") return {};
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (field === undefined) throw invalidRequest(name, `${name} is no field of this request; check its spelling.`);
    if (value === null) throw invalidRequest(name, `${name} is null; leave it out to not set it.`);
    return typeof field === "string" ? { [field]: value } : field(value, name);
  });
  return Object.assign({}, ...parts, extraOf(request));
}

function extraOf({ extraBody }: JsonObject): JsonObject {
  if (extraBody === undefined) return {};
  if (!isObject(extraBody)) throw invalidRequest("extraBody", "extraBody must be an object.");
  return extraBody;
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
