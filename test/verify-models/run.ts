// `npm run verify:models [part of a name …]`: real checkpoints of the hub beside transformers and llama.cpp, as a table.

import type { LoadProgress } from "wick";
import { checkpoints } from "./checkpoints.ts";
import { type Verdict, verify } from "./verify.ts";

const wanted = process.argv.slice(2).map((word) => word.toLowerCase());
const chosen = checkpoints.filter(
  ({ source }) => wanted.length === 0 || wanted.some((word) => source.toLowerCase().includes(word)),
);
if (chosen.length === 0) {
  console.error(
    `No model is called so. There are:\n${checkpoints.map(({ source, megabytes }) => `  ${source}, ${megabytes} MB`).join("\n")}`,
  );
  process.exit(2);
}

function onProgress(progress: LoadProgress): void {
  if (progress.kind !== "download") return;
  const { file, loadedBytes, totalBytes = 0 } = progress;
  process.stderr.write(`\r${file}: ${((100 * loadedBytes) / totalBytes).toFixed()} %   `);
}

const verdicts: Verdict[] = [];
for (const checkpoint of chosen) {
  const verdict = await verify(checkpoint, {}, process.stderr.isTTY ? onProgress : undefined);
  console.log(`${verdict.result.padEnd(12)} ${verdict.source}: ${verdict.note}`);
  verdicts.push(verdict);
}
const of = (result: Verdict["result"]) => verdicts.filter((verdict) => verdict.result === result).length;
console.log(`${of("pass")} passed, ${of("fail")} failed, ${of("no reference")} without a reference`);
process.exitCode = of("fail") > 0 ? 1 : 0;
