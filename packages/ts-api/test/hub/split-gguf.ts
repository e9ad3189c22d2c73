/** Bytes of each type of scalar by its id, https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. */
const widths = [1, 1, 2, 2, 4, 4, 4, 1, undefined, undefined, 8, 8, 8];
const alignment = 32;

/**
 * A GGUF file in `count` parts by their names, as `llama-gguf-split --no-tensor-first-split` makes them: the first has the
 * metadata and no tensor.
 */
export function splitGguf(file: Uint8Array, stem: string, count: number): Record<string, Uint8Array<ArrayBuffer>> {
  const { metadata, entries, tensors, data } = headerOf(file);
  const perPart = Math.ceil(tensors.length / (count - 1));
  const parts = Array.from({ length: count }, (_, number) => {
    const own = number === 0 ? [] : tensors.slice((number - 1) * perPart, number * perPart);
    const split = [
      ["split.no", 2, u16(number)],
      ["split.count", 2, u16(count)],
      ["split.tensors.count", 5, u32(tensors.length)],
    ] as const;
    const values = split.map(([key, type, bytes]) => Buffer.concat([string(key), u32(type), bytes]));
    let offset = 0;
    const infos = own.map(({ info, length }) => {
      const placed = Buffer.concat([info, u64(offset)]);
      offset += aligned(length);
      return placed;
    });
    const kept = number === 0 ? [metadata] : [];
    const header = Buffer.concat([
      file.subarray(0, 8),
      u64(own.length),
      u64(split.length + (number === 0 ? entries : 0)),
      ...kept,
      ...values,
      ...infos,
    ]);
    const bytes = [header, ...own.map(({ start, length }) => file.subarray(data + start, data + start + length))];
    const padded = bytes.map((piece) => Buffer.concat([piece], aligned(piece.length)));
    const name = `${stem}-${String(number + 1).padStart(5, "0")}-of-${String(count).padStart(5, "0")}.gguf`;
    return [name, new Uint8Array(Buffer.concat(padded))] as const;
  });
  return Object.fromEntries(parts);
}

function headerOf(file: Uint8Array) {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let at = 8;
  const number = (bytes: 4 | 8) => {
    const value = bytes === 4 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true));
    at += bytes;
    return value;
  };
  const skip = (bytes: number) => void (at += bytes);
  const skipString = () => skip(number(8));
  const skipValue = (type: number) => {
    if (type === 8) return skipString();
    if (type !== 9) return skip(widths[type] ?? 0);
    const element = number(4);
    for (let left = number(8); left > 0; left -= 1) skipValue(element);
  };
  const tensorCount = number(8);
  const entries = number(8);
  const metadataAt = at;
  for (let left = entries; left > 0; left -= 1) {
    skipString();
    skipValue(number(4));
  }
  const metadata = file.subarray(metadataAt, at);
  const placed = Array.from({ length: tensorCount }, () => {
    const begin = at;
    skipString();
    skip(8 * number(4) + 4);
    const info = file.subarray(begin, at);
    return { info, start: number(8) };
  });
  const data = aligned(at);
  // Tensors lie in the order of their descriptions.
  const tensors = placed.map(({ info, start }, index) => ({
    info,
    start,
    length: (placed[index + 1]?.start ?? file.length - data) - start,
  }));
  return { metadata, entries, tensors, data };
}

function aligned(length: number): number {
  return Math.ceil(length / alignment) * alignment;
}

function string(text: string): Buffer {
  return Buffer.concat([u64(text.length), Buffer.from(text)]);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
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
