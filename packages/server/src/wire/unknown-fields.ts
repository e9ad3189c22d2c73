/** Fields of `given` that a schema did not take over into `taken`, by their paths. */
export function unknownFields(given: unknown, taken: unknown, path = ""): string[] {
  if (Array.isArray(given) && Array.isArray(taken)) {
    return given.flatMap((value, index) => unknownFields(value, taken[index], `${path}[${index}]`));
  }
  if (!isRecord(given) || !isRecord(taken)) return [];
  return Object.entries(given).flatMap(([name, value]) => {
    const below = path === "" ? name : `${path}.${name}`;
    return Object.hasOwn(taken, name) ? unknownFields(value, taken[name], below) : [below];
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
