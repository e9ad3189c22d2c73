import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";

const root = new URL("../../", import.meta.url);
const read = (path: string) => readFile(new URL(path, root), "utf8");

test("the README shows the example as it is", async () => {
  const readme = await read("README.md");
  const shown = /<!-- examples\/stream\.ts -->\s*```ts\n([\s\S]*?)```/.exec(readme)?.[1];
  expect(shown).toBe(await read("examples/stream.ts"));
});

test("the example has 30 lines or fewer", async () => {
  expect((await read("examples/stream.ts")).trimEnd().split("\n").length).toBeLessThanOrEqual(30);
});
