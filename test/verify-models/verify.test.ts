// What `npm run verify:models` does with the hub, with models of our own and references of transformers that are kept with them.

import { mkdtemp, readFile, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { standInHub } from "../../packages/ts-api/test/hub/stand-in-hub.ts";
import { checkpoints } from "./checkpoints.ts";
import { verify } from "./verify.ts";

const tiny = fileURLToPath(new URL("../fixtures/tiny-models", import.meta.url));
const names = (await readdir(tiny, { withFileTypes: true }))
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const repositories: Record<string, Record<string, Buffer>> = {};
for (const name of names) {
  const files = await readdir(join(tiny, name));
  // Those without a tokenizer are for the engine's own tests.
  if (!["golden.json", "tokenizer.json"].every((needed) => files.includes(needed))) continue;
  const read = files.map(async (file) => [file, await readFile(join(tiny, name, file))] as const);
  repositories[`tiny/${name}`] = Object.fromEntries(await Promise.all(read));
}

describe("verify:models", () => {
  test("there are models of several architectures", () => {
    expect(Object.keys(repositories).length).toBeGreaterThan(4);
  });

  test.each(Object.keys(repositories))("%s says what transformers says", async (source) => {
    await using hub = await standInHub(repositories);
    const golden = join(tiny, source.replace("tiny/", ""), "golden.json");
    const verdict = await verify({ source, reference: { stored: golden }, megabytes: 0 }, hub.options);
    expect(verdict).toMatchObject({ result: "pass", note: expect.stringMatching(/^\d+ tokens are the same$/) });
  });

  test("another answer fails, with where", async () => {
    await using hub = await standInHub(repositories);
    const golden = JSON.parse(await readFile(join(tiny, "qwen3", "golden.json"), "utf8"));
    const [first] = golden.cases;
    const at = first.margins.findIndex((margin: number) => margin > 0.6);
    first.greedy[at] += 1;
    const path = join(await mkdtemp(join(tmpdir(), "wick-verify-")), "golden.json");
    await writeFile(path, JSON.stringify(golden));
    const verdict = await verify({ source: "tiny/qwen3", reference: { stored: path }, megabytes: 0 }, hub.options);
    expect(verdict).toMatchObject({ result: "fail", note: expect.stringContaining(`${first.name}: token ${at}`) });
  });

  test("a model that is not there fails, with what to do", async () => {
    await using hub = await standInHub(repositories);
    const verdict = await verify({ source: "tiny/none", reference: "transformers", megabytes: 0 }, hub.options);
    expect(verdict).toMatchObject({ result: "fail", note: expect.stringMatching(/^not_found: /) });
  });

  test("the list is of names that the hub can have", () => {
    for (const { source, megabytes } of checkpoints) {
      expect(source).toMatch(/^[\w.-]+\/[\w.-]+(?::\w+)?$/);
      expect(megabytes).toBeGreaterThan(0);
    }
  });
});
