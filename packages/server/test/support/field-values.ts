/** What a field takes. */
export type Field =
  | { kind: "number"; from: number; to?: number; isOpen?: boolean; isWhole?: boolean }
  | { kind: "flag" | "text" | "texts" | "object" }
  | { kind: "name"; of: readonly string[] };

/** Values that a field of a body cannot have, each as JSON can say it. */
export function wrongValues(field: Field): unknown[] {
  switch (field.kind) {
    case "number":
      return ["1", "NaN", "Infinity", "", true, [1], {}, ...outsideOf(field)];
    case "flag":
      return [0, 1, -1, "true", "1", "NaN", [], {}];
    case "text":
      return [0, 1, -1, true, [], {}];
    case "texts":
      return [0, 1, -1, true, "1", "NaN", {}, [1], [null], [["a"]]];
    case "object":
      return [0, 1, -1, true, "1", "NaN", [], ["a"]];
    case "name":
      return ["", "1", "NaN", `${field.of[0]} `, field.of[0]?.toUpperCase(), 0, 1, -1, true, []];
  }
}

/** Values at the edges of what it takes. */
export function edgeValues(field: Field): unknown[] {
  switch (field.kind) {
    case "number": {
      const least = field.isOpen === true ? field.from + 0.001 : field.from;
      return field.to === undefined ? [least] : [least, field.to];
    }
    case "flag":
      return [true, false];
    case "name":
      return [...field.of];
    case "text":
    case "texts":
    case "object":
      return [];
  }
}

function outsideOf({ from, to, isOpen = false, isWhole = false }: Extract<Field, { kind: "number" }>): number[] {
  const step = isWhole ? 1 : 0.001;
  const below = [isOpen ? from : from - step, -1, 0, -1e308].filter((value) => (isOpen ? value <= from : value < from));
  const above = to === undefined ? [] : [to + step, to + 1, 1e308].filter((value) => value > to);
  const broken = isWhole ? [from + 0.5, 2 ** 53, 1e21, -0.5] : [];
  return [...new Set([...below, ...above, ...broken])];
}

/** A whole number. */
export const whole = (from: number, to?: number): Field => ({
  kind: "number",
  from,
  isWhole: true,
  ...(to !== undefined && { to }),
});

/** A number, with `above` as a bound that it cannot have. */
export const number = (from: number, to: number): Field => ({ kind: "number", from, to });
export const above = (from: number, to: number): Field => ({ kind: "number", from, to, isOpen: true });
export const flag: Field = { kind: "flag" };
export const text: Field = { kind: "text" };
export const object: Field = { kind: "object" };
