import { z } from "zod";

/** A field that may be left out; many clients send null for what is not set. */
export function optional<T extends z.ZodType>(schema: T): z.ZodOptional<z.ZodNullable<T>> {
  return schema.nullish();
}

/** A field that clients send and that changes nothing here. */
export const ignored = (why: string) =>
  z
    .unknown()
    .optional()
    .meta({ description: `Taken and ignored: ${why}.` });

/** The fields of `values` that are set. */
export function set<T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  const said = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(said) as { [K in keyof T]?: NonNullable<T[K]> };
}
