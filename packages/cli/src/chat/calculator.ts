/** What is wrong with an expression. */
class ExpressionError extends Error {
  override readonly name = "ExpressionError";
}

const functions: ReadonlyMap<string, (value: number) => number> = new Map([
  ["abs", Math.abs],
  ["ceil", Math.ceil],
  ["cos", Math.cos],
  ["exp", Math.exp],
  ["floor", Math.floor],
  ["ln", Math.log],
  ["log", Math.log10],
  ["round", Math.round],
  ["sin", Math.sin],
  ["sqrt", Math.sqrt],
  ["tan", Math.tan],
]);

const constants: ReadonlyMap<string, number> = new Map([
  ["e", Math.E],
  ["pi", Math.PI],
]);

/** Nested deeper, it is an attack on the stack. */
const deepest = 100;
const longest = 1000;

const token = /\s*(?:(\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?)|([A-Za-z]+)|(\*\*|[-+*/%^(),×÷−]))/y;

/**
 * The value of an arithmetic expression: `+ - * / % ^`, parentheses, a few functions, `pi` and `e`. It runs nothing else.
 *
 * @throws {@link ExpressionError}
 */
export function calculate(expression: string): number {
  if (expression.length > longest) throw new ExpressionError(`An expression has at most ${longest} characters.`);
  return new Parser(tokensOf(expression)).all();
}

function tokensOf(expression: string): string[] {
  const tokens: string[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < expression.trimEnd().length) {
    const at = token.lastIndex;
    const [, number, name, sign] = token.exec(expression) ?? [];
    const found = number ?? name?.toLowerCase() ?? sign;
    if (found === undefined) throw new ExpressionError(`"${expression.slice(at).trim()}" is no arithmetic.`);
    tokens.push(signs.get(found) ?? found);
  }
  return tokens;
}

const signs: ReadonlyMap<string, string> = new Map([
  ["**", "^"],
  ["×", "*"],
  ["÷", "/"],
  ["−", "-"],
]);

/** By recursive descent, a method for each strength of binding. */
class Parser {
  readonly #tokens: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  all(): number {
    const value = this.#sum();
    if (this.#next !== undefined) throw new ExpressionError(`"${this.#next}" is not expected there.`);
    return value;
  }

  get #next(): string | undefined {
    return this.#tokens[this.#at];
  }

  #take(...wanted: readonly string[]): string | undefined {
    const { [this.#at]: found } = this.#tokens;
    if (found === undefined || !wanted.includes(found)) return undefined;
    this.#at += 1;
    return found;
  }

  #sum(): number {
    let value = this.#product();
    for (let sign = this.#take("+", "-"); sign !== undefined; sign = this.#take("+", "-")) {
      const right = this.#product();
      value = sign === "+" ? value + right : value - right;
    }
    return value;
  }

  #product(): number {
    let value = this.#signed();
    for (let sign = this.#take("*", "/", "%"); sign !== undefined; sign = this.#take("*", "/", "%")) {
      const right = this.#signed();
      if (sign === "*") value *= right;
      else if (right === 0) throw new ExpressionError("Nothing is divided by zero.");
      else value = sign === "/" ? value / right : value % right;
    }
    return value;
  }

  /** A sign binds less than a power: `-2^2` is -4. */
  #signed(): number {
    return this.#nested(() => {
      const sign = this.#take("+", "-");
      if (sign === undefined) return this.#power();
      const value = this.#signed();
      return sign === "-" ? -value : value;
    });
  }

  #power(): number {
    const base = this.#single();
    return this.#take("^") === undefined ? base : base ** this.#signed();
  }

  #single(): number {
    if (this.#take("(") !== undefined) return this.#closed();
    const found = this.#next;
    this.#at += 1;
    if (found === undefined) throw new ExpressionError("The expression is not complete.");
    if (/^[\d.]/.test(found)) return Number(found);
    const constant = constants.get(found);
    if (constant !== undefined) return constant;
    const apply = functions.get(found);
    if (apply === undefined) throw new ExpressionError(`"${found}" is not known.`);
    if (this.#take("(") === undefined) throw new ExpressionError(`${found} wants its value in parentheses.`);
    return apply(this.#closed());
  }

  #closed(): number {
    const value = this.#sum();
    if (this.#take(")") === undefined) throw new ExpressionError("A parenthesis is not closed.");
    return value;
  }

  #nested(parse: () => number): number {
    this.#depth += 1;
    if (this.#depth > deepest) throw new ExpressionError("The expression is nested too deep.");
    const value = parse();
    this.#depth -= 1;
    return value;
  }
}
