// What is published, as `npm run build` left it.

import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import ts from "typescript";

const dist = join(import.meta.dirname, "../dist");

/** What a file imports, by the compiler's own reading: comments have examples. */
async function importsOf(extension: ".js" | ".d.ts"): Promise<Set<string>> {
  const files = (await readdir(dist, { recursive: true })).filter((name) => name.endsWith(extension));
  expect(files.length).toBeGreaterThan(10);
  const texts = await Promise.all(files.map((name) => readFile(join(dist, name), "utf8")));
  return new Set(
    texts.flatMap((text) => ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName)),
  );
}

const others = (imports: ReadonlySet<string>) => [...imports].filter((name) => !name.startsWith(".")).toSorted();

test("it imports nothing at run time", async () => {
  expect(others(await importsOf(".js"))).toEqual([]);
});

test("its types are of Wick and of the SDK's provider package alone", async () => {
  expect(others(await importsOf(".d.ts"))).toEqual(["@ai-sdk/provider", "wick"]);
});

test("its entries are there, and have what they say", async () => {
  const main = await import("@wick/ai-sdk");
  expect(Object.keys(main).toSorted()).toEqual(["createWick", "wick", "wickCompletion", "wickEmbedding"]);
  const order = await import("@wick/ai-sdk/stream-order");
  expect(Object.keys(order).toSorted()).toEqual(["StreamOrderError", "checkStreamOrder"]);
});
