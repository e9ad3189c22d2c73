// A program for Deno: a call on each line of its input, an answer on each of its output.

import { demoModel } from "@wick/demo-model";
import { readFile } from "node:fs/promises";
import { stdin, stdout } from "node:process";
import { createInterface } from "node:readline";
import { Model } from "wick";
import { denoSetting } from "../../../../packages/ts-api/src/wasm/deno-setting.js";
import { describeFaults } from "../../faults.ts";
import { describeMemory } from "../../memory.ts";
import { describeModuleAddresses } from "../../module-addresses.ts";
import type { Call } from "../host.ts";
import { answer, describeHost, foreignModule } from "./suite.ts";

const subject = { name: "Deno", Model, bytes: async () => new Uint8Array(await readFile(demoModel())) };
describeHost(subject);
describeFaults({ ...subject, setting: denoSetting });
describeMemory(subject);
describeModuleAddresses(subject, {
  whole: [import.meta.resolve("@wick/wasm/simd128.wasm")],
  others: [
    ["data:text/html,<!doctype html>", 'which brought text/html that begins with "<!doctype html>'],
    ["data:application/wasm;base64,AGFzbQEAAAABfw==", "which brought application/wasm that does not compile"],
    [import.meta.resolve("@wick/wasm/relaxed-simd.wasm"), "which could not be fetched"],
    [foreignModule, "could not be made"],
  ],
});

for await (const line of createInterface({ input: stdin })) {
  const call: Call = JSON.parse(line);
  stdout.write(`${JSON.stringify(await answer(call, subject))}\n`);
}
