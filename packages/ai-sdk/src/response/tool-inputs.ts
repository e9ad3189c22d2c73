import type { ToolCallDelta } from "wick";
import { invalidResponseData } from "../error/sdk-error.js";
import type { WickMetadata, WickStreamPart } from "../sdk-types.js";

interface Input {
  id: string;
  name: string;
  readonly pieces: string[];
  state: "announced" | "begun" | "ended";
}

/** The calls of an answer while they are written. */
export class ToolInputs {
  readonly #inputs = new Map<number, Input>();

  /** The parts of a piece of a call. */
  add({ index, id, function: piece }: ToolCallDelta): WickStreamPart[] {
    const ended = this.#inputs.has(index) ? [] : this.endWhole();
    const input = this.#input(index);
    input.id += id ?? "";
    input.name += piece.name ?? "";
    const { arguments: delta = "" } = piece;
    // A name is whole once the arguments begin, however a host cut it.
    if (delta === "") return ended;
    if (input.state !== "ended") return [...ended, ...this.#write(input, delta)];
    if (delta.trim() === "") return ended;
    const message = `The arguments of tool call ${input.id} were whole, another part of the answer began, and they went on.`;
    return [...ended, { type: "error", error: invalidResponseData({ toolCallId: input.id, delta }, message) }];
  }

  /**
   * Ends the calls of which the arguments are whole, since something else begins: they can run. Arguments that are not whole may
   * still go on, from a host that writes its calls at the same time.
   */
  endWhole(): WickStreamPart[] {
    const begun = [...this.#inputs.values()].filter(({ state }) => state === "begun");
    return begun.flatMap((input) => (isWhole(input.pieces.join("")) ? this.#end(input) : []));
  }

  /** Ends all calls, as they are. */
  endAll(providerMetadata: WickMetadata | undefined): WickStreamPart[] {
    return [...this.#inputs.values()].flatMap((input) => this.#end(input, providerMetadata));
  }

  /** Closes calls that nobody should run: the answer failed. */
  close(): WickStreamPart[] {
    const open = [...this.#inputs.values()].filter(({ state }) => state === "begun");
    return open.map(({ id }) => ({ type: "tool-input-end", id }));
  }

  #input(index: number): Input {
    const known = this.#inputs.get(index);
    if (known !== undefined) return known;
    const input: Input = { id: "", name: "", pieces: [], state: "announced" };
    this.#inputs.set(index, input);
    return input;
  }

  #write(input: Input, delta: string): WickStreamPart[] {
    const parts: WickStreamPart[] = [{ type: "tool-input-delta", id: input.id, delta }];
    if (input.state === "announced") parts.unshift({ type: "tool-input-start", id: input.id, toolName: input.name });
    input.state = "begun";
    input.pieces.push(delta);
    return parts;
  }

  #end(input: Input, providerMetadata?: WickMetadata): WickStreamPart[] {
    if (input.state === "ended") return [];
    // A call without arguments is one all the same.
    const begun = input.state === "announced" ? this.#write(input, "{}") : [];
    input.state = "ended";
    return [
      ...begun,
      { type: "tool-input-end", id: input.id },
      {
        type: "tool-call",
        toolCallId: input.id,
        toolName: input.name,
        input: input.pieces.join(""),
        ...(providerMetadata !== undefined && { providerMetadata }),
      },
    ];
  }
}

function isWhole(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
