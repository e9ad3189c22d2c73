// `npm run test:json-schema`: grammars of the schemas of the official JSON Schema test suite, through which its instances are
// walked. None that is invalid may pass, no schema may take a second; what passes wrongly not, or is not supported, may only
// become less (test/json-schema/ratchet.json).

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { rust } from "./setup.mjs";
import { StepError, main, step } from "./step.mjs";
import { cache, hostBuild, root } from "./toolchain.mjs";

/** Python's jsonschema has the suite in its source, which the npm package of it only names a repository for. */
const version = "4.25.1";
const folders = ["draft2020-12", "draft2020-12/optional", "draft2020-12/optional/format"];
const ratchetFile = join(root, "test/json-schema/ratchet.json");
const longestMs = 1000;

async function suite() {
  const home = join(cache, `json-schema-suite-${version}`);
  if (existsSync(home)) return home;
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "json-schema-suite-"));
  try {
    const pip = ["-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", folder];
    await step("Downloading the JSON Schema test suite", "python3", [...pip, `jsonschema==${version}`], {
      advice: "It needs Python with pip, and a connection to its registry.",
    });
    const archive = join(folder, `jsonschema-${version}.tar.gz`);
    await step("Unpacking it", "tar", ["-xzf", archive, "-C", folder]);
    renameSync(join(folder, `jsonschema-${version}`, "json/tests"), home);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return home;
}

/** What became of the instances of a folder. */
async function walked(folder) {
  const tokenizer = join(root, "test/fixtures/demo-model/safetensors/tokenizer.json");
  const args = ["run", "--release", "--quiet", "-p", "wick-core", "--example", "json_schema_suite", "--"];
  const { output } = await step(
    `Walking through ${folder}`,
    "cargo",
    [...args, tokenizer, join(await suite(), folder)],
    {
      cwd: root,
      env: hostBuild(),
      quiet: true,
    },
  );
  return output
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
}

await main(async () => {
  await rust();
  const ratchet = JSON.parse(readFileSync(ratchetFile, "utf8"));
  const found = {};
  const faults = [];
  let passed = 0;
  for (const folder of folders) {
    const rows = await walked(folder);
    const files = readdirSync(join(await suite(), folder)).filter((name) => name.endsWith(".json"));
    if (new Set(rows.map(({ file }) => file)).size !== files.length)
      throw new StepError(`${folder} was not walked to its end.`);
    const counts = { instances: rows.length, right: 0, wrongRejects: 0, unsupported: 0 };
    for (const { file, case: about, test, valid, verdict, compileMs } of rows) {
      const where = `${folder}/${file}: ${about}: ${test}`;
      if (compileMs > longestMs) faults.push(`${where} took ${compileMs.toFixed(0)} ms`);
      if (typeof verdict === "string") counts.unsupported += 1;
      else if (verdict === valid) counts.right += 1;
      else if (valid) counts.wrongRejects += 1;
      else faults.push(`${where} is invalid, and passed`);
    }
    passed += counts.right;
    found[folder] = counts;
    const slowest = Math.max(...rows.map(({ compileMs }) => compileMs));
    console.log(`  ${folder}: ${JSON.stringify(counts)}, slowest schema ${slowest.toFixed(1)} ms`);
    const known = ratchet[folder];
    for (const kind of ["wrongRejects", "unsupported"]) {
      if (counts[kind] > known[kind]) faults.push(`${folder}: ${kind} are ${counts[kind]}, and were ${known[kind]}`);
    }
  }
  for (const fault of faults) console.log(`  ${fault}`);
  if (faults.length === 0) writeFileSync(ratchetFile, `${JSON.stringify(found, null, 2)}\n`);
  console.log(`${passed} passed, ${faults.length} failed`);
  if (faults.length > 0) process.exitCode = 1;
});
