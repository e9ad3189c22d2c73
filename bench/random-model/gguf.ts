import { ones, randomBlocks, randomGenerator, type Fill } from "./random-blocks.ts";
import {
  BLOCK_TYPES,
  tensorBytes,
  writeGguf,
  type BlockType,
  type MetadataValue,
  type TensorToWrite,
} from "./gguf-writer.ts";
import { mergeTable } from "./merge-table.ts";
import type { ModelShape } from "./shape.ts";

/** llama.cpp's numbers for `general.file_type` of those the benchmarks compare; Q4_K is its Q4_K_M. */
const FILE_TYPE_IDS = { Q4_0: 2, Q8_0: 7, Q4_K: 15, Q6_K: 18, BF16: 32, F32: 0 } as const;
export type FileType = keyof typeof FILE_TYPE_IDS;
export const isFileType = (name: string): name is FileType => Object.hasOwn(FILE_TYPE_IDS, name);

/** Which layers llama.cpp gives more bits in its `_M` mixes (`use_more_bits` in llama-quant.cpp). */
const wantsMoreBits = (layer: number, layers: number): boolean =>
  layer < layers / 8 || layer >= (7 * layers) / 8 || (layer - Math.floor(layers / 8)) % 3 === 2;

/** What llama.cpp takes for rows that are no whole number of a k-quant's blocks (`tensor_type_fallback` in llama-quant.cpp). */
function fitting(type: BlockType, row: number): BlockType {
  if (row % BLOCK_TYPES[type].elements === 0) return type;
  return type === "Q4_K" ? "Q5_0" : "Q8_0";
}

/**
 * A tied embedding is the output head, which llama.cpp keeps in Q6_K, unless the weights have more bits. Where its rows do
 * not fit Q6_K, a Q4_0 file is taken to be of one type throughout (`--pure`).
 */
function embeddingType(shape: ModelShape, type: FileType): BlockType {
  if (type === "Q8_0" || type === "BF16" || type === "F32") return type;
  return type === "Q4_0" && fitting("Q6_K", shape.hidden) !== "Q6_K" ? type : fitting("Q6_K", shape.hidden);
}

function tensors(shape: ModelShape, type: FileType): TensorToWrite[] {
  const { architecture, hidden, layers, heads, kvHeads, headDim, intermediate, vocabulary } = shape;
  const list: TensorToWrite[] = [
    { name: "token_embd.weight", type: embeddingType(shape, type), shape: [hidden, vocabulary] },
    { name: "output_norm.weight", type: "F32", shape: [hidden] },
  ];
  for (let layer = 0; layer < layers; layer++) {
    const sensitive: BlockType = type === "Q4_K" && wantsMoreBits(layer, layers) ? "Q6_K" : type;
    const add = (name: string, tensorType: BlockType, row: number, ...rows: number[]) =>
      list.push({ name: `blk.${layer}.${name}.weight`, type: fitting(tensorType, row), shape: [row, ...rows] });
    add("attn_norm", "F32", hidden);
    add("attn_q", type, hidden, heads * headDim);
    add("attn_k", type, hidden, kvHeads * headDim);
    add("attn_v", sensitive, hidden, kvHeads * headDim);
    if (architecture === "qwen3") {
      add("attn_q_norm", "F32", headDim);
      add("attn_k_norm", "F32", headDim);
    }
    add("attn_output", type, heads * headDim, hidden);
    add("ffn_norm", "F32", hidden);
    add("ffn_gate", type, hidden, intermediate);
    add("ffn_up", type, hidden, intermediate);
    add("ffn_down", sensitive, intermediate, hidden);
  }
  return list;
}

/** Bytes of the weights: what a token reads at least. */
export const weightBytes = (shape: ModelShape, type: FileType): number =>
  tensors(shape, type).reduce((sum, tensor) => sum + tensorBytes(tensor), 0);

const CONTROL_TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];

const CHAT_TEMPLATE =
  "{%- for message in messages -%}{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' -}}{%- endfor -%}" +
  "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}";

function preTokenizer({ architecture, name }: ModelShape): string {
  if (architecture === "qwen3") return "qwen2";
  return name.startsWith("SmolLM") ? "smollm" : "llama-bpe";
}

function metadata(shape: ModelShape, type: FileType): Map<string, MetadataValue> {
  const { tokens, merges } = mergeTable(shape.vocabulary - CONTROL_TOKENS.length);
  const firstControl = tokens.length;
  const { name, architecture } = shape;
  return new Map<string, MetadataValue>([
    ["general.architecture", { string: architecture }],
    ["general.name", { string: `random ${name} ${type}` }],
    ["general.file_type", { u32: FILE_TYPE_IDS[type] }],
    [`${architecture}.context_length`, { u32: shape.contextLength }],
    [`${architecture}.embedding_length`, { u32: shape.hidden }],
    [`${architecture}.block_count`, { u32: shape.layers }],
    [`${architecture}.feed_forward_length`, { u32: shape.intermediate }],
    [`${architecture}.attention.head_count`, { u32: shape.heads }],
    [`${architecture}.attention.head_count_kv`, { u32: shape.kvHeads }],
    [`${architecture}.attention.key_length`, { u32: shape.headDim }],
    [`${architecture}.attention.value_length`, { u32: shape.headDim }],
    [`${architecture}.attention.layer_norm_rms_epsilon`, { f32: architecture === "qwen3" ? 1e-6 : 1e-5 }],
    [`${architecture}.rope.freq_base`, { f32: shape.ropeTheta }],
    ["tokenizer.ggml.model", { string: "gpt2" }],
    ["tokenizer.ggml.pre", { string: preTokenizer(shape) }],
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
  const fills = new Map<BlockType, Fill>();
  writeGguf(path, metadata(shape, type), tensors(shape, type), (tensor) => {
    if (tensor.shape.length === 1) return ones("F32", tensorBytes(tensor));
    let fill = fills.get(tensor.type);
    if (fill === undefined) fills.set(tensor.type, (fill = randomBlocks(tensor.type, next)));
    return fill(tensorBytes(tensor));
  });
}
