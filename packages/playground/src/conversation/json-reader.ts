/** A value that is not as a file of ours has it. */
export class FormatError extends Error {
  override readonly name = "FormatError";
}

/** Reads a value of JSON whose form is not known, and says where it is not as expected. */
export class JsonReader {
  readonly #value: unknown;
  readonly #where: string;

  constructor(value: unknown, where = "") {
    this.#value = value;
    this.#where = where;
  }

  get isMissing(): boolean {
    return this.#value === undefined;
  }

  get isNull(): boolean {
    return this.#value === null;
  }

  /** Any JSON, where what reads it later checks it. */
  get value(): unknown {
    return this.#value;
  }

  /** @throws FormatError where this is no object. */
  field(name: string): JsonReader {
    const value = this.#value;
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw this.error("must be an object");
    const inner = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
    return new JsonReader(inner, this.#where === "" ? name : `${this.#where}.${name}`);
  }

  /** @throws FormatError where this is no list, or longer than `most`. */
  items(most: number): JsonReader[] {
    if (!Array.isArray(this.#value)) throw this.error("must be a list");
    if (this.#value.length > most) throw this.error(`must have at most ${most} entries`);
    return this.#value.map((item, index) => new JsonReader(item, `${this.#where}[${index}]`));
  }

  /** @throws FormatError where this is no string. */
  string(): string {
    if (typeof this.#value !== "string") throw this.error("must be text");
    return this.#value;
  }

  /** @throws FormatError where this is no finite number. */
  number(): number {
    if (typeof this.#value !== "number" || !Number.isFinite(this.#value)) throw this.error("must be a number");
    return this.#value;
  }

  /** @throws FormatError where this is neither true nor false. */
  boolean(): boolean {
    if (typeof this.#value !== "boolean") throw this.error("must be true or false");
    return this.#value;
  }

  /** @throws FormatError where this is none of them. */
  oneOf<const T extends string>(values: readonly T[]): T {
    const found = values.find((value) => value === this.#value);
    if (found === undefined) throw this.error(`must be one of ${values.join(", ")}`);
    return found;
  }

  error(what: string): FormatError {
    return new FormatError(`${this.#where === "" ? "The file" : this.#where} ${what}.`);
  }
}
