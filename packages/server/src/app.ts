import type { Context } from "hono";
import type { z } from "zod";
import type { ApiKeys } from "./access/api-keys.js";
import type { Hosts } from "./access/hosts.js";
import type { Origins } from "./access/origins.js";
import type { RequestRate } from "./access/request-rate.js";
import { readJson } from "./body/read-json.js";
import { invalid, unsupported } from "./error/failure.js";
import type { Limits } from "./limits.js";
import type { ModelCatalog, ServedModel } from "./model-catalog.js";
import type { Route } from "./route.js";
import type { Exchange, Watchers } from "./run/exchange.js";
import type { LiveRuns } from "./run/live-runs.js";
import type { ResponseStore } from "./responses/response-store.js";
import type { ServerRuntime } from "./server-options.js";
import { failureOfSchema } from "./wire/problem.js";
import { unknownFields } from "./wire/unknown-fields.js";

/** What all routes of one server share. */
export interface App {
  models: ModelCatalog;
  limits: Limits;
  /** Whether fields that no schema knows are refused. */
  isStrict: boolean;
  /** Whether `/metrics` is answered. */
  exposesMetrics: boolean;
  hosts: Hosts;
  origins: Origins;
  keys: ApiKeys;
  rate: RequestRate;
  runs: LiveRuns;
  responses: ResponseStore;
  runtime: ServerRuntime;
  watchers: Watchers;
}

/** What a request carries through its handlers. */
export interface Env {
  Variables: {
    exchange: Exchange;
    /** The form of its errors; OpenAI's. */
    errors: Route["errors"];
  };
}

/** Fields that other servers have, and that would change what an answer may be: to ignore one would be a lie. */
const refusedFields: Readonly<Record<string, string>> = {
  functions: "Functions of before 2023-11 are tools now: send tools.",
  function_call: "Functions of before 2023-11 are tools now: send tool_choice.",
  guided_json: "Send response_format of type json_schema.",
  guided_regex: "Send response_format of type regex.",
  guided_grammar: "Send response_format of type lark.",
  guided_choice: "Send response_format of type choice.",
  structured_outputs: "Send response_format.",
  grammar: "Send response_format of type lark.",
  json_schema: "Send response_format of type json_schema.",
  guardrails: "This server has no guardrails.",
  web_search_options: "This server searches nothing.",
  audio: "This server has no sound.",
  best_of: "Send n, and choose among its answers.",
  lora: "This server has no adapters.",
  stop_token_ids: "Send stop.",
  bad_words: "Send logit_bias.",
  prompt_logprobs: "Answers alone have log probabilities: send logprobs.",
  allowed_token_ids: "Send logit_bias, or response_format.",
};

/**
 * The body of a request that fits `schema`.
 *
 * @throws {Failure} with the path of what does not.
 */
export async function readBody<T extends z.ZodType>(app: App, c: Context<Env>, schema: T): Promise<z.infer<T>> {
  const body = await readJson(c.req.raw, app.limits);
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw invalid("body", "The body must be a JSON object.");
  }
  for (const [name, advice] of Object.entries(refusedFields)) {
    const value = (body as Readonly<Record<string, unknown>>)[name];
    // Mistral's clients send this one with false.
    const isOff = value === undefined || value === null || (name === "prompt_logprobs" && value === false);
    if (!isOff) throw unsupported(name, advice);
  }
  const { success, data, error } = schema.safeParse(body);
  if (!success) throw failureOfSchema(error);
  if (app.isStrict) {
    const [unknown] = unknownFields(body, data);
    if (unknown !== undefined) throw invalid(unknown, `${unknown} is no field of this call.`, 422);
  }
  return data;
}

/**
 * The model that a request asks for.
 *
 * @throws {Failure} `not_found`, `busy`
 */
export function servedModel(app: App, c: Context<Env>, name: string | null | undefined): ServedModel {
  const served = app.models.find(name ?? undefined);
  c.var.exchange.model = served.name;
  return served;
}
