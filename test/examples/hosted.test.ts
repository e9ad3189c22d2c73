import { afterEach, expect, test } from "vitest";
import { Example } from "./example.ts";

let example: Example | undefined;
afterEach(() => example?.stop());

test("the hosted example answers from this machine where there is no key, and says so", async () => {
  example = new Example("hosted", "What is the capital of Italy?");
  expect(await example.exitCode()).toBe(0);
  expect(example.output).toContain("a server on this machine answers");
  expect(example.output).toMatch(/The capital of Italy is Rome\.\s+wick: \d+ tokens/);
});

test("the hub's example loads from a stand-in where there is no network, and says so", async () => {
  example = new Example("hub", "wick/demo", "What is the capital of Italy?");
  expect(await example.exitCode()).toBe(0);
  expect(example.output).toMatch(/100 %, [\s\S]*qwen3[\s\S]*The capital of Italy is Rome\./);
});
