import { z } from "zod";
import { responseMediaType } from "./wire/response-form.js";
import type { Route } from "./route.js";

const errorSchema = z
  .object({
    error: z.object({
      message: z.string(),
      type: z.string(),
      param: z.string().nullable(),
      code: z.string().describe("Stable; the catalogue is `ErrorCode` of the package `wick`."),
    }),
    object: z.literal("error"),
    message: z.string(),
    type: z.string(),
    param: z.string().nullable(),
    code: z.string(),
    detail: z
      .array(z.object({ type: z.string(), loc: z.array(z.string()), msg: z.string(), input: z.null() }))
      .optional()
      .describe("With status 422."),
    partial: z.record(z.string(), z.unknown()).optional().describe("What had been generated."),
  })
  .meta({ id: "Error" });

const ownErrorSchema = z
  .object({
    error: z.object({
      code: z.string(),
      message: z.string(),
      where: z.string().optional().describe("In the words of Wick's requests."),
      retryable: z.boolean(),
      retryAfterMs: z.number().optional(),
      details: z.record(z.string(), z.unknown()).optional(),
    }),
  })
  .meta({ id: "OwnError", description: "Where Wick's own form was asked for: its `ErrorInfo`." });

const anthropicErrorSchema = z
  .object({
    type: z.literal("error"),
    error: z.object({ type: z.string(), message: z.string(), details: z.looseObject({ error_code: z.string() }) }),
    request_id: z.string(),
    partial: z.record(z.string(), z.unknown()).optional().describe("What had been generated."),
  })
  .meta({ id: "AnthropicError" });

/** Of every call with a body. */
const bodyStatuses = [400, 404, 408, 413, 415, 422, 429, 500, 502, 503, 504];

type Registry = z.core.$ZodRegistry<{ id: string }>;

/** The description of the server, OpenAPI 3.1, from the schemas that its bodies are checked by. */
export function openApiDocument(routes: readonly Route[], { hasKeys }: { hasKeys: boolean }): object {
  const schemas = new Schemas();
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)(?:\{[^}]*\})?/g, "{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route, schemas, hasKeys) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Wick",
      version: "1",
      description: `Calls of OpenAI's, Mistral's and Anthropic's APIs over models of Wick. With \`Accept: ${responseMediaType}\` or \`?format=wick\` a generation answers with Wick's own responses, whatever \`stream\` says.`,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    ...(hasKeys && { security: [{ bearer: [] }] }),
    paths,
    components: {
      schemas: schemas.all(),
      ...(hasKeys && { securitySchemes: { bearer: { type: "http", scheme: "bearer" } } }),
    },
  };
}

function operationOf(route: Route, schemas: Schemas, hasKeys: boolean): object {
  const { operation } = route;
  const { request, response, unavailable, others = [] } = operation;
  const usual = schemas.output(route.errors === "anthropic" ? anthropicErrorSchema : errorSchema);
  const error = route.generates === true ? { anyOf: [usual, schemas.output(ownErrorSchema)] } : usual;
  const isOpen = route.path === "/health";
  const statuses = new Set([
    ...(request === undefined ? [400, 403, 500] : [403, ...bodyStatuses]),
    ...(operation.statuses ?? []),
    ...(isOpen ? [] : [429]),
    ...(hasKeys && !isOpen ? [401] : []),
  ]);
  const ofStatus = (status: number) => [status, { description: "An error.", content: inJson(error) }];
  return {
    operationId: operationId(route),
    summary: operation.summary,
    tags: [operation.tag],
    ...(operation.parameters !== undefined && { parameters: operation.parameters.map(parameterOf) }),
    ...(request !== undefined && { requestBody: { required: true, content: inJson(schemas.input(request)) } }),
    responses: {
      200: {
        description: "The answer.",
        content: {
          ...(response !== undefined && inJson(schemas.output(response))),
          ...Object.fromEntries(others.map((type) => [type, { schema: { type: "string" } }])),
        },
      },
      ...Object.fromEntries([...statuses].map(ofStatus)),
      ...(unavailable !== undefined && {
        503: { description: "Not now.", content: inJson(schemas.output(unavailable)) },
      }),
    },
    ...(isOpen && { security: [] }),
  };
}

function inJson(schema: object): object {
  return { "application/json": { schema } };
}

/** The schemas of a description, each once. */
class Schemas {
  readonly #inputs: Registry = z.registry<{ id: string }>();
  readonly #outputs: Registry = z.registry<{ id: string }>();

  input(schema: z.ZodType): object {
    return reference(schema, this.#inputs);
  }

  output(schema: z.ZodType): object {
    return reference(schema, this.#outputs);
  }

  all(): Record<string, object> {
    return { ...schemasOf(this.#inputs, "input"), ...schemasOf(this.#outputs, "output") };
  }
}

function reference(schema: z.ZodType, registry: Registry): object {
  const id = schema.meta()?.id;
  if (id === undefined) throw new TypeError("A schema of a route has no id.");
  if (!registry.has(schema)) registry.add(schema, { id });
  return { $ref: `#/components/schemas/${id}` };
}

function schemasOf(registry: Registry, io: "input" | "output"): Record<string, object> {
  const { schemas } = z.toJSONSchema(registry, {
    io,
    unrepresentable: "any",
    uri: (id) => `#/components/schemas/${id}`,
  });
  const own = new Set(["$schema", "$id", "id"]);
  return Object.fromEntries(
    Object.entries(schemas).map(([id, schema]) => [
      id,
      Object.fromEntries(Object.entries(schema).filter(([keyword]) => !own.has(keyword))),
    ]),
  );
}

function operationId({ method, path }: Route): string {
  const words = path.split(/[/:{}._+-]+/).filter((word) => word !== "" && word !== "v1");
  const name = words.map((word) => `${word[0]?.toUpperCase()}${word.slice(1)}`).join("");
  return `${method.toLowerCase()}${name}`;
}

function parameterOf({
  name,
  in: place,
  description,
  isRequired,
}: NonNullable<Route["operation"]["parameters"]>[number]) {
  return { name, in: place, description, required: isRequired ?? place === "path", schema: { type: "string" } };
}
