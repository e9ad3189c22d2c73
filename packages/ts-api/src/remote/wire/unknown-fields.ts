import type { JsonObject, JsonValue } from "../../generated/protocol.js";
import { type JsonRecord, asJson, isEmpty } from "./json.js";

/** Which object of a host's chunk. */
export type Part = "chunk" | "choice" | "delta";

/**
 * The fields of a host's object that Wick has no name for and that say something. Read for each chunk there is, so that it makes
 * nothing where there is nothing.
 */
export function keepUnknown(value: JsonRecord, part: Part, upstream: JsonValue[], where: JsonObject = {}): void {
  for (const name in value) {
    if (isKnown(name, part) || isEmpty(value[name])) continue;
    upstream.push({ ...where, [name]: asJson(value[name]) });
  }
}

function isKnown(name: string, part: Part): boolean {
  switch (part) {
    case "chunk":
      return isKnownOfChunk(name);
    case "choice":
      return isKnownOfChoice(name);
    case "delta":
      return isKnownOfDelta(name);
  }
}

/** Those that are read, and what says nothing about the answer: versions of the host, and padding against listeners. */
function isKnownOfChunk(name: string): boolean {
  switch (name) {
    case "id":
    case "object":
    case "created":
    case "model":
    case "choices":
    case "usage":
    case "system_fingerprint":
    case "service_tier":
    case "p":
    case "obfuscation":
      return true;
    default:
      return false;
  }
}

function isKnownOfChoice(name: string): boolean {
  switch (name) {
    case "index":
    case "delta":
    case "message":
    case "text":
    case "finish_reason":
    case "logprobs":
      return true;
    default:
      return false;
  }
}

function isKnownOfDelta(name: string): boolean {
  switch (name) {
    case "role":
    case "content":
    case "reasoning_content":
    case "reasoning":
    case "tool_calls":
    case "p":
      return true;
    default:
      return false;
  }
}
