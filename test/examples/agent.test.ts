import { afterEach, expect, test } from "vitest";
import { Example } from "./example.ts";

let example: Example | undefined;
afterEach(() => example?.stop());

test("the agent calls a tool and answers with what it gave", async () => {
  example = new Example("agent", "What is the weather in Paris?");
  expect(await example.exitCode()).toBe(0);
  expect(example.output).toContain(
    '[get_weather {"city":"Paris"} gave {"city":"Paris","temperature":21,"sky":"clear"}]',
  );
  expect(example.output).toMatch(/The weather in Paris is \w+ with a temperature of 21 degrees\./);
});

test("what asks first is denied where nobody is at the terminal", async () => {
  example = new Example("agent", "Read the file notes.txt");
  expect(await example.exitCode()).toBe(0);
  expect(example.output).toContain('[read_file {"path":"notes.txt"} was denied: The user said no.]');
  expect(example.output).not.toContain("Buy milk");
});
