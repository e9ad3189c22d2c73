import { expect, test, vi } from "vitest";
import { Opening } from "../src/source/opening.js";
import { readAhead } from "../src/source/read-ahead.js";

const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
const megabyte = 1024 * 1024;

/** A source of 20 MiB that counts what was taken of it. */
function counted(failsAt = Number.POSITIVE_INFINITY) {
  const source = { taken: 0, isLeft: false };
  async function* chunks(): AsyncGenerator<Uint8Array, void> {
    try {
      while (source.taken < 20) {
        if (source.taken === failsAt) throw new Error("cut");
        source.taken += 1;
        yield new Uint8Array(megabyte).fill(source.taken);
      }
    } finally {
      source.isLeft = true;
    }
  }
  return { source, chunks: chunks() };
}

test("the beginning is read before anyone asks, and no more of it", async () => {
  const { source, chunks: read } = counted();
  const chunks = readAhead(read);
  await turn();
  expect(source.taken).toBe(8);
  const firsts: (number | undefined)[] = [];
  for await (const chunk of chunks) {
    firsts.push(chunk[0]);
    expect(source.taken).toBeLessThanOrEqual(Math.max(8, firsts.length));
  }
  expect(firsts).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
});

test("who asks at once gets all, in order", async () => {
  let next = 1;
  for await (const [first] of readAhead(counted().chunks)) expect(first).toBe(next++);
  expect(next).toBe(21);
});

test("who leaves leaves the source", async () => {
  const { source, chunks } = counted();
  for await (const [first] of readAhead(chunks)) if (first === 3) break;
  expect(source.isLeft).toBe(true);
});

test("what fails before anyone asks is told to who does, and ends no process", async () => {
  const unhandled = vi.fn<() => void>();
  process.on("unhandledRejection", unhandled);
  const chunks = readAhead(counted(2).chunks);
  await turn();
  await expect(chunks.next()).rejects.toThrow("cut");
  readAhead(counted(2).chunks);
  await turn();
  process.off("unhandledRejection", unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});

test("files are opened at once, and given up when their load ends, by itself or by its signal", async () => {
  const signals: AbortSignal[] = [];
  const file = {
    name: "model",
    open: async ({ signal }: { signal?: AbortSignal | undefined }) => {
      if (signal !== undefined) signals.push(signal);
      return { size: undefined, chunks: [] };
    },
  };
  const load = new AbortController();
  const opening = new Opening([file, file], { signal: load.signal });
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
  load.abort("enough");
  expect(signals.map(({ reason }) => reason as unknown)).toEqual(["enough", "enough"]);
  opening.end();
  const other = new Opening([file], {});
  other.end();
  expect(signals.at(-1)?.aborted).toBe(true);
});
