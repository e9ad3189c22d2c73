/** What a setting takes. */
export type SettingKind =
  | { kind: "text" }
  | { kind: "texts" }
  | { kind: "number"; min?: number; max?: number }
  | { kind: "integer"; min?: number; max?: number }
  | { kind: "bytes" }
  | { kind: "switch" }
  | { kind: "choice"; choices: readonly string[] }
  | { kind: "number_choice"; choices: readonly number[] };

/** Which part of the program a setting is for, and under which heading its flag stands. */
export type SettingGroup = "model" | "load" | "sampling" | "chat" | "output";

/** A setting: a flag, a variable of the environment and a key of the configuration file, in this order of precedence. */
export interface SettingDefinition {
  readonly group: SettingGroup;
  readonly takes: SettingKind;
  /** As commander writes it. */
  readonly flags: string;
  /** For its help. */
  readonly description: string;
}

const anyCount = { kind: "integer", min: 1 } as const;

/** All settings, by their key in the configuration file. */
const settings = {
  model: {
    group: "model",
    takes: { kind: "text" },
    flags: "-m, --model <name>",
    description:
      'a file, a folder, a name of the hub ("owner/name:Q4_K_M"), an address, or "demo"; at a host, its model',
  },
  connect: {
    group: "model",
    takes: { kind: "text" },
    flags: "--connect <url>",
    description: "use the model of a host at this base address; --no-connect: none, whatever is configured",
  },
  provider: {
    group: "model",
    takes: { kind: "choice", choices: ["wick", "openai", "mistral", "mistralrs"] },
    flags: "--provider <name>",
    description: "whose dialect the host speaks; openai, which most servers do",
  },
  apiKeyEnv: {
    group: "model",
    takes: { kind: "text" },
    flags: "--api-key-env <name>",
    description: "the variable that has the host's key, instead of WICK_API_KEY",
  },
  revision: {
    group: "model",
    takes: { kind: "text" },
    flags: "--revision <name>",
    description: "of a model of the hub: a branch, a tag or a commit",
  },
  offline: {
    group: "model",
    takes: { kind: "switch" },
    flags: "--offline",
    description: "ask no hub: use what was downloaded before",
  },
  isq: {
    group: "load",
    takes: { kind: "number_choice", choices: [2, 3, 4, 5, 6, 8] },
    flags: "--isq <bits>",
    description: "quantise the weights while loading, to about so many bits each",
  },
  dtype: {
    group: "load",
    takes: { kind: "choice", choices: ["f32", "f16", "bf16"] },
    flags: "--dtype <type>",
    description: "type of weights that are not quantised",
  },
  context: {
    group: "load",
    takes: anyCount,
    flags: "--context <tokens>",
    description: "longest conversation; the model's own, as far as memory allows",
  },
  threads: { group: "load", takes: anyCount, flags: "--threads <count>", description: "threads that compute" },
  device: {
    group: "load",
    takes: { kind: "choice", choices: ["auto", "cpu", "cuda", "metal"] },
    flags: "--device <name>",
    description: "what computes",
  },
  backend: {
    group: "load",
    takes: { kind: "choice", choices: ["auto", "cpu", "candle"] },
    flags: "--backend <name>",
    description: "which engine computes",
  },
  kvCache: {
    group: "load",
    takes: { kind: "choice", choices: ["f16", "f32", "q8"] },
    flags: "--kv-cache <type>",
    description: "type of keys and values; q8 takes half the memory",
  },
  kvMemory: {
    group: "load",
    takes: { kind: "bytes" },
    flags: "--kv-memory <bytes>",
    description: 'memory for keys and values, like "2GB"',
  },
  maxMemory: {
    group: "load",
    takes: { kind: "bytes" },
    flags: "--max-memory <bytes>",
    description: 'do not load what would take more, like "8GB"',
  },
  speculation: {
    group: "load",
    takes: { kind: "text" },
    flags: "--speculation <how>",
    description: '"off", "ngram", or "draft:<model>" with a smaller model of the same vocabulary',
  },
  chatTemplate: {
    group: "load",
    takes: { kind: "text" },
    flags: "--chat-template <file>",
    description: "a chat template (Jinja) instead of the model's own",
  },
  temperature: {
    group: "sampling",
    takes: { kind: "number", min: 0, max: 2 },
    flags: "--temperature <number>",
    description: "from 0, the likeliest token always, to 2",
  },
  topP: {
    group: "sampling",
    takes: { kind: "number", min: 0, max: 1 },
    flags: "--top-p <number>",
    description: "keep the likeliest tokens that make up this much probability",
  },
  topK: {
    group: "sampling",
    takes: { kind: "integer", min: 0 },
    flags: "--top-k <count>",
    description: "keep this many of the likeliest tokens",
  },
  minP: {
    group: "sampling",
    takes: { kind: "number", min: 0, max: 1 },
    flags: "--min-p <number>",
    description: "keep tokens at least this likely, relative to the likeliest",
  },
  maxTokens: {
    group: "sampling",
    takes: anyCount,
    flags: "--max-tokens <count>",
    description: "end an answer after so many tokens",
  },
  seed: {
    group: "sampling",
    takes: { kind: "integer", min: 0 },
    flags: "--seed <number>",
    description: "the same seed gives the same answer",
  },
  stop: {
    group: "sampling",
    takes: { kind: "texts" },
    flags: "--stop <text>",
    description: "end an answer before this text; may be given again",
  },
  repetitionPenalty: {
    group: "sampling",
    takes: { kind: "number", min: 0 },
    flags: "--repetition-penalty <number>",
    description: "against tokens that occurred; 1 changes nothing",
  },
  frequencyPenalty: {
    group: "sampling",
    takes: { kind: "number", min: -2, max: 2 },
    flags: "--frequency-penalty <number>",
    description: "against tokens, the more the oftener they occurred",
  },
  presencePenalty: {
    group: "sampling",
    takes: { kind: "number", min: -2, max: 2 },
    flags: "--presence-penalty <number>",
    description: "against tokens that occurred",
  },
  reasoning: {
    group: "sampling",
    takes: { kind: "choice", choices: ["none", "minimal", "low", "medium", "high", "xhigh"] },
    flags: "--reasoning <effort>",
    description: "how much the model thinks before it answers, where it can",
  },
  timeout: {
    group: "sampling",
    takes: { kind: "number", min: 0.001, max: 2_000_000 },
    flags: "--timeout <seconds>",
    description: "end an answer after so long",
  },
  system: {
    group: "sampling",
    takes: { kind: "text" },
    flags: "-s, --system <text>",
    description: "tell the model what to be",
  },
  tools: {
    group: "chat",
    takes: { kind: "texts" },
    flags: "--tools <name>",
    description: "a built-in tool that the model may use, or all; may be given again",
  },
  plain: {
    group: "output",
    takes: { kind: "switch" },
    flags: "--plain",
    description: "show answers as they come, without Markdown and colours",
  },
  color: {
    group: "output",
    takes: { kind: "switch" },
    flags: "--color",
    description: "colours; --no-color: none. FORCE_COLOR and NO_COLOR say the same",
  },
} as const satisfies Readonly<Record<string, SettingDefinition>>;

/** The name of a setting, which is its key in the configuration file. */
export type SettingKey = keyof typeof settings;

type ValueOf<K extends SettingKind> = K extends { kind: "text" }
  ? string
  : K extends { kind: "texts" }
    ? readonly string[]
    : K extends { kind: "number" | "integer" | "bytes" }
      ? number
      : K extends { kind: "switch" }
        ? boolean
        : K extends { choices: readonly (infer C)[] }
          ? C
          : never;

/** The value of a setting. */
export type SettingValue<K extends SettingKey> = ValueOf<(typeof settings)[K]["takes"]>;

/** All names, in the order of the help. */
export const settingKeys = Object.keys(settings) as readonly SettingKey[];

/** What is known of a setting, whichever it is. */
export function settingDefinition(key: SettingKey): SettingDefinition {
  return settings[key];
}

/** The variable of the environment that has a setting: `WICK_MAX_TOKENS`. */
export function variableOf(key: SettingKey): string {
  return `WICK_${key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** The long flag of a setting: `--max-tokens`. */
export function flagOf(key: SettingKey): string {
  return /--[a-z-]+/.exec(settings[key].flags)?.[0] ?? key;
}
