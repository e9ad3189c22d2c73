import { afterEach, expect, test } from "vitest";
import { Example } from "./example.ts";

let example: Example | undefined;
afterEach(() => example?.stop());

test("extracts a value of a schema, and shows it as it grows", async () => {
  example = new Example("extract", "Mia the fox lives in Rome.");
  expect(await example.exitCode()).toBe(0);
  const lines = example.output.split("\n").filter((line) => line.startsWith("{"));
  expect(lines.length).toBeGreaterThan(3);
  const grown = lines.map((line) => Object.keys(JSON.parse(line) as object).length);
  expect(grown).toEqual(grown.toSorted());
  expect(grown.at(-1)).toBe(4);
  expect(example.output).toMatch(/(question|statement|request) about ".*", in/);
});
