import { invalidRequest, unsupported } from "../error/refusal.js";
import type { EmbeddingsValue } from "../model/embedding-list.js";
import { WickError } from "../error/wick-error.js";

/**
 * The vector of each text: a table, or a function of the text and its index in the request. All of one length; they get length 1
 * as those of a real model do, unless the request says `normalize: false`.
 *
 * @example
 * ```ts
 * const embeddings: ScriptedEmbeddings = { red: [1, 0], blue: [0, 1] };
 * ```
 */
export type ScriptedEmbeddings =
  | ((input: string, index: number) => readonly number[])
  | Readonly<Record<string, readonly number[]>>;

/** Texts of a request, as the engine has it. */
const maxInputs = 2048;

/**
 * Answers a call for embeddings.
 *
 * @throws {@link WickError} as a real engine refuses; TypeError where the script is wrong, which is not for the program to see.
 */
export function scriptedEmbeddings(
  script: ScriptedEmbeddings | undefined,
  model: string,
  request: unknown,
): { value: EmbeddingsValue; vector: Float32Array } {
  if (script === undefined) {
    throw unsupported("", "This scripted model has no embeddings: give scriptedModel the option `embeddings`.");
  }
  const { inputs, dimensions: asked, normalize } = readRequest(request);
  const vectors = inputs.map((input, index) => vectorOf(script, input, index));
  const [first] = vectors;
  const dimensions = first?.length ?? 0;
  const odd = vectors.findIndex(({ length }) => length !== dimensions);
  if (odd > 0) throw new TypeError(`The scripted embeddings of inputs[0] and inputs[${odd}] differ in length.`);
  if (asked !== undefined && asked !== dimensions) {
    const message = `This model's vectors have ${dimensions} dimensions; leave \`dimensions\` out.`;
    const details = { max: dimensions, got: asked };
    throw new WickError({ code: "unsupported", message, where: "dimensions", retryable: false, details });
  }
  const promptTokens = inputs.reduce((sum, input) => sum + new TextEncoder().encode(input).length, 0);
  const usage = { promptTokens, completionTokens: 0, totalTokens: promptTokens };
  const vector = Float32Array.from(vectors.flatMap((values) => (normalize ? ofLengthOne(values) : values)));
  return { value: { model, dimensions, usage }, vector };
}

function readRequest(request: unknown): { inputs: readonly string[]; dimensions?: number; normalize: boolean } {
  if (typeof request !== "object" || request === null || Array.isArray(request)) {
    throw invalidRequest("", "The request must be an object.");
  }
  const { inputs, dimensions, normalize = true, ...others }: Record<string, unknown> = { ...request };
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    throw invalidRequest(unknown, `\`${unknown}\` is no field of a request; check its spelling.`);
  }
  if (typeof normalize !== "boolean") throw invalidRequest("normalize", "`normalize` must be true or false.");
  const texts = textsOf(inputs);
  if (dimensions === undefined) return { inputs: texts, normalize };
  if (typeof dimensions !== "number" || !Number.isInteger(dimensions) || dimensions < 1) {
    throw invalidRequest("dimensions", "`dimensions` must be a whole number from 1.");
  }
  return { inputs: texts, dimensions, normalize };
}

function textsOf(inputs: unknown): readonly string[] {
  const texts: unknown = typeof inputs === "string" ? [inputs] : inputs;
  if (!Array.isArray(texts)) throw invalidRequest("inputs", "`inputs` must be a string or an array of strings.");
  if (texts.length === 0 || texts.length > maxInputs) throw invalidRequest("inputs", `Give 1 to ${maxInputs} texts.`);
  return texts.map((text: unknown, index) => {
    const where = typeof inputs === "string" ? "inputs" : `inputs[${index}]`;
    if (typeof text !== "string") throw invalidRequest(where, `\`${where}\` must be a string.`);
    if (text === "") throw invalidRequest(where, "The text is empty, and the model has no token to begin with.");
    return text;
  });
}

function vectorOf(script: ScriptedEmbeddings, input: string, index: number): readonly number[] {
  const vector = typeof script === "function" ? script(input, index) : Object.hasOwn(script, input) && script[input];
  if (!Array.isArray(vector)) throw new TypeError(`The script has no embedding of ${JSON.stringify(input)}.`);
  if (vector.length === 0 || !vector.every(Number.isFinite)) {
    throw new TypeError(`The scripted embedding of ${JSON.stringify(input)} must be finite numbers, at least one.`);
  }
  return vector;
}

function ofLengthOne(values: readonly number[]): readonly number[] {
  const length = Math.hypot(...values);
  return length > 0 ? values.map((value) => value / length) : values;
}
