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
  readonly ropeTheta: number;
}

/** Qwen3-0.6B, from its published config.json. Embeddings are tied, here and below. */
export const qwen3_0_6b: ModelShape = {
  name: "Qwen3-0.6B",
  architecture: "qwen3",
  hidden: 1024,
  layers: 28,
  heads: 16,
  kvHeads: 8,
  headDim: 128,
  intermediate: 3072,
  vocabulary: 151_936,
  contextLength: 40_960,
  ropeTheta: 1e6,
};

/** Qwen3-4B, from its published config.json. */
export const qwen3_4b: ModelShape = {
  name: "Qwen3-4B",
  architecture: "qwen3",
  hidden: 2560,
  layers: 36,
  heads: 32,
  kvHeads: 8,
  headDim: 128,
  intermediate: 9728,
  vocabulary: 151_936,
  contextLength: 40_960,
  ropeTheta: 1e6,
};

/** Llama-3.2-1B, from its published config.json. */
export const llama3_2_1b: ModelShape = {
  name: "Llama-3.2-1B",
  architecture: "llama",
  hidden: 2048,
  layers: 16,
  heads: 32,
  kvHeads: 8,
  headDim: 64,
  intermediate: 8192,
  vocabulary: 128_256,
  contextLength: 131_072,
  ropeTheta: 5e5,
};

/** SmolLM2-135M, from its published config.json. */
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
  ropeTheta: 1e5,
};

/** Small, so that a long prompt is done in seconds. */
export const longContext: ModelShape = {
  name: "long-context",
  architecture: "qwen3",
  hidden: 256,
  layers: 4,
  heads: 4,
  kvHeads: 2,
  headDim: 64,
  intermediate: 768,
  vocabulary: 4096,
  contextLength: 32_768,
  ropeTheta: 1e6,
};
