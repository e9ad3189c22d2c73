import type { JsonValue } from "../../generated/protocol.js";

/** An object of a host, of which nothing is known. */
export type JsonRecord = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a field says nothing: hosts write null and empty values for what they do not have. */
export function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "") return true;
  return Array.isArray(value) && value.length === 0;
}

/** What was parsed as JSON is JSON. */
export function asJson(value: unknown): JsonValue {
  return value as JsonValue;
}

/** Undefined for text that is no JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
