import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";

const program = fileURLToPath(new URL("../../../examples/ai-sdk.ts", import.meta.url));

async function run(question: string): Promise<{ code: unknown; out: string; told: string }> {
  const child = spawn(process.execPath, [program, question], { stdio: ["ignore", "pipe", "pipe"] });
  const [[code], out, told] = await Promise.all([once(child, "exit"), text(child.stdout), text(child.stderr)]);
  return { code, out, told };
}

test("the example calls its tool, reads what it gave, and answers", async () => {
  const { code, out, told } = await run("What is the weather in Paris?");
  expect(told).toContain('[get_weather gave {"city":"Paris","celsius":21,"sky":"clear"}]');
  expect(out).toContain("21 degrees");
  expect(told).toMatch(/\d+ tokens in all steps/);
  expect(code).toBe(0);
});

test("it says what the model refuses, without a stack", async () => {
  const { code, told } = await run("word ".repeat(4000));
  expect(told).toContain("share a context of 2048");
  expect(told).not.toContain("    at ");
  expect(code).toBe(1);
});
