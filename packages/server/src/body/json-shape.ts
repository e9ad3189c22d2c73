/** What is wrong with the shape of a text of JSON, whatever its fields mean. */
export interface JsonFault {
  /** `depth`, `fields`, `duplicate`, `name` or `number`. */
  reason: string;
  message: string;
}

const number = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/**
 * Looks through a text of JSON, which `JSON.parse` takes, for what it lets pass: depth without end, two fields of one name, of
 * which it would take the last, names that are JavaScript's own, and numbers that no double holds.
 *
 * One pass over the characters, no recursion.
 */
export function faultOfJson(text: string, limits: { depth: number; fields: number }): JsonFault | undefined {
  /** Names of each object that is open; undefined for an array. */
  const open: (Set<string> | undefined)[] = [];
  let fields = 0;
  let isName = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      const end = endOfString(text, at);
      const names = open.at(-1);
      if (isName && names !== undefined) {
        const name = JSON.parse(text.slice(at, end + 1)) as string;
        fields += 1;
        if (fields > limits.fields) return fault("fields", `A body has at most ${limits.fields} fields.`);
        if (name === "__proto__") return fault("name", "A field cannot be called __proto__.");
        if (names.has(name)) return fault("duplicate", "A field is given twice in one object.");
        names.add(name);
      }
      isName = false;
      at = end;
    } else if (code === brace || code === bracket) {
      open.push(code === brace ? new Set() : undefined);
      if (open.length > limits.depth) return fault("depth", `A body is at most ${limits.depth} levels deep.`);
      isName = code === brace;
    } else if (code === closingBrace || code === closingBracket) {
      open.pop();
      isName = false;
    } else if (code === comma) {
      isName = open.at(-1) !== undefined;
    } else if (code === minus || (code >= zero && code <= nine)) {
      number.lastIndex = at;
      const [digits = ""] = number.exec(text) ?? [];
      if (digits.length > 20 || /[eE]/.test(digits)) {
        if (!Number.isFinite(Number(digits))) return fault("number", "A number is too large for a double.");
      }
      at += Math.max(digits.length, 1) - 1;
    }
  }
  return undefined;
}

const quote = 0x22;
const backslash = 0x5c;
const brace = 0x7b;
const closingBrace = 0x7d;
const bracket = 0x5b;
const closingBracket = 0x5d;
const comma = 0x2c;
const minus = 0x2d;
const zero = 0x30;
const nine = 0x39;

function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    if (end === -1) return text.length;
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === backslash) escapes += 1;
    if (escapes % 2 === 0) return end;
  }
}

function fault(reason: string, message: string): JsonFault {
  return { reason, message };
}
