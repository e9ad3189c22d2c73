import type { StandardSchema } from "./schema.js";

/** How a value fits a schema. */
export type Validated = { value: unknown; issues?: undefined } | { issues: string };

/** Tells how values fit one schema. */
export type Validation = (input: unknown) => Validated | Promise<Validated>;

/** Validates as the schema's library does. */
export function standardValidation(schema: StandardSchema): Validation {
  const { validate } = schema["~standard"];
  return async (input): Promise<Validated> => {
    const { value, issues } = (await validate(input)) as { value?: unknown; issues?: readonly Issue[] };
    return issues === undefined ? { value } : { issues: issues.map(issueText).join("; ") };
  };
}

/** https://standardschema.dev */
interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

function issueText({ message, path = [] }: Issue): string {
  const keys = path.map((part) => String(typeof part === "object" ? part.key : part));
  return keys.length === 0 ? message : `${keys.join(".")}: ${message}`;
}
