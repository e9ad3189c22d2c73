import type { EmbeddingList, Usage } from "../generated/protocol.js";

/** What the engine says beside the vectors of a call for embeddings. */
export interface EmbeddingsValue {
  readonly model: string;
  readonly dimensions: number;
  readonly usage: Usage;
}

/** @param vectors - `(inputs, dimensions)`, row-major. */
export function embeddingList({ model, dimensions, usage }: EmbeddingsValue, vectors: Float32Array): EmbeddingList {
  const data = Array.from({ length: vectors.length / dimensions }, (_, index) => ({
    index,
    embedding: Array.from(vectors.subarray(index * dimensions, (index + 1) * dimensions)),
  }));
  return { object: "list", model, data, usage };
}
