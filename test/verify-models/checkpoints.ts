/** A model of the hub, and what says that our engine is right about it. */
export interface Checkpoint {
  /** As `Model.load` takes it. */
  source: string;
  /** `transformers` reads checkpoints, `llama.cpp` GGUF files; `stored` is a file that an earlier run of transformers wrote. */
  reference: "transformers" | "llama.cpp" | { stored: string };
  /** About so many bytes are fetched. */
  megabytes: number;
}

/** Real checkpoints of every family that the engine reads, that no one has to agree to, the smallest of each. */
export const checkpoints: readonly Checkpoint[] = [
  { source: "HuggingFaceTB/SmolLM2-135M-Instruct", reference: "transformers", megabytes: 270 },
  { source: "HuggingFaceTB/SmolLM3-3B", reference: "transformers", megabytes: 6200 },
  { source: "Qwen/Qwen2.5-0.5B-Instruct", reference: "transformers", megabytes: 990 },
  { source: "Qwen/Qwen3-0.6B", reference: "transformers", megabytes: 1500 },
  { source: "unsloth/Llama-3.2-1B-Instruct", reference: "transformers", megabytes: 2500 },
  { source: "TinyLlama/TinyLlama-1.1B-Chat-v1.0", reference: "transformers", megabytes: 2200 },
  { source: "unsloth/mistral-7b-instruct-v0.3", reference: "transformers", megabytes: 14_500 },
  { source: "Qwen/Qwen3-0.6B-GGUF:Q8_0", reference: "llama.cpp", megabytes: 640 },
  { source: "bartowski/SmolLM2-135M-Instruct-GGUF:Q4_K_M", reference: "llama.cpp", megabytes: 105 },
  { source: "bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M", reference: "llama.cpp", megabytes: 810 },
  { source: "bartowski/Qwen2.5-0.5B-Instruct-GGUF:Q5_K_M", reference: "llama.cpp", megabytes: 420 },
];
