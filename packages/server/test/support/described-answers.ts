import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { openApiDocument } from "../../src/openapi.ts";
import { routes } from "../../src/routes.ts";

interface MediaTypes {
  content?: Readonly<Record<string, unknown>>;
}

interface DescribedOperation {
  requestBody?: MediaTypes;
  responses: Readonly<Record<string, MediaTypes>>;
}

interface Description {
  paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
}

const description = openApiDocument(routes, { hasKeys: true }) as Description;
// The document is no schema itself: its other members are not for the validator to know.
const ajv = new Ajv2020({ strict: false, allErrors: true, discriminator: false });
ajv.addSchema({ $id: "document", ...description });
const validators = new Map<string, ValidateFunction>();

/** What went to and fro. */
export interface Described {
  method: string;
  /** With its query. */
  address: string;
  status: number;
  contentType: string;
  /** Of one that was taken. */
  request?: unknown;
  answer: unknown;
}

/**
 * Holds an answer, and the body that brought it, against what `/openapi.json` says of them.
 *
 * @throws {Error} for what it does not say.
 */
export function checkDescribed({ method, address, status, contentType, request, answer }: Described): void {
  const path = pathOf(address.replace(/[?#].*$/s, ""));
  const operation = path === undefined ? undefined : description.paths[path]?.[method.toLowerCase()];
  const what = `${status} to ${method} ${address}`;
  if (path === undefined || operation === undefined) {
    // Of addresses and methods that there are not, only that the error is one.
    const schema = address.startsWith("/v1/messages") ? "AnthropicError" : "Error";
    return hold(`document#/components/schemas/${schema}`, answer, what);
  }
  const type = contentType.replace(/;.*$/s, "");
  const place = `document#/paths/${escaped(path)}/${method.toLowerCase()}`;
  if (operation.responses[status]?.content?.[type] === undefined) {
    throw new Error(`/openapi.json has no answer ${what} of type ${type}: ${JSON.stringify(answer)}`);
  }
  if (type !== "application/json") return;
  hold(`${place}/responses/${status}/content/application~1json/schema`, answer, what);
  if (status === 200 && operation.requestBody !== undefined) {
    hold(`${place}/requestBody/content/application~1json/schema`, request, `the body that brought ${what}`);
  }
}

function pathOf(address: string): string | undefined {
  const exact = Object.keys(description.paths).find((path) => path === address);
  return exact ?? Object.keys(description.paths).find((path) => patternOf(path).test(address));
}

/** The names of models may have slashes in them. */
function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/\{(\w+)\}/g, (_, name) => (name === "model" ? ".+" : "[^/]+"))}$`);
}

function hold(reference: string, value: unknown, what: string): void {
  const validate = validators.get(reference) ?? ajv.compile({ $ref: reference });
  validators.set(reference, validate);
  if (validate(value)) return;
  const text = JSON.stringify(value);
  throw new Error(`${what} is not as described: ${ajv.errorsText(validate.errors)}: ${text.slice(0, 1000)}`);
}

function escaped(path: string): string {
  return encodeURIComponent(path.replaceAll("~", "~0").replaceAll("/", "~1"));
}
