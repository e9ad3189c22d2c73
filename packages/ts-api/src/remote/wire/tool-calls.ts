import type { ToolCallDelta } from "../../generated/protocol.js";
import { isRecord } from "./json.js";

interface Call {
  readonly index: number;
  /** What the host calls it; it may not say. */
  readonly hostIndex: number | undefined;
  readonly hostId: string | undefined;
  name: string;
  arguments: string;
}

/**
 * The tool calls of one choice. Hosts send them whole, or in fragments, which belong together by `index`, or by `id`, or by coming
 * one after another; some number all calls 0, some repeat the name, some call an id "null".
 */
export class ToolCalls {
  readonly #calls: Call[] = [];
  readonly #newId: () => string;

  /** @param newId - Names a call whose host has no name for it. */
  constructor(newId: () => string) {
    this.#newId = newId;
  }

  /** The piece of a call that a host's fragment is; undefined: it adds nothing. */
  add(fragment: unknown): ToolCallDelta | undefined {
    if (!isRecord(fragment)) return undefined;
    const call = isRecord(fragment["function"]) ? fragment["function"] : {};
    const id = idOf(fragment["id"]);
    const name = typeof call["name"] === "string" ? call["name"] : "";
    const given = argumentsOf(call["arguments"]);
    const known = this.#known(fragment["index"], id, name);
    if (known === undefined) return this.#begin(fragment["index"], id, name, given);
    return goOn(known, name, given);
  }

  /** The call that a fragment goes on with; undefined: it begins one. */
  #known(hostIndex: unknown, id: string | undefined, name: string): Call | undefined {
    const same = id === undefined ? undefined : this.#calls.find(({ hostId }) => hostId === id);
    if (same !== undefined) return same;
    const last =
      typeof hostIndex === "number" ? this.#calls.findLast((call) => call.hostIndex === hostIndex) : this.#calls.at(-1);
    if (last === undefined) return undefined;
    // Another id is another call, whatever its number; and so is a name, once the call before has all of its arguments.
    const isOther = id !== undefined && last.hostId !== undefined;
    return isOther || (name !== "" && isWhole(last.arguments)) ? undefined : last;
  }

  #begin(hostIndex: unknown, id: string | undefined, name: string, given: string): ToolCallDelta {
    const index = this.#calls.length;
    const known = typeof hostIndex === "number" ? hostIndex : undefined;
    this.#calls.push({ index, hostIndex: known, hostId: id, name, arguments: given });
    return { index, id: id ?? this.#newId(), function: { name, ...(given !== "" && { arguments: given }) } };
  }
}

function goOn(call: Call, name: string, given: string): ToolCallDelta | undefined {
  const more = name === call.name ? "" : name;
  call.name += more;
  call.arguments += given;
  if (more === "" && given === "") return undefined;
  return {
    index: call.index,
    function: { ...(more !== "" && { name: more }), ...(given !== "" && { arguments: given }) },
  };
}

function isWhole(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Mistral's client writes "null" where there is no id. */
function idOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" && value !== "null" ? value : undefined;
}

function argumentsOf(value: unknown): string {
  if (typeof value === "string") return value;
  return isRecord(value) ? JSON.stringify(value) : "";
}
