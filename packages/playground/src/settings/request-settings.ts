import type { ChatRequest, JsonSchema, ResponseFormat } from "wick/remote";
import { numberFields, readNumber } from "./number-field.js";
import type { NumberName, Settings } from "./settings.js";

/** What is wrong with a setting, by its name. */
export type Issues = Partial<Record<NumberName | "stop" | "format", string>>;

/** The part of a request that settings are. */
export type RequestSettings = Pick<
  ChatRequest,
  | "temperature"
  | "topP"
  | "topK"
  | "minP"
  | "maxTokens"
  | "randomSeed"
  | "frequencyPenalty"
  | "presencePenalty"
  | "repetitionPenalty"
  | "stop"
  | "logprobs"
  | "topLogprobs"
  | "reasoning"
  | "responseFormat"
  | "maxToolRounds"
>;

/** As the engine has them. */
const mostStops = 16;
const longestStop = 256;

const sampling = [
  "temperature",
  "topP",
  "topK",
  "minP",
  "maxTokens",
  "randomSeed",
  "frequencyPenalty",
  "presencePenalty",
  "repetitionPenalty",
] as const satisfies readonly NumberName[];

/** What settings ask for, and what of them cannot be read. What is not set is not in the request. */
export function requestSettings(settings: Settings): { request: RequestSettings; issues: Issues } {
  const issues: Issues = {};
  const number = (name: NumberName): number | undefined => {
    const { value, issue } = readNumber(settings.numbers[name], numberFields[name]);
    if (issue !== undefined) issues[name] = issue;
    return value;
  };
  const request: RequestSettings = {};
  for (const name of sampling) {
    const value = number(name);
    if (value !== undefined) request[name] = value;
  }
  const stop = stopStrings(settings.stop);
  if (typeof stop === "string") issues.stop = stop;
  else if (stop.length > 0) request.stop = stop;
  const maxTokens = number("reasoningTokens");
  const reasoning = {
    ...(settings.effort !== "" && { effort: settings.effort }),
    ...(maxTokens !== undefined && { maxTokens }),
  };
  if (Object.keys(reasoning).length > 0) request.reasoning = reasoning;
  if (settings.logprobs) {
    const topLogprobs = number("topLogprobs");
    request.logprobs = true;
    if (topLogprobs !== undefined) request.topLogprobs = topLogprobs;
  }
  const format = responseFormat(settings.format);
  if (typeof format === "string") issues.format = format;
  else if (format !== undefined) request.responseFormat = format;
  if (hasTools(settings)) {
    const rounds = number("maxToolRounds");
    if (rounds !== undefined) request.maxToolRounds = rounds;
  }
  return { request, issues };
}

/** Whether the model may use any tool. */
export function hasTools({ tools, serverTools }: Settings): boolean {
  return serverTools || Object.values(tools).some((use) => use !== "off");
}

/** The lines of a text with their escapes resolved, or what is wrong with them. */
function stopStrings(text: string): string[] | string {
  const stops = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.replaceAll(/\\([nt\\])/g, (_, escaped: string) => escapes[escaped] ?? escaped));
  if (stops.length > mostStops) return `Give at most ${mostStops} stop strings.`;
  const isLong = stops.some((stop) => new TextEncoder().encode(stop).length > longestStop);
  return isLong ? `A stop string has at most ${longestStop} bytes.` : stops;
}

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", "\\": "\\" };

function responseFormat({ kind, text }: Settings["format"]): ResponseFormat | string | undefined {
  switch (kind) {
    case "text":
      return undefined;
    case "json_object":
      return { type: kind };
    case "json_schema": {
      const schema = parsedSchema(text.json_schema);
      if (typeof schema === "string") return schema;
      return { type: kind, jsonSchema: { name: "answer", schemaDefinition: schema } };
    }
    case "regex":
      return text.regex === ""
        ? "Write the regular expression that the answer must match."
        : { type: kind, regex: text.regex };
    case "choice": {
      const choices = text.choice.split("\n").filter((line) => line.trim() !== "");
      return choices.length === 0 ? "Write the answers to choose from, one on each line." : { type: kind, choices };
    }
  }
}

function parsedSchema(text: string): JsonSchema | string {
  if (text.trim() === "") return "Write the JSON Schema that the answer must fit.";
  try {
    const schema: unknown = JSON.parse(text);
    if (typeof schema === "object" && schema !== null && !Array.isArray(schema)) return schema as JsonSchema;
    return "The schema must be a JSON object.";
  } catch (error) {
    return `The schema is no JSON: ${error instanceof Error ? error.message : String(error)}.`;
  }
}
