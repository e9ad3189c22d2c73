// `npm run test:laws -- [--runs N] [--first SEED]`: the state machine of the stream laws over that many seeds.
// `npm run test:laws -- --mutations [--only TEXT]`: breaks the engine in each of the ways of mutations.json, or those whose
// names have the text, and expects the laws to notice.

import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { rust } from "./setup.mjs";
import { StepError, main, step } from "./step.mjs";
import { root } from "./toolchain.mjs";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "2000" },
    first: { type: "string", default: "0" },
    mutations: { type: "boolean", default: false },
    only: { type: "string", default: "" },
  },
});

const cargo = ["test", "--release", "--package", "wick-core", "--test", "laws", "--", "--nocapture"];
const seeds = { WICK_LAWS_RUNS: values.runs, WICK_LAWS_FIRST: values.first };

/** A copy of the engine's sources that can be broken; what it builds is kept between mutations. */
function copyOfSources() {
  const copy = join(root, "target", "mutants");
  for (const part of ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "crates", "bench"]) {
    const target = join(copy, part);
    if (existsSync(target)) rmSync(target, { recursive: true });
    mkdirSync(copy, { recursive: true });
    // With its times, or all would be built anew.
    cpSync(join(root, part), target, { recursive: true, preserveTimestamps: true });
  }
  return copy;
}

async function noticed(copy, { name, file, from, to }) {
  const path = join(copy, file);
  const source = readFileSync(path, "utf8");
  if (source.split(from).length !== 2) throw new StepError(`${file} has "${from}" not once: write the mutation anew.`);
  writeFileSync(
    path,
    source.replace(from, () => to),
  );
  try {
    const env = { ...seeds, CARGO_TARGET_DIR: join(copy, "target") };
    const { output, failed } = await step(name, "cargo", cargo, { cwd: copy, env, allowFailure: true });
    const seed = /replay with WICK_LAWS_SEED=(?<seed>\d+)/.exec(output)?.groups.seed;
    if (failed && seed === undefined) throw new StepError(`${output}\n${name}: it does not compile.`);
    return failed ? `noticed by seed ${seed}` : "NOT NOTICED";
  } finally {
    writeFileSync(path, source);
  }
}

await main(async () => {
  await rust();
  if (values.mutations) {
    const mutations = JSON.parse(readFileSync(join(root, "crates/core/tests/laws/mutations.json"), "utf8"));
    const copy = copyOfSources();
    const verdicts = [];
    for (const mutation of mutations.filter(({ name }) => name.includes(values.only)))
      verdicts.push(`${await noticed(copy, mutation)}: ${mutation.name}`);
    console.log(verdicts.join("\n"));
    const missed = verdicts.filter((verdict) => verdict.startsWith("NOT")).length;
    if (missed > 0) throw new StepError(`${missed} of ${mutations.length} mutations went through.`);
    return;
  }
  const { output } = await step(`${values.runs} runs of the stream laws`, "cargo", cargo, {
    cwd: root,
    env: seeds,
    advice: "Replay the seed it names: `WICK_LAWS_SEED=… cargo test -p wick-core --test laws`.",
  });
  console.log(/streams by end: .*/.exec(output)?.[0]);
});
