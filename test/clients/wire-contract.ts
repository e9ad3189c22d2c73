import type { ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import { type ErrorInfo, type WickResponse, isTerminal } from "wick";
import { chunkProblems } from "./chunk-contract.ts";
import { eventProblems } from "./event-contract.ts";
import { mistralProblems } from "./mistral-contract.ts";
import { type ServerSentEvent, eventsOf } from "./server-sent-events.ts";
import type { WireExchange } from "./wire-tap.ts";

interface MediaTypes {
  content?: Readonly<Record<string, { schema: object }>>;
}

interface Operation {
  requestBody?: MediaTypes;
  responses: Readonly<Record<string, MediaTypes>>;
}

interface Description {
  paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  components: object;
}

/** What a server says of itself, as a check of what it sends. */
export class WireContract {
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  readonly #paths: readonly { pattern: RegExp; operations: Readonly<Record<string, Operation>> }[];
  readonly #validators = new Map<object, ValidateFunction>();

  /** @param description - The server's `/openapi.json`. */
  constructor(description: unknown) {
    const { paths, components } = description as Description;
    this.#ajv.addSchema({ $id: "wick:description", components });
    // A name of a model may have slashes; other parameters are parts of a path.
    this.#paths = ["[^/]+", ".+"].flatMap((parameter) =>
      Object.entries(paths).map(([path, operations]) => ({
        pattern: new RegExp(`^${path.replaceAll(".", "\\.").replaceAll(/\{\w+\}/g, parameter)}$`),
        operations,
      })),
    );
  }

  /** What is wrong with an exchange; nothing, mostly. */
  problems(exchange: WireExchange): string[] {
    const [path = ""] = exchange.path.split("?");
    if (exchange.status === 0) return [];
    const operation = this.#operation(exchange.method, path);
    if (operation === undefined) return exchange.status === 404 || exchange.status === 405 ? [] : ["no such address"];
    return [
      ...headerProblems(exchange),
      ...(exchange.status < 300 ? this.#requestProblems(operation, exchange) : []),
      ...this.#answerProblems(operation, path, exchange),
    ];
  }

  #operation(method: string, path: string): Operation | undefined {
    const found = this.#paths.find(({ pattern }) => pattern.test(path));
    return found?.operations[method.toLowerCase()];
  }

  /** What was taken must be what is described. */
  #requestProblems({ requestBody }: Operation, exchange: WireExchange): string[] {
    const schema = requestBody?.content?.["application/json"]?.schema;
    return schema === undefined ? [] : this.#jsonProblems(schema, exchange.requestBody, "request");
  }

  #answerProblems({ responses }: Operation, path: string, exchange: WireExchange): string[] {
    const { status, body, isWhole } = exchange;
    const type = String(exchange.headers["content-type"]).split(";")[0] ?? "";
    const described = responses[status]?.content?.[type];
    if (described === undefined) return [`status ${status} with ${type} is not described`];
    if (wantsResponses(exchange) && status >= 400) return isWickError(body) ? [] : [`an error reads ${body}`];
    if (type === "application/json") {
      if (!isWhole) return [];
      // Vectors in base64 are OpenAI's clients' alone.
      const isForAll = status === 200 && !/"encoding_format":\s*"base64"/.test(exchange.requestBody);
      return [
        ...this.#jsonProblems(described.schema, body, "answer"),
        ...(isForAll ? mistralProblems(path, body) : []),
      ];
    }
    return type === "text/event-stream" ? streamProblems(path, exchange) : [];
  }

  #jsonProblems(schema: object, text: string, what: string): string[] {
    const known = this.#validators.get(schema);
    const validate = known ?? this.#ajv.compile(qualified(schema) as object);
    this.#validators.set(schema, validate);
    if (validate(JSON.parse(text))) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message }) => `${what}${instancePath} ${message}: ${text.slice(0, 300)}`,
    );
  }
}

/** References of a part of the description, which stands alone here. */
function qualified(schema: unknown): unknown {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"wick:description#/components'));
}

function headerProblems({ headers, status }: WireExchange): string[] {
  const problems: string[] = [];
  const expect = (name: string, value: RegExp) => {
    if (!value.test(String(headers[name]))) problems.push(`header ${name} is ${String(headers[name])}`);
  };
  expect("x-request-id", /^[\w.:-]+$/);
  expect("x-content-type-options", /^nosniff$/);
  // The Mistral client clones the body where it sees this, and then never closes the connection.
  expect("x-model-deprecation-timestamp", /^undefined$/);
  expect("content-encoding", /^undefined$/);
  // Whole seconds, never 0, which is all that some clients read.
  if (status === 429) expect("retry-after", /^[1-9]\d*$/);
  if (status === 429 || status === 503) expect("x-should-retry", /^(?:true|false)$/);
  return problems;
}

function streamProblems(path: string, exchange: WireExchange): string[] {
  const { headers, body, isWhole } = exchange;
  const problems: string[] = [];
  if (headers["content-type"] !== "text/event-stream; charset=utf-8")
    problems.push(`${String(headers["content-type"])}`);
  if (!/\bno-cache\b/.test(String(headers["cache-control"]))) problems.push("a stream may be cached");
  if (headers["x-accel-buffering"] !== "no") problems.push("a stream may be held back");
  const { events, rest } = eventsOf(body);
  if (isWhole && rest !== "") problems.push(`an event has no end: ${rest}`);
  return [
    ...problems,
    ...(wantsResponses(exchange) ? responseProblems(events, exchange) : bodyProblems(path, events, exchange)),
  ];
}

/** Whether the answer is to be in Wick's own form. */
function wantsResponses({ requestHeaders }: WireExchange): boolean {
  return String(requestHeaders["accept"]).includes("application/vnd.wick.response+sse");
}

function isWickError(body: string): boolean {
  const { error } = JSON.parse(body) as { error?: Partial<ErrorInfo> };
  return typeof error?.code === "string" && typeof error.message === "string" && typeof error.retryable === "boolean";
}

/** Wick's own responses, of which the last is the terminal, and no other. */
function responseProblems(events: readonly ServerSentEvent[], { isWhole }: WireExchange): string[] {
  const responses = events.flatMap(({ data }) => (data === undefined ? [] : [JSON.parse(data) as WickResponse]));
  const terminals = responses.filter((response) => isTerminal(response));
  const isRight = isWhole ? terminals.length === 1 && responses.at(-1) === terminals[0] : terminals.length === 0;
  return isRight ? [] : [`responses come as ${responses.map(({ kind }) => kind).join(", ")}`];
}

function bodyProblems(
  path: string,
  events: readonly ServerSentEvent[],
  { isWhole, requestBody }: WireExchange,
): string[] {
  const request = JSON.parse(requestBody) as { stream_options?: { include_usage?: boolean }; n?: number };
  const options = { isWhole, includesUsage: request.stream_options?.include_usage === true, n: request.n ?? 1 };
  switch (path) {
    case "/v1/chat/completions":
    case "/v1/fim/completions":
      return [
        ...chunkProblems(events, "chat", options),
        ...events.flatMap(({ data = "[DONE]" }) => (data === "[DONE]" ? [] : mistralProblems("chunk", data))),
      ];
    case "/v1/completions":
      return chunkProblems(events, "text", options);
    case "/v1/responses":
    case "/v1/messages":
      return eventProblems(events, path, options);
    default:
      return [`no contract of a stream of ${path}`];
  }
}
