// oxlint-disable vitest/valid-expect -- a message says which round of a loop it was.
// oxlint-disable vitest/no-conditional-expect -- what is expected of one differs from what is of another.

// Every field of every call, with values it cannot have and with those at its edges. A neighbour on the same model, whose stream is
// read meanwhile, says what it says alone, byte by byte.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openApiDocument } from "../src/openapi.ts";
import { routes } from "../src/routes.ts";
import {
  type Field,
  above,
  edgeValues,
  flag,
  number,
  object,
  text,
  whole,
  wrongValues,
} from "./support/field-values.ts";
import { Neighbourhood } from "./support/neighbourhood.ts";

const efforts = ["none", "minimal", "low", "medium", "high", "xhigh"];
const sampling: Record<string, Field> = {
  temperature: number(0, 10),
  top_p: above(0, 1),
  top_k: whole(0, 2147483647),
  min_p: number(0, 1),
  seed: whole(0, Number.MAX_SAFE_INTEGER),
  random_seed: whole(0, Number.MAX_SAFE_INTEGER),
  n: whole(1, 8),
  min_tokens: whole(0),
  ignore_eos: flag,
  priority: whole(-100, 100),
  frequency_penalty: number(-2, 2),
  presence_penalty: number(-2, 2),
  repetition_penalty: above(0, 10),
  dry: object,
  logit_bias: object,
  max_tokens: whole(1),
  stream: flag,
  stream_options: object,
  "stream_options.include_usage": flag,
  "stream_options.include_obfuscation": flag,
  "dry.multiplier": number(0, 100),
  "dry.base": number(1, 10),
  "dry.allowed_length": whole(1, 2147483647),
  "dry.sequence_breakers": { kind: "texts" },
};
const messages = [{ role: "user", content: "Hi" }];

/** A body of each call, the fields it can have, and those that tests of their own are about. */
const calls: Record<string, { body: Record<string, unknown>; fields: Record<string, Field>; others?: string[] }> = {
  "/v1/chat/completions": {
    body: { messages, max_tokens: 2 },
    fields: {
      ...sampling,
      max_completion_tokens: whole(1),
      logprobs: flag,
      parallel_tool_calls: flag,
      reasoning_effort: { kind: "name", of: [...efforts, "max"] },
      reasoning_max_tokens: whole(1),
      prompt_mode: { kind: "name", of: ["reasoning"] },
      safe_prompt: flag,
      chat_template_kwargs: object,
      prompt_progress: flag,
      max_tool_rounds: whole(1),
      modalities: { kind: "texts" },
    },
    others: ["messages", "top_logprobs", "prompt_logprobs", "stop", "tools", "tool_choice", "response_format", "model"],
  },
  "/v1/completions": {
    body: { prompt: "Once", max_tokens: 2 },
    fields: { ...sampling, suffix: text, echo: flag },
    others: ["prompt", "logprobs", "top_logprobs", "stop", "model"],
  },
  "/v1/fim/completions": {
    body: { prompt: "a", suffix: "b", max_tokens: 2 },
    fields: { ...sampling, prompt: text, suffix: text },
    others: ["stop", "model"],
  },
  "/v1/embeddings": {
    body: { input: "red" },
    fields: {
      encoding_format: { kind: "name", of: ["float", "base64"] },
      output_dtype: { kind: "name", of: ["float"] },
      dimensions: whole(1),
      output_dimension: whole(1),
      normalize: flag,
    },
    others: ["input", "model"],
  },
  "/v1/responses": {
    body: { input: "Hi", max_output_tokens: 2 },
    fields: {
      instructions: text,
      store: flag,
      stream: flag,
      background: flag,
      temperature: number(0, 10),
      top_p: above(0, 1),
      max_output_tokens: whole(1),
      top_logprobs: whole(0, 20),
      include: { kind: "texts" },
      parallel_tool_calls: flag,
      reasoning: object,
      "reasoning.effort": { kind: "name", of: efforts },
      text: object,
      metadata: object,
      previous_response_id: text,
    },
    others: ["input", "tools", "tool_choice", "truncation", "conversation", "prompt", "model"],
  },
  "/v1/messages": {
    body: { messages, max_tokens: 2 },
    fields: {
      max_tokens: whole(1),
      stream: flag,
      temperature: number(0, 10),
      top_p: above(0, 1),
      top_k: whole(0, 2147483647),
      thinking: object,
      "thinking.budget_tokens": whole(1),
      output_config: object,
      "output_config.effort": { kind: "name", of: ["low", "medium", "high", "xhigh", "max"] },
    },
    others: [
      "messages",
      "system",
      "tools",
      "tool_choice",
      "stop_sequences",
      "thread",
      "container",
      "mcp_servers",
      "context_management",
      "model",
    ],
  },
  "/v1/detokenize": { body: { tokens: [1] }, fields: {}, others: ["tokens", "model"] },
};

let street: Neighbourhood;

beforeAll(async () => {
  street = await Neighbourhood.load();
});
afterAll(() => street[Symbol.asyncDispose]());

/** A body with another value at a path. */
function withValue(body: Readonly<Record<string, unknown>>, path: string, value: unknown): Record<string, unknown> {
  const [head = "", tail] = path.split(".");
  if (tail === undefined) return { ...body, [head]: value };
  const others = { dry: { multiplier: 1 }, thinking: { type: "enabled", budget_tokens: 1 } }[head];
  return { ...body, [head]: { ...others, [tail]: value } };
}

const cases = Object.entries(calls).flatMap(([address, { body, fields }]) =>
  Object.entries(fields).map(([name, field]) => ({ address, body, name, field })),
);

test.each(cases)("$address: $name", async ({ address, body, name, field }) => {
  await street.beside(async () => {
    for (const value of wrongValues(field)) {
      const answer = await street.server.post(address, withValue(body, name, value));
      const said = `${JSON.stringify(value)}: ${answer.text}`;
      expect(answer.status, said).toBe(400);
      const { error } = answer.json as { error: { code: string; param: string; message: string } };
      if (address === "/v1/messages") expect(error.message, said).toContain(name);
      else {
        expect(error, said).toMatchObject({ code: "invalid_request", message: expect.stringContaining(error.param) });
        expect(error.param.replaceAll(/\[\d+\]$/g, ""), said).toBe(name);
      }
    }
  });
});

test.each(cases)("$address: $name at its edges", async ({ address, body, name, field }) => {
  await street.beside(async () => {
    for (const value of edgeValues(field)) {
      const answer = await street.server.post(address, withValue(body, name, value));
      // What this model does not do is another matter.
      if (answer.status === 400 && answer.text.includes('"unsupported"')) continue;
      expect(answer.status, `${JSON.stringify(value)}: ${answer.text}`).toBe(200);
    }
  });
});

describe("null", () => {
  test.each(Object.entries(calls))("%s: is as good as nothing where a field can be left out", async (address, call) => {
    const names = [...Object.keys(call.fields), ...(call.others ?? [])].filter((name) => !name.includes("."));
    const optional = names.filter((name) => !(name in call.body));
    const body = { ...call.body, ...Object.fromEntries(optional.map((name) => [name, null])) };
    expect(await street.server.post(address, body)).toMatchObject({ status: 200 });
  });

  test.each([
    ["/v1/chat/completions", "messages"],
    ["/v1/completions", "prompt"],
    ["/v1/fim/completions", "prompt"],
    ["/v1/embeddings", "input"],
    ["/v1/responses", "input"],
    ["/v1/detokenize", "tokens"],
  ])("%s: is no %s, and neither is nothing", async (address, name) => {
    const refused = { status: 400, json: { error: { code: "invalid_request", param: name } } };
    expect(await street.server.post(address, { ...calls[address]?.body, [name]: null })).toMatchObject(refused);
    expect(await street.server.post(address, { ...calls[address]?.body, [name]: undefined })).toMatchObject(refused);
    expect(await street.server.post(address, {})).toMatchObject(refused);
  });
});

test.each(Object.keys(calls))(
  "%s: all fields of the description are in this table, or say that they are ignored",
  (address) => {
    const { paths, components } = openApiDocument(routes, { hasKeys: false }) as {
      paths: Record<string, { post: { requestBody: { content: Record<string, { schema: { $ref: string } }> } } }>;
      components: { schemas: Record<string, { properties: Record<string, { description?: string }> }> };
    };
    const { $ref = "" } = paths[address]?.post.requestBody.content["application/json"]?.schema ?? {};
    const { properties = {} } = components.schemas[$ref.slice("#/components/schemas/".length)] ?? {};
    const known = new Set([...Object.keys(calls[address]?.fields ?? {}), ...(calls[address]?.others ?? [])]);
    const missing = Object.entries(properties).filter(
      ([, { description }]) => description?.startsWith("Taken and ignored") !== true,
    );
    expect(missing.map(([name]) => name).filter((name) => !known.has(name))).toEqual([]);
    expect(Object.keys(properties).length).toBeGreaterThan(1);
  },
);
