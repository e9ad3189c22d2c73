// oxlint-disable vitest/valid-expect -- a message says which round of a loop it was.
// oxlint-disable vitest/no-conditional-expect -- what is expected of one differs from what is of another.

// The server's description of itself. That answers are as it says is looked at wherever tests ask for some (support/caller.ts); here it
// is held against what a document of OpenAPI 3.1 must have, since no package with its meta-schema is installed.

import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { scriptedModel } from "wick/testing";
import { openApiDocument } from "../src/openapi.ts";
import { routes } from "../src/routes.ts";
import { checkDescribed } from "./support/described-answers.ts";
import { testServer } from "./support/test-server.ts";

interface Parameter {
  name: string;
  in: string;
  required: boolean;
  schema: object;
}
interface Content {
  content: Record<string, { schema: object }>;
}
interface Operation {
  operationId: string;
  summary: string;
  tags: string[];
  parameters?: Parameter[];
  requestBody?: Content & { required: boolean };
  responses: Record<string, Content & { description: string }>;
  security?: object[];
}
interface Description {
  openapi: string;
  info: { title: string; version: string };
  security?: object[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object>; securitySchemes?: object };
}

const model = scriptedModel({ replies: ["Yes."] });
const described = async (apiKeys: string[] = []) => {
  const server = testServer(model, { apiKeys });
  const headers = apiKeys[0] === undefined ? {} : { authorization: `Bearer ${apiKeys[0]}` };
  return (await server.get("/openapi.json", headers)).json as Description;
};
const document = await described();
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, path, method, operation })),
);

/** All values within a value, with their places. */
function* within(value: unknown, place = "#"): Generator<[string, unknown]> {
  yield [place, value];
  if (typeof value !== "object" || value === null) return;
  for (const [name, inner] of Object.entries(value)) yield* within(inner, `${place}/${name}`);
}

test("it says that it is one of OpenAPI 3.1, and is what routes make of it", async () => {
  expect(document.openapi).toMatch(/^3\.1\.\d$/);
  expect(document.info).toMatchObject({ title: "Wick", version: expect.any(String) });
  const known = new Set([
    "openapi",
    "info",
    "jsonSchemaDialect",
    "servers",
    "paths",
    "webhooks",
    "components",
    "security",
    "tags",
    "externalDocs",
  ]);
  expect(Object.keys(document).filter((name) => !known.has(name))).toEqual([]);
  expect(document).toEqual(JSON.parse(JSON.stringify(openApiDocument(routes, { hasKeys: false }))));
});

test("every route is there, and nothing else", () => {
  const expected = routes.map(
    ({ method, path }) => `${method.toLowerCase()} ${path.replaceAll(/:(\w+)(?:\{[^}]*\})?/g, "{$1}")}`,
  );
  expect(operations.map(({ name }) => name).toSorted()).toEqual(expected.toSorted());
});

test("every reference leads to something, and every schema is referred to", () => {
  const references = [...within(document)].flatMap(([place, value]) =>
    place.endsWith("/$ref") ? [String(value)] : [],
  );
  const found = new Set([...within(document)].map(([place]) => place));
  expect(references.length).toBeGreaterThan(20);
  expect(references.filter((reference) => !found.has(reference))).toEqual([]);
  for (const name of Object.keys(document.components.schemas)) {
    expect(name).toMatch(/^[\w.-]+$/);
    expect(references).toContain(`#/components/schemas/${name}`);
  }
});

test.each(Object.keys(document.components.schemas))("schema %s is one of JSON Schema 2020-12, and compiles", (name) => {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false, allErrors: true });
  // Where schemas are kept.
  ajv.addKeyword("components");
  expect(ajv.validateSchema(document.components.schemas[name] ?? false), ajv.errorsText()).toBe(true);
  ajv.addSchema({ $id: "document", components: document.components });
  expect(() => ajv.compile({ $ref: `document#/components/schemas/${name}` })).not.toThrow();
});

describe.each(operations)("$name", ({ path, method, operation }) => {
  test("has a name of its own, a line of what it does, and a tag", () => {
    expect(operations.filter((other) => other.operation.operationId === operation.operationId)).toHaveLength(1);
    expect(operation.operationId).toMatch(/^[a-z]\w+$/);
    expect(operation.summary.length).toBeGreaterThan(5);
    expect(operation.tags).toHaveLength(1);
  });

  test("describes the parts of its path", () => {
    const names = [...path.matchAll(/\{(?<name>\w+)\}/g)].map(({ groups }) => groups?.["name"]);
    const parameters = (operation.parameters ?? []).filter((parameter) => parameter.in === "path");
    expect(parameters.map(({ name }) => name)).toEqual(names);
    for (const parameter of parameters) expect(parameter).toMatchObject({ required: true, schema: { type: "string" } });
  });

  test("describes its body and its answers", () => {
    if (method === "get" || method === "delete") expect(operation.requestBody).toBeUndefined();
    if (operation.requestBody !== undefined) {
      expect(operation.requestBody.required).toBe(true);
      expect(Object.keys(operation.requestBody.content)).toEqual(["application/json"]);
    }
    expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(["200", "403"]));
    for (const [status, { description, content }] of Object.entries(operation.responses)) {
      expect(status).toMatch(/^[2-5]\d\d$/);
      expect(description.length).toBeGreaterThan(0);
      for (const { schema } of Object.values(content)) expect(Object.keys(schema).length).toBeGreaterThan(0);
    }
  });
});

describe("keys", () => {
  test("are asked for where there are some, of all but /health", async () => {
    const guarded = await described(["sk-0123456789abcdef"]);
    expect(guarded.security).toEqual([{ bearer: [] }]);
    expect(guarded.components.securitySchemes).toEqual({ bearer: { type: "http", scheme: "bearer" } });
    for (const [path, methods] of Object.entries(guarded.paths)) {
      for (const operation of Object.values(methods)) {
        expect(operation.security).toEqual(path === "/health" ? [] : undefined);
        if (path !== "/health") expect(Object.keys(operation.responses)).toContain("401");
      }
    }
  });

  test("are not where there are none", () => {
    expect(document).not.toHaveProperty("security");
    expect(document.components).not.toHaveProperty("securitySchemes");
    for (const { operation } of operations) expect(Object.keys(operation.responses)).not.toContain("401");
  });
});

describe("what tests hold answers against", () => {
  const about = { method: "POST", address: "/v1/tokenize", status: 200, contentType: "application/json" };

  test("takes what is described", () => {
    expect(() =>
      checkDescribed({ ...about, request: { prompt: "a" }, answer: { count: 1, tokens: [1] } }),
    ).not.toThrow();
  });

  test.each<[string, object]>([
    ["a field that is missing", { answer: { tokens: [1] } }],
    ["a field too many", { answer: { count: 1, extra: true } }],
    ["a field of another type", { answer: { count: "1" } }],
    ["a status that is not there", { status: 418, answer: { count: 1 } }],
    ["another type", { contentType: "text/html", answer: { count: 1 } }],
    ["a body that is not described", { request: { prompt: 1 }, answer: { count: 1 } }],
    ["an error that is none", { address: "/nope", status: 404, answer: { message: "no" } }],
  ])("does not take %s", (_, change) => {
    expect(() => checkDescribed({ ...about, request: { prompt: "a" }, answer: {}, ...change })).toThrow(
      /described|\/openapi\.json/,
    );
  });
});
