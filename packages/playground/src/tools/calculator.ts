import type { JsonSchema, ToolDefinition } from "wick/remote";

export const calculator = {
  name: "calculate",
  description: "The value of an arithmetic expression with + - * / % ^ ( ), such as (3 + 4) * 2^10",
  parameters: {
    type: "object",
    properties: { expression: { type: "string", maxLength: 1000 } },
    required: ["expression"],
    additionalProperties: false,
  },
  execute: (input) => valueOf((input as { expression: string }).expression),
} satisfies ToolDefinition<JsonSchema>;

/** By precedence; a minus sign binds less than a power, so that -2^2 is -4. */
function valueOf(expression: string): number {
  const symbols = expression.match(/\d+(?:\.\d+)?(?:e[-+]?\d+)?|\.\d+|\S/gi) ?? [];
  let at = 0;
  const isNext = (symbol: string): boolean => {
    if (symbols[at] !== symbol) return false;
    at += 1;
    return true;
  };
  const sum = (): number => {
    let value = product();
    for (;;) {
      if (isNext("+")) value += product();
      else if (isNext("-")) value -= product();
      else return value;
    }
  };
  const product = (): number => {
    let value = signed();
    for (;;) {
      if (isNext("*")) value *= signed();
      else if (isNext("/")) value /= signed();
      else if (isNext("%")) value %= signed();
      else return value;
    }
  };
  const signed = (): number => {
    if (isNext("-")) return -signed();
    return isNext("+") ? signed() : power();
  };
  const power = (): number => {
    const base = atom();
    return isNext("^") ? base ** signed() : base;
  };
  const atom = (): number => {
    if (isNext("(")) {
      const value = sum();
      if (!isNext(")")) throw new Error(`A bracket is not closed in ${expression}`);
      return value;
    }
    const symbol = symbols[at];
    const value = Number(symbol);
    if (Number.isNaN(value)) throw new Error(`Unexpected ${symbol ?? "end"} in ${expression}`);
    at += 1;
    return value;
  };
  const value = sum();
  if (at < symbols.length) throw new Error(`Unexpected ${symbols[at]} in ${expression}`);
  return value;
}
