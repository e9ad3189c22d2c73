import { Validator } from "@cfworker/json-schema";
import type { Validation } from "./validation.js";
import type { JsonSchema } from "./schema.js";

/** Validates by JSON Schema of 2020-12. */
export function jsonSchemaValidation(schema: JsonSchema): Validation {
  const validator = new Validator(schema, "2020-12", false);
  return (input) => {
    const { valid, errors } = validator.validate(input);
    if (valid) return { value: input };
    // The last ones are where it is wrong, the first what that makes of the whole.
    const told = errors.slice(-3).map(({ instanceLocation, error }) => `${instanceLocation}: ${error}`);
    return { issues: told.join("; ") };
  };
}
