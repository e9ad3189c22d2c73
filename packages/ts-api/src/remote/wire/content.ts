import type { JsonValue } from "../../generated/protocol.js";
import { asJson, isEmpty, isRecord } from "./json.js";

/** What a delta says, text and thoughts apart. */
export interface Content {
  content: string;
  reasoning: string;
  signature?: string;
  /** Parts that Wick has no name for. */
  unknown: JsonValue[];
}

/** The `content` of a delta: text, nothing, or parts (Mistral). Undefined: it is none of these. */
export function contentOf(value: unknown): Content | undefined {
  const read: Content = { content: "", reasoning: "", unknown: [] };
  if (value === undefined || value === null) return read;
  if (typeof value === "string") return { ...read, content: value };
  if (!Array.isArray(value)) return undefined;
  for (const part of value) addPart(part, read);
  return read;
}

function addPart(part: unknown, read: Content): void {
  if (typeof part === "string") read.content += part;
  else if (isRecord(part) && part["type"] === "text" && typeof part["text"] === "string") read.content += part["text"];
  else if (isRecord(part) && part["type"] === "thinking") addThinking(part, read);
  else if (!isEmpty(part)) read.unknown.push(asJson(part));
}

function addThinking(part: Readonly<Record<string, unknown>>, read: Content): void {
  const { thinking, signature } = part;
  if (typeof signature === "string" && signature !== "") read.signature = signature;
  if (typeof thinking === "string") read.reasoning += thinking;
  for (const piece of Array.isArray(thinking) ? thinking : []) {
    if (isRecord(piece) && typeof piece["text"] === "string") read.reasoning += piece["text"];
    else read.unknown.push(asJson(piece));
  }
}
