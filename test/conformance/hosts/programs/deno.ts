// A program for Deno: a call on each line of its input, an answer on each of its output.

import { demoModel } from "@wick/demo-model";
import { readFile } from "node:fs/promises";
import { stdin, stdout } from "node:process";
import { createInterface } from "node:readline";
import { Model } from "wick";
import { describeMemory } from "../../memory.ts";
import type { Call } from "../host.ts";
import { answer, describeHost } from "./suite.ts";

const subject = { name: "Deno", Model, bytes: async () => new Uint8Array(await readFile(demoModel())) };
describeHost(subject);
describeMemory(subject);

for await (const line of createInterface({ input: stdin })) {
  const call: Call = JSON.parse(line);
  stdout.write(`${JSON.stringify(await answer(call, subject))}\n`);
}
