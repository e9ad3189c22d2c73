import type { JsonSchema } from "wick";

/** A whole number below `below`, that follows from a seed. */
export type Draw = (below: number) => number;

/** Numbers that follow from a seed. */
export function drawn(seed: number): Draw {
  let state = (seed + 1) * 2_654_435_761;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const formats = ["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid", "uri"];
const patterns = ["^[a-z]{2,5}$", "^\\d{3}-\\d{2}$", "^(red|green|blue)$", "^[A-Z][a-z]*( [A-Z][a-z]*)?$", "x$", "^a"];
const words = ["a", "b c", "Größe", "naïve", "日本", "🦀", '"quoted"', "back\\slash", "line\nbreak", "", "null", "0"];
const constants = [null, true, false, 0, -1, 2.5, "x", "", [1, "a"], { k: null }];

/** A schema of any kind, of values that come to an end. */
export function randomSchema(draw: Draw, depth = 3): JsonSchema {
  const leaves = [text, text, number, number, constant, choice, plain];
  const kinds = depth > 0 ? [...leaves, object, object, object, array, array, tuple, anyOf, allOf, reference] : leaves;
  return pick(kinds, draw)(draw, depth);
}

function pick<T>(values: readonly T[], draw: Draw): T {
  const value = values[draw(values.length)];
  if (value === undefined) throw new Error("Nothing to pick from.");
  return value;
}

function some<T>(values: readonly T[], draw: Draw): T[] {
  const first = draw(values.length);
  return [...values.slice(first), ...values.slice(0, first)].slice(0, 1 + draw(values.length));
}

function text(draw: Draw): JsonSchema {
  const maxLength = 1 + draw(8);
  switch (draw(9)) {
    case 0:
      return { type: "string", format: pick(formats, draw) };
    case 1:
      return { type: "string", pattern: pick(patterns, draw), maxLength: 12 };
    case 2:
      return { type: "string", minLength: draw(maxLength), maxLength };
    default:
      return { type: "string", maxLength };
  }
}

function number(draw: Draw): JsonSchema {
  const minimum = draw(200) - 100;
  switch (draw(8)) {
    case 1:
      return { type: "number", exclusiveMinimum: minimum, maximum: minimum + 1 + draw(50) };
    case 2:
      return { type: "integer", multipleOf: 1 + draw(7), minimum: 0, maximum: 10_000 };
    case 3:
      return { type: "number" };
    case 4:
      return { type: "integer" };
    default:
      return { type: "integer", minimum, maximum: minimum + draw(1000) };
  }
}

function constant(draw: Draw): JsonSchema {
  return { const: pick(constants, draw) };
}

function choice(draw: Draw): JsonSchema {
  return { enum: some([...words, ...constants], draw).slice(0, 6) };
}

function plain(draw: Draw): JsonSchema {
  return { type: pick(["boolean", "null", ["boolean", "null"], ["integer", "null"]], draw) };
}

function object(draw: Draw, depth: number): JsonSchema {
  const names = some(["id", "name", "größe", "a b", "x", 'q"', "$ref", "type", "0"], draw).slice(0, 5);
  const properties = Object.fromEntries(names.map((name) => [name, randomSchema(draw, depth - 1)]));
  const required = names.filter(() => draw(3) > 0);
  return { type: "object", properties, required, additionalProperties: false };
}

function array(draw: Draw, depth: number): JsonSchema {
  const maxItems = draw(5);
  return { type: "array", items: randomSchema(draw, depth - 1), minItems: draw(maxItems + 1), maxItems };
}

function tuple(draw: Draw, depth: number): JsonSchema {
  const prefixItems = [randomSchema(draw, depth - 1), randomSchema(draw, depth - 1)];
  return { type: "array", prefixItems, items: false, minItems: draw(3) };
}

function anyOf(draw: Draw, depth: number): JsonSchema {
  return { anyOf: [randomSchema(draw, depth - 1), randomSchema(draw, depth - 1)] };
}

function allOf(draw: Draw, depth: number): JsonSchema {
  const all = { type: "object", properties: { both: { type: "boolean" } }, required: ["both"] };
  const { additionalProperties: _, ...rest } = object(draw, depth);
  return { allOf: [rest, all] };
}

/** A chain of values, each in the one before. */
function reference(draw: Draw, depth: number): JsonSchema {
  const link = {
    type: "object",
    properties: { value: randomSchema(draw, depth - 2), next: { anyOf: [{ type: "null" }, { $ref: "#/$defs/link" }] } },
    required: ["value", "next"],
    additionalProperties: false,
  };
  return depth === 3 ? { $defs: { link }, $ref: "#/$defs/link" } : { type: "null" };
}
