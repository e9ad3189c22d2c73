import type { Embedding, EmbeddingList } from "../generated/protocol.js";
import { protocolError } from "../stream/protocol-error.js";
import { type JsonRecord, isRecord } from "./wire/json.js";
import { usageOf } from "./wire/usage.js";

/**
 * The vectors of a host's answer, in the order of the texts.
 *
 * @param answer - As JSON and as it came.
 * @param inputs - How many texts there were.
 * @param isNormalized - Whether vectors get length 1.
 * @throws {@link WickError} `stream_protocol`.
 */
export function embeddingsOf(
  { value, text }: { value: JsonRecord; text: string },
  { model, inputs, isNormalized }: { model: string; inputs: number; isNormalized: boolean },
): EmbeddingList {
  const rows = Array.isArray(value["data"]) ? value["data"] : undefined;
  if (rows?.length !== inputs) {
    throw protocolError(`The host did not answer with ${inputs} embeddings`, text);
  }
  const data = rows.map((row, place) => embeddingOf(row, place, isNormalized, text));
  data.sort((one, other) => one.index - other.index);
  const usage = usageOf(value["usage"]);
  const name = typeof value["model"] === "string" && value["model"] !== "" ? value["model"] : model;
  return { object: "list", model: name, data, ...(usage !== undefined && { usage }) };
}

function embeddingOf(row: unknown, place: number, isNormalized: boolean, text: string): Embedding {
  const numbers: unknown = isRecord(row) ? row["embedding"] : undefined;
  if (!isRecord(row) || !Array.isArray(numbers) || !numbers.every((number) => typeof number === "number")) {
    throw protocolError("The host's embeddings are no lists of numbers", text);
  }
  const length = isNormalized ? Math.hypot(...numbers) : 1;
  const index = typeof row["index"] === "number" ? row["index"] : place;
  return { index, embedding: length === 0 || length === 1 ? numbers : numbers.map((number) => number / length) };
}
