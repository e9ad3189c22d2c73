import { BLOCK_TYPES, type BlockType } from "./gguf-writer.ts";

/** Mulberry32: the same file on every machine. */
export function randomGenerator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** Half-precision scales at fixed offsets of a block, small enough that 28 random layers stay finite. */
const SCALES: Record<BlockType, readonly (readonly [offset: number, half: number])[]> = {
  F32: [],
  Q4_0: [[0, 0x1c19]], // 0.004
  Q5_0: [[0, 0x1819]], // 0.002
  Q8_0: [[0, 0x0cea]], // 0.0003
  Q4_K: [
    [0, 0x068e],
    [2, 0x1019],
  ], // 0.0001, 0.0005
  Q6_K: [[208, 0x0347]], // 0.00005
  BF16: [],
};

/** A pool of random blocks long enough that no cache holds it; tensors are cut from it at changing places. */
const POOL_BLOCKS = 1 << 16;

/** Gives the bytes of a tensor, piece by piece. */
export type Fill = (length: number) => Iterable<Uint8Array>;

/** Norm weights. */
export function* ones(type: "BF16" | "F32", length: number): Iterable<Uint8Array> {
  const values = type === "F32" ? new Float32Array(length / 4).fill(1) : new Uint16Array(length / 2).fill(0x3f80);
  yield new Uint8Array(values.buffer);
}

/** Gives the bytes of random tensors of one type. */
export function randomBlocks(type: BlockType, next: () => number): Fill {
  if (type === "BF16" || type === "F32") return cutFrom(randomFloats(type, next), BLOCK_TYPES[type].bytes, next);
  const { bytes } = BLOCK_TYPES[type];
  const pool = Buffer.alloc(POOL_BLOCKS * bytes);
  for (let offset = 0; offset + 4 <= pool.length; offset += 4) pool.writeUInt32LE(next(), offset);
  for (let block = 0; block < POOL_BLOCKS; block++)
    for (const [offset, half] of SCALES[type]) pool.writeUInt16LE(half, block * bytes + offset);
  return cutFrom(pool, bytes, next);
}

/** Values between about -0.03 and 0.03 that bf16 holds exactly. */
function randomFloats(type: "BF16" | "F32", next: () => number): Uint8Array {
  const bf16 = new Uint16Array(1 << 22);
  for (let index = 0; index < bf16.length; index++) {
    const bits = next();
    // Sign from one bit, exponent 2^-6 to 2^-9, random mantissa.
    bf16[index] = ((bits & 1) << 15) | ((118 + ((bits >>> 1) & 3)) << 7) | ((bits >>> 3) & 127);
  }
  return new Uint8Array(type === "BF16" ? bf16.buffer : Uint32Array.from(bf16, (half) => half << 16).buffer);
}

/** Tensors as pieces of a pool, in blocks of so many bytes. */
function cutFrom(pool: Uint8Array, bytes: number, next: () => number): Fill {
  const blocks = pool.length / bytes;
  return function* (length) {
    let start = next() % blocks;
    for (let left = length / bytes; left > 0;) {
      const count = Math.min(left, blocks - start);
      yield pool.subarray(start * bytes, (start + count) * bytes);
      left -= count;
      start = 0;
    }
  };
}
