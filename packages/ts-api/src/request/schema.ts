/**
 * A schema by the Standard Schema interface: zod, ArkType, Valibot and others.
 *
 * @example
 * ```ts
 * const schema: StandardSchema<{ city: string }> = z.object({ city: z.string() });
 * ```
 */
export interface StandardSchema<O = unknown> {
  /** The interface, see https://standardschema.dev. */
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    /** Answers with the value or the issues. */
    readonly validate: (value: unknown) => unknown;
    readonly types?: { readonly input: unknown; readonly output: O } | undefined;
  };
}

/**
 * A JSON Schema as plain data.
 *
 * @example
 * ```ts
 * const schema: JsonSchema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
 * ```
 */
export type JsonSchema = { readonly [keyword: string]: unknown };

/**
 * What tools and structured answers take.
 *
 * @example
 * ```ts
 * const parameters: Schema = { type: "object", properties: {} };
 * ```
 */
export type Schema = StandardSchema | JsonSchema;

/**
 * The type of the values that a schema lets through; `unknown` for plain JSON Schema.
 *
 * @example
 * ```ts
 * type City = InferSchema<StandardSchema<{ city: string }>>; // { city: string }
 * ```
 */
export type InferSchema<S> = S extends StandardSchema<infer O> ? O : S extends { static: infer T } ? T : unknown;
