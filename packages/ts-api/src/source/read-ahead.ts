/** Bytes that wait for an engine that is being opened. */
const most = 8 * 1024 * 1024;

/**
 * Reads the beginning of a file before anyone asks for it, so that a network does not wait for a compiler; from then on only what
 * is asked for.
 */
export function readAhead(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const reader = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
  const waiting: Uint8Array[] = [];
  const asked = { isWanted: false };

  /** Whether there may be more. */
  async function begin(): Promise<boolean> {
    for (let bytes = 0; bytes < most && !asked.isWanted;) {
      const { done, value } = await reader.next();
      if (done === true) return false;
      waiting.push(value);
      bytes += value.byteLength;
    }
    return true;
  }

  async function* read(begun: Promise<boolean>): AsyncGenerator<Uint8Array, void> {
    asked.isWanted = true;
    let isOver = false;
    try {
      isOver = !(await begun);
      yield* waiting.splice(0);
      while (!isOver) {
        const { done, value } = await reader.next();
        isOver = done === true;
        if (value !== undefined) yield value;
      }
    } finally {
      if (!isOver) await reader.return?.();
    }
  }

  const begun = begin();
  // Told to who reads, if anyone does.
  begun.catch(() => {});
  return read(begun);
}
