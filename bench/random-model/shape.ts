/** Sizes of a real model; its random-weight twin costs the same time and memory. */
export interface ModelShape {
  readonly name: string;
  readonly architecture: "qwen3" | "llama";
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly intermediate: number;
  readonly vocabulary: number;
  readonly contextLength: number;
}

/** Qwen3-0.6B, from its published config.json. Embeddings are tied. */
export const qwen3_0_6b: ModelShape = {
  name: "Qwen3",
  architecture: "qwen3",
  hidden: 1024,
  layers: 28,
  heads: 16,
  kvHeads: 8,
  headDim: 128,
  intermediate: 3072,
  vocabulary: 151_936,
  contextLength: 40_960,
};

/** SmolLM2-135M, from its published config.json. Embeddings are tied. */
export const smolLm2_135m: ModelShape = {
  name: "SmolLM2-135M",
  architecture: "llama",
  hidden: 576,
  layers: 30,
  heads: 9,
  kvHeads: 3,
  headDim: 64,
  intermediate: 1536,
  vocabulary: 49_152,
  contextLength: 8192,
};

/** Small, so that a long prompt is done in seconds. */
export const longContext: ModelShape = {
  name: "Qwen3",
  architecture: "qwen3",
  hidden: 256,
  layers: 4,
  heads: 4,
  kvHeads: 2,
  headDim: 64,
  intermediate: 768,
  vocabulary: 4096,
  contextLength: 32_768,
};
