// A program for Deno with remote models alone: a call on each line of its input, an answer on each of its output.

import { stdin, stdout } from "node:process";
import { createInterface } from "node:readline";
import { answerRemote, describeRemoteIn } from "./remote-suite.ts";

describeRemoteIn("Deno");

for await (const line of createInterface({ input: stdin })) {
  stdout.write(`${JSON.stringify(await answerRemote(JSON.parse(line)))}\n`);
}
