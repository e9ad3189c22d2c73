/**
 * The fields of a request that are set, those of Wick's own among them, whatever a program wrote there: Wick reads a request as
 * data, and refuses what it does not know.
 */
export function definedFields<Q>(fields: Readonly<Record<string, unknown>>): Partial<Q> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<Q>;
}
