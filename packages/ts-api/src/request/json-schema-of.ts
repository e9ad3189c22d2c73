import { unsupported } from "../error/refusal.js";
import type { JsonSchema, Schema, StandardSchema } from "./schema.js";

/** A library's way to write its schema as JSON Schema: https://standardschema.dev/json-schema (zod ≥ 4.2, Valibot's own package), or ArkType's. */
interface Writing {
  readonly jsonSchema?: { input(options: { target: "draft-2020-12" }): JsonSchema };
}

/**
 * A schema as JSON Schema: as it is where it is one (TypeBox's are), else as its library writes it.
 *
 * @throws {@link WickError} `unsupported` at `where` for a schema of a library that does not say.
 */
export function jsonSchemaOf(schema: Schema, where: string): JsonSchema {
  if (!isStandard(schema)) return schema;
  const { vendor, ...standard } = schema["~standard"];
  const { jsonSchema } = standard as Writing;
  try {
    if (jsonSchema !== undefined) return jsonSchema.input({ target: "draft-2020-12" });
    if ("toJsonSchema" in schema && typeof schema.toJsonSchema === "function") return schema.toJsonSchema();
  } catch (cause) {
    throw unsupported(where, `${where}: ${vendor} cannot write this schema as JSON Schema: ${String(cause)}`);
  }
  throw unsupported(
    where,
    `${where}: this schema of ${vendor} does not say itself as JSON Schema; convert it first, or use zod from 4.2 on.`,
  );
}

/** Whether a schema is a library's own, which also validates. */
export function isStandard(schema: Schema): schema is StandardSchema {
  // ArkType's are functions.
  return (typeof schema === "object" || typeof schema === "function") && schema !== null && "~standard" in schema;
}
