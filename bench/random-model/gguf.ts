import { randomBlocks, randomGenerator } from "./random-blocks.ts";
import { tensorBytes, writeGguf, type BlockType, type MetadataValue, type TensorToWrite } from "./gguf-writer.ts";
import { mergeTable } from "./merge-table.ts";
import type { ModelShape } from "./shape.ts";

/** The file types llama.cpp's quantiser writes that the benchmarks compare. */
export type FileType = "Q4_0" | "Q8_0" | "Q4_K";

/** llama.cpp's numbers for `general.file_type`; Q4_K is its Q4_K_M. */
const FILE_TYPE_IDS: Record<FileType, number> = { Q4_0: 2, Q8_0: 7, Q4_K: 15 };

/** Which layers llama.cpp gives more bits in its `_M` mixes (`use_more_bits` in llama-quant.cpp). */
const wantsMoreBits = (layer: number, layers: number): boolean =>
  layer < layers / 8 || layer >= (7 * layers) / 8 || (layer - Math.floor(layers / 8)) % 3 === 2;

function tensors(shape: ModelShape, type: FileType): TensorToWrite[] {
  const { hidden, layers, heads, kvHeads, headDim, intermediate, vocabulary } = shape;
  // A tied embedding is the output head, which llama.cpp keeps in Q6_K unless everything is Q8_0.
  const list: TensorToWrite[] = [
    { name: "token_embd.weight", type: type === "Q8_0" ? "Q8_0" : "Q6_K", shape: [hidden, vocabulary] },
    { name: "output_norm.weight", type: "F32", shape: [hidden] },
  ];
  for (let layer = 0; layer < layers; layer++) {
    const sensitive: BlockType = type === "Q4_K" && wantsMoreBits(layer, layers) ? "Q6_K" : type;
    const add = (name: string, tensorType: BlockType, ...size: number[]) =>
      list.push({ name: `blk.${layer}.${name}.weight`, type: tensorType, shape: size });
    add("attn_norm", "F32", hidden);
    add("attn_q", type, hidden, heads * headDim);
    add("attn_k", type, hidden, kvHeads * headDim);
    add("attn_v", sensitive, hidden, kvHeads * headDim);
    add("attn_q_norm", "F32", headDim);
    add("attn_k_norm", "F32", headDim);
    add("attn_output", type, heads * headDim, hidden);
    add("ffn_norm", "F32", hidden);
    add("ffn_gate", type, hidden, intermediate);
    add("ffn_up", type, hidden, intermediate);
    add("ffn_down", sensitive, intermediate, hidden);
  }
  return list;
}

const CONTROL_TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];

const CHAT_TEMPLATE =
  "{%- for message in messages -%}{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' -}}{%- endfor -%}" +
  "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}";

function metadata(shape: ModelShape, type: FileType): Map<string, MetadataValue> {
  const { tokens, merges } = mergeTable(shape.vocabulary - CONTROL_TOKENS.length);
  const firstControl = tokens.length;
  return new Map<string, MetadataValue>([
    ["general.architecture", { string: "qwen3" }],
    ["general.name", { string: `random Qwen3 ${type}` }],
    ["general.file_type", { u32: FILE_TYPE_IDS[type] }],
    ["qwen3.context_length", { u32: shape.contextLength }],
    ["qwen3.embedding_length", { u32: shape.hidden }],
    ["qwen3.block_count", { u32: shape.layers }],
    ["qwen3.feed_forward_length", { u32: shape.intermediate }],
    ["qwen3.attention.head_count", { u32: shape.heads }],
    ["qwen3.attention.head_count_kv", { u32: shape.kvHeads }],
    ["qwen3.attention.key_length", { u32: shape.headDim }],
    ["qwen3.attention.value_length", { u32: shape.headDim }],
    ["qwen3.attention.layer_norm_rms_epsilon", { f32: 1e-6 }],
    ["qwen3.rope.freq_base", { f32: 1e6 }],
    ["tokenizer.ggml.model", { string: "gpt2" }],
    ["tokenizer.ggml.pre", { string: "qwen2" }],
    ["tokenizer.ggml.tokens", { strings: [...tokens, ...CONTROL_TOKENS] }],
    ["tokenizer.ggml.token_type", { i32s: [...tokens.map(() => 1), ...CONTROL_TOKENS.map(() => 3)] }],
    ["tokenizer.ggml.merges", { strings: merges }],
    ["tokenizer.ggml.bos_token_id", { u32: firstControl }],
    ["tokenizer.ggml.padding_token_id", { u32: firstControl }],
    ["tokenizer.ggml.eos_token_id", { u32: firstControl + 2 }],
    ["tokenizer.ggml.add_bos_token", { bool: false }],
    ["tokenizer.chat_template", { string: CHAT_TEMPLATE }],
  ]);
}

/** Writes a GGUF of `shape` with random weights in the mix of block types llama.cpp would choose. */
export function writeRandomGguf(path: string, shape: ModelShape, type: FileType, seed = 7): void {
  const next = randomGenerator(seed);
  const fills = new Map<BlockType, (length: number) => Iterable<Uint8Array>>();
  writeGguf(path, metadata(shape, type), tensors(shape, type), (tensor) => {
    let fill = fills.get(tensor.type);
    if (fill === undefined) fills.set(tensor.type, (fill = randomBlocks(tensor.type, next)));
    return fill(tensorBytes(tensor));
  });
}
