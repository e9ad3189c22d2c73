import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";

import { BLOCK_TYPES } from "./gguf-writer.ts";
import { mergeTable } from "./merge-table.ts";
import { ones, randomBlocks, randomGenerator } from "./random-blocks.ts";
import type { ModelShape } from "./shape.ts";

const CONTROL_TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];
/** Qwen2's pre-tokenizer, as in its published tokenizer.json. */
const PRE_TOKENIZER =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

function tensors(shape: ModelShape): [name: string, shape: number[]][] {
  const { hidden, layers, heads, kvHeads, headDim, intermediate, vocabulary } = shape;
  const list: [string, number[]][] = [
    ["model.embed_tokens.weight", [vocabulary, hidden]],
    ["model.norm.weight", [hidden]],
  ];
  for (let layer = 0; layer < layers; layer++) {
    const add = (name: string, ...size: number[]) => list.push([`model.layers.${layer}.${name}.weight`, size]);
    add("input_layernorm", hidden);
    add("self_attn.q_proj", heads * headDim, hidden);
    add("self_attn.k_proj", kvHeads * headDim, hidden);
    add("self_attn.v_proj", kvHeads * headDim, hidden);
    add("self_attn.q_norm", headDim);
    add("self_attn.k_norm", headDim);
    add("self_attn.o_proj", hidden, heads * headDim);
    add("post_attention_layernorm", hidden);
    add("mlp.gate_proj", intermediate, hidden);
    add("mlp.up_proj", intermediate, hidden);
    add("mlp.down_proj", hidden, intermediate);
  }
  return list;
}

function config(shape: ModelShape, type: FloatType): object {
  return {
    architectures: ["Qwen3ForCausalLM"],
    model_type: "qwen3",
    hidden_size: shape.hidden,
    intermediate_size: shape.intermediate,
    num_hidden_layers: shape.layers,
    num_attention_heads: shape.heads,
    num_key_value_heads: shape.kvHeads,
    head_dim: shape.headDim,
    vocab_size: shape.vocabulary,
    max_position_embeddings: shape.contextLength,
    rms_norm_eps: 1e-6,
    rope_theta: shape.ropeTheta,
    hidden_act: "silu",
    tie_word_embeddings: true,
    torch_dtype: type === "BF16" ? "bfloat16" : "float32",
    eos_token_id: shape.vocabulary - 1,
  };
}

function tokenizer(shape: ModelShape): object {
  const { tokens, merges } = mergeTable(shape.vocabulary - CONTROL_TOKENS.length);
  return {
    version: "1.0",
    added_tokens: CONTROL_TOKENS.map((content, index) => ({
      id: tokens.length + index,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: { type: "NFC" },
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Split", pattern: { Regex: PRE_TOKENIZER }, behavior: "Isolated", invert: false },
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false },
      ],
    },
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false },
    model: {
      type: "BPE",
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: merges.map((merge) => merge.split(" ")),
    },
  };
}

/** The types of a whole checkpoint. */
export type FloatType = "BF16" | "F32";

/** Writes a folder with config.json, tokenizer.json and weights of `shape`, as from Hugging Face. */
export function writeRandomSafetensors(folder: string, shape: ModelShape, type: FloatType = "BF16", seed = 7): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "config.json"), JSON.stringify(config(shape, type)));
  writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(tokenizer(shape)));
  const list = tensors(shape);
  const bytesOf = (size: readonly number[]) =>
    BLOCK_TYPES[type].bytes * size.reduce((product, length) => product * length, 1);
  const header: Record<string, object> = {};
  let end = 0;
  for (const [name, size] of list) {
    const start = end;
    end += bytesOf(size);
    header[name] = { dtype: type, shape: size, data_offsets: [start, end] };
  }
  const text = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([text, Buffer.alloc((8 - (text.length % 8)) % 8, " ")]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));

  const fill = randomBlocks(type, randomGenerator(seed));
  const file = openSync(join(folder, "model.safetensors"), "w");
  try {
    writeSync(file, Buffer.concat([length, padded]));
    for (const [, size] of list)
      for (const piece of size.length === 1 ? ones(type, bytesOf(size)) : fill(bytesOf(size))) writeSync(file, piece);
  } finally {
    closeSync(file);
  }
}
