import type { StreamOrderRule, StreamOrderViolation } from "./violation.js";

/** A part, of which only the type is known. */
interface Fields {
  readonly [field: string]: unknown;
}

type BlockKind = "text" | "reasoning" | "tool-input";

interface Block {
  readonly kind: BlockKind;
  readonly id: string;
  isOpen: boolean;
  /** Of the input of a tool. */
  readonly toolName: string;
  /** Its deltas are text and not JSON. */
  readonly isText: boolean;
  readonly deltas: string[];
}

/** What is wrong with a part. */
interface Finding {
  rule: StreamOrderRule;
  message: string;
  id?: string;
}

/** Text that each kind must have. Kinds that are not here have rules of their own, or none. */
const textFields: Readonly<Record<string, readonly string[]>> = {
  "text-start": ["id"],
  "text-delta": ["id", "delta"],
  "text-end": ["id"],
  "reasoning-start": ["id"],
  "reasoning-delta": ["id", "delta"],
  "reasoning-end": ["id"],
  "tool-input-start": ["id", "toolName"],
  "tool-input-delta": ["id", "delta"],
  "tool-input-end": ["id"],
  "tool-call": ["toolCallId", "toolName", "input"],
  "tool-approval-request": ["approvalId", "toolCallId"],
};

/** Checks the parts of one stream, one after another. Kinds that it does not know are let through: the SDK's union grows. */
export class StreamOrder {
  readonly #blocks = new Map<string, Block>();
  readonly #calls = new Set<string>();
  #index = 0;
  #state: "new" | "started" | "finished" = "new";
  #lastType: string | undefined;
  #hasError = false;
  #isBroken = false;

  /** The violation of the next part, if it is the stream's first: what comes after one says nothing. */
  add(part: unknown): StreamOrderViolation | undefined {
    if (this.#isBroken) return undefined;
    const fields = Object(part) as Fields;
    const { type } = fields;
    const finding = typeof type === "string" ? this.#check(type, fields) : malformed("A part has a type.");
    const violation = this.#report(finding, typeof type === "string" ? type : undefined);
    this.#index += 1;
    if (typeof type === "string" && type !== "ping") this.#lastType = type;
    return violation;
  }

  /** The violation of the stream's end, if it is the first. */
  end(): StreamOrderViolation | undefined {
    if (this.#isBroken || this.#lastType === "finish" || this.#lastType === "error") return undefined;
    return this.#report({ rule: "finish_missing", message: "A stream ends with finish, or with an error." }, undefined);
  }

  #report(finding: Finding | undefined, partType: string | undefined): StreamOrderViolation | undefined {
    if (finding === undefined) return undefined;
    this.#isBroken = true;
    return { ...finding, index: this.#index, ...(partType !== undefined && { partType }) };
  }

  #check(type: string, fields: Fields): Finding | undefined {
    // Keeps a connection open, at any time.
    if (type === "ping") return undefined;
    const lacking = (textFields[type] ?? []).find((name) => typeof fields[name] !== "string");
    if (lacking !== undefined) return malformed(`A part of type ${type} has ${lacking}, a string.`);
    return this.#place(type) ?? this.#checkKind(type, fields);
  }

  /** Rules of where a part may be at all. */
  #place(type: string): Finding | undefined {
    if (this.#state === "finished") {
      return type === "finish"
        ? { rule: "finish_repeated", message: "A stream has one finish." }
        : { rule: "part_after_finish", message: "Nothing comes after finish." };
    }
    if (type === "stream-start") {
      if (this.#state === "started")
        return { rule: "stream_start_repeated", message: "A stream has one stream-start." };
      this.#state = "started";
      return undefined;
    }
    if (this.#state === "new") return { rule: "stream_start_missing", message: "The first part is stream-start." };
    return undefined;
  }

  #checkKind(type: string, fields: Fields): Finding | undefined {
    switch (type) {
      case "text-start":
      case "reasoning-start":
      case "tool-input-start":
        return this.#start(kindOf(type), fields);
      case "text-delta":
      case "reasoning-delta":
      case "tool-input-delta":
        return this.#delta(kindOf(type), fields);
      case "text-end":
      case "reasoning-end":
      case "tool-input-end":
        return this.#endBlock(kindOf(type), fields);
      case "tool-call":
        return this.#call(fields);
      case "tool-approval-request":
        return this.#approval(fields);
      case "error":
        this.#hasError = true;
        return undefined;
      case "finish":
        return this.#finish(fields);
      default:
        return undefined;
    }
  }

  #start(kind: BlockKind, fields: Fields): Finding | undefined {
    const id = String(fields["id"]);
    if (this.#block(kind, id) !== undefined) {
      return { rule: "id_reused", id, message: `A ${kind} block has an id that no other had before.` };
    }
    const toolName = String(fields["toolName"]);
    const isText = fields["inputEncoding"] === "text";
    this.#blocks.set(`${kind} ${id}`, { kind, id, isOpen: true, toolName, isText, deltas: [] });
    return undefined;
  }

  #delta(kind: BlockKind, fields: Fields): Finding | undefined {
    const id = String(fields["id"]);
    const block = this.#block(kind, id);
    if (block === undefined) {
      return { rule: "delta_before_start", id, message: `A ${kind} block begins before its deltas.` };
    }
    if (!block.isOpen) return { rule: "delta_after_end", id, message: `A ${kind} block has no deltas after its end.` };
    if (kind === "tool-input") block.deltas.push(String(fields["delta"]));
    return undefined;
  }

  #endBlock(kind: BlockKind, fields: Fields): Finding | undefined {
    const id = String(fields["id"]);
    const block = this.#block(kind, id);
    if (block === undefined) {
      return { rule: "end_before_start", id, message: `A ${kind} block begins before it ends.` };
    }
    if (!block.isOpen) return { rule: "end_repeated", id, message: `A ${kind} block ends once.` };
    block.isOpen = false;
    return undefined;
  }

  /** A call may come without its input having been streamed. */
  #call(fields: Fields): Finding | undefined {
    const id = String(fields["toolCallId"]);
    if (this.#calls.has(id)) return { rule: "tool_call_repeated", id, message: "A tool call comes once." };
    this.#calls.add(id);
    const input = this.#block("tool-input", id);
    if (input === undefined) return undefined;
    if (input.isOpen) {
      return { rule: "tool_call_before_input_end", id, message: "A tool call comes after the end of its input." };
    }
    if (input.toolName !== fields["toolName"]) {
      return { rule: "tool_call_name_differs", id, message: "A tool call has the name of its input." };
    }
    const written = input.deltas.join("");
    if (written === (input.isText ? parsed(String(fields["input"])) : fields["input"])) return undefined;
    return { rule: "tool_call_input_differs", id, message: "The input of a tool call is what its deltas make up." };
  }

  #approval(fields: Fields): Finding | undefined {
    const id = String(fields["toolCallId"]);
    if (this.#calls.has(id)) return undefined;
    return { rule: "approval_without_call", id, message: "A tool call comes before the request to approve it." };
  }

  #finish(fields: Fields): Finding | undefined {
    const { unified } = Object(fields["finishReason"]) as Fields;
    if (typeof unified !== "string") return malformed("A finish has finishReason.unified, a string.");
    if (typeof fields["usage"] !== "object" || fields["usage"] === null) return malformed("A finish has usage.");
    const open = [...this.#blocks.values()].find(({ isOpen }) => isOpen);
    if (open !== undefined) {
      return { rule: "block_left_open", id: open.id, message: `A ${open.kind} block ends before finish.` };
    }
    this.#state = "finished";
    // An answer that was cut may leave a call that nobody should run.
    if (this.#hasError || (unified !== "stop" && unified !== "tool-calls")) return undefined;
    const left = [...this.#blocks.values()].find(({ kind, id }) => kind === "tool-input" && !this.#calls.has(id));
    if (left === undefined) return undefined;
    return { rule: "tool_input_without_call", id: left.id, message: "The input of a tool is followed by its call." };
  }

  /** Kinds have ids of their own: a text and a reasoning block may have the same. */
  #block(kind: BlockKind, id: string): Block | undefined {
    return this.#blocks.get(`${kind} ${id}`);
  }
}

function kindOf(type: `${BlockKind}-${"start" | "delta" | "end"}`): BlockKind {
  if (type.startsWith("text")) return "text";
  return type.startsWith("reasoning") ? "reasoning" : "tool-input";
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function malformed(message: string): Finding {
  return { rule: "part_malformed", message };
}
