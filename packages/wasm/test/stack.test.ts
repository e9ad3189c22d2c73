// The stack of the module is small, since it is part of every instance: the deepest that files and requests may ask for fits.

import { expect, test } from "vitest";
import { Instance, demoBytes, everything } from "./instance.ts";

const chat = { kind: "chat", model: 1, request: { messages: [{ role: "user", content: "Hello" }], maxTokens: 1 } };
const nested = (depth: number, inner: string) => "{% if 1 %}".repeat(depth) + inner + "{% endif %}".repeat(depth);
const branches = (inner: string) => `{% if 0 %}${"{% elif 0 %}".repeat(98)}{% else %}${inner}{% endif %}`;

test.each([
  ["operators", nested(145, branches(`{{ ${"not ".repeat(495)}1 }}`))],
  ["signs", nested(145, branches(`{{ ${"-".repeat(495)}1 }}`))],
  ["brackets", nested(45, branches(`{{ ${"(".repeat(45)}1${")".repeat(45)} }}`))],
  ["lists", nested(45, branches(`{{ ${"[".repeat(45)}1${"]".repeat(45)} }}`))],
  ["macros", "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{% endif %}a{% endmacro %}{{ f(20) }}"],
])("a chat template as deep as one may be: %s", async (_, chatTemplate) => {
  const instance = await Instance.open(everything);
  expect(instance.load(demoBytes, { chatTemplate, contextLength: 128 })).toMatchObject({ kind: "loaded" });
  expect(instance.call(chat)).toMatchObject({ kind: "done" });
});

test("JSON as deep as it may be", async () => {
  const instance = await Instance.open(everything);
  instance.load(demoBytes, { contextLength: 512 });
  let parameters: object = {};
  for (let depth = 0; depth < 55; depth++) parameters = { a: parameters };
  const tools = [{ type: "function", function: { name: "f", parameters } }];
  const terminal = instance.call({ ...chat, request: { ...chat.request, tools } });
  expect(terminal).toMatchObject({ kind: "done" });
});
