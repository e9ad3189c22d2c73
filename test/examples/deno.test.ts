import { afterEach, expect, test } from "vitest";
import { Example } from "./example.ts";

let example: Example | undefined;
afterEach(() => example?.stop());

test("a chat in the terminal, which remembers", async () => {
  example = new Example("deno");
  await example.says(/wick-demo\.Q8_0, wasm\. .*\n> /);
  example.write("What is the capital of France?\n");
  await example.says(/> The capital of France is Paris\.\n> /);
  example.write("My name is Ada.\n");
  await example.says(/Paris\.\n> .+\n> /s);
  example.write("\n");
  expect(await example.exitCode()).toBe(0);
});
