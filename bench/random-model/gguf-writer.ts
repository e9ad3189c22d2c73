import { closeSync, openSync, writeSync } from "node:fs";

/** Type of a metadata value, by GGUF's own numbers. */
const VALUE = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9 } as const;

export type MetadataValue =
  | { readonly u32: number }
  | { readonly f32: number }
  | { readonly bool: boolean }
  | { readonly string: string }
  | { readonly strings: readonly string[] }
  | { readonly i32s: readonly number[] };

/** ggml's block types: id in the file, elements and bytes of a block. */
export const BLOCK_TYPES = {
  F32: { id: 0, elements: 1, bytes: 4 },
  Q4_0: { id: 2, elements: 32, bytes: 18 },
  Q5_0: { id: 6, elements: 32, bytes: 22 },
  Q8_0: { id: 8, elements: 32, bytes: 34 },
  Q4_K: { id: 12, elements: 256, bytes: 144 },
  Q6_K: { id: 14, elements: 256, bytes: 210 },
  BF16: { id: 30, elements: 1, bytes: 2 },
} as const;
export type BlockType = keyof typeof BLOCK_TYPES;

export interface TensorToWrite {
  readonly name: string;
  readonly type: BlockType;
  /** Innermost first, as GGUF writes it: a projection is [in, out]. */
  readonly shape: readonly number[];
}

const ALIGNMENT = 32;
const padding = (length: number): number => (ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT;

export function tensorBytes({ type, shape }: TensorToWrite): number {
  const { elements, bytes } = BLOCK_TYPES[type];
  return (shape.reduce((product, size) => product * size, 1) / elements) * bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function string(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}

function metadataValue(value: MetadataValue): Buffer {
  if ("u32" in value) return Buffer.concat([u32(VALUE.u32), u32(value.u32)]);
  if ("f32" in value) {
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(value.f32);
    return Buffer.concat([u32(VALUE.f32), bytes]);
  }
  if ("bool" in value) return Buffer.concat([u32(VALUE.bool), Buffer.from([Number(value.bool)])]);
  if ("string" in value) return Buffer.concat([u32(VALUE.string), string(value.string)]);
  if ("strings" in value)
    return Buffer.concat([
      u32(VALUE.array),
      u32(VALUE.string),
      u64(value.strings.length),
      ...value.strings.map(string),
    ]);
  const items = Buffer.alloc(4 * value.i32s.length);
  value.i32s.forEach((item, index) => items.writeInt32LE(item, 4 * index));
  return Buffer.concat([u32(VALUE.array), u32(VALUE.i32), u64(value.i32s.length), items]);
}

/** Writes a GGUF v3 file; `fill` gives each tensor's bytes, piece by piece, so that no whole tensor is held. */
export function writeGguf(
  path: string,
  metadata: ReadonlyMap<string, MetadataValue>,
  tensors: readonly TensorToWrite[],
  fill: (tensor: TensorToWrite) => Iterable<Uint8Array>,
): void {
  const header: Buffer[] = [Buffer.from("GGUF"), u32(3), u64(tensors.length), u64(metadata.size)];
  for (const [key, value] of metadata) header.push(string(key), metadataValue(value));
  let offset = 0;
  for (const tensor of tensors) {
    header.push(
      string(tensor.name),
      u32(tensor.shape.length),
      ...tensor.shape.map(u64),
      u32(BLOCK_TYPES[tensor.type].id),
      u64(offset),
    );
    const length = tensorBytes(tensor);
    offset += length + padding(length);
  }
  const head = Buffer.concat(header);
  const file = openSync(path, "w");
  try {
    writeSync(file, head);
    writeSync(file, Buffer.alloc(padding(head.length)));
    for (const tensor of tensors) {
      let written = 0;
      for (const piece of fill(tensor)) written += writeSync(file, piece);
      if (written !== tensorBytes(tensor))
        throw new Error(`${tensor.name}: ${written} bytes written, ${tensorBytes(tensor)} expected`);
      writeSync(file, Buffer.alloc(padding(written)));
    }
  } finally {
    closeSync(file);
  }
}
