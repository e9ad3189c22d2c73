/** What is set for all conversations, as it was typed: it may be wrong. */
export interface Settings {
  readonly numbers: Readonly<Record<NumberName, string>>;
  /** A stop string on each line; `\n` is a line's end. */
  readonly stop: string;
  readonly effort: Effort;
  readonly logprobs: boolean;
  readonly format: { readonly kind: FormatKind; readonly text: Readonly<Record<WrittenFormat, string>> };
  /** By the tool's name; what is not here is off. */
  readonly tools: Readonly<Record<string, ToolUse>>;
  /** Whether the server may run tools of its own. */
  readonly serverTools: boolean;
}

/** Fields that are numbers. */
export type NumberName =
  | "temperature"
  | "topP"
  | "topK"
  | "minP"
  | "maxTokens"
  | "randomSeed"
  | "frequencyPenalty"
  | "presencePenalty"
  | "repetitionPenalty"
  | "reasoningTokens"
  | "topLogprobs"
  | "maxToolRounds";

/** How hard to think; `""`: as the model does by itself. */
type Effort = (typeof efforts)[number];
/** What the answer must look like. */
export type FormatKind = (typeof formatKinds)[number];
/** The formats that a text describes. */
export type WrittenFormat = Exclude<FormatKind, "text" | "json_object">;
/** Whether the model may use a tool. */
export type ToolUse = (typeof toolUses)[number];

export const efforts = ["", "none", "minimal", "low", "medium", "high", "xhigh"] as const;
export const formatKinds = ["text", "json_object", "json_schema", "regex", "choice"] as const;
export const toolUses = ["off", "ask", "run"] as const;

/** Nothing set: everything is as the model has it. */
export const defaultSettings: Settings = {
  numbers: {
    temperature: "",
    topP: "",
    topK: "",
    minP: "",
    maxTokens: "",
    randomSeed: "",
    frequencyPenalty: "",
    presencePenalty: "",
    repetitionPenalty: "",
    reasoningTokens: "",
    topLogprobs: "5",
    maxToolRounds: "",
  },
  stop: "",
  effort: "",
  logprobs: false,
  format: { kind: "text", text: { json_schema: "", regex: "", choice: "" } },
  tools: {},
  serverTools: false,
};
