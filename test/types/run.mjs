// The type laws, against the built package: the user programs compile, and every `@ts-expect-error` in them is one; the packages
// lint clean. Each line below is one test.

import { execFile, spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const execute = promisify(execFile);
const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");
const fromPackage = createRequire(join(root, "packages/ts-api/package.json"));

const compilers = [
  { name: "5.4", resolve: () => fromPackage.resolve("typescript-5.4/package.json") },
  { name: "7", resolve: () => fromPackage.resolve("typescript-7/package.json") },
];
const strictness = [
  { name: "strict", options: {} },
  { name: "exact", options: { exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true } },
];
const libraries = [
  { name: "dom", options: { lib: ["es2022", "dom"], types: [] }, programs: ["page.ts"] },
  { name: "@types/node", options: { lib: ["es2022"], types: ["node"] }, programs: [] },
];
const resolutions = [
  { name: "bundler", options: { module: "esnext", moduleResolution: "bundler" } },
  { name: "nodenext", options: { module: "nodenext", moduleResolution: "nodenext" } },
];

async function compiles(folder, index, compiler, options, programs) {
  const manifest = compiler.resolve();
  const config = join(folder, `tsconfig.${index}.json`);
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: "es2022",
    typeRoots: [join(root, "node_modules/@types")],
    // Their libraries are not ours to check; that ours is sound shows in the runs with the DOM alone.
    skipLibCheck: options.types.length > 0,
    ...options,
  };
  const files = ["programs.ts", "testing.ts", "wasm.ts", "remote.ts", ...programs].map((name) => join(here, name));
  await writeFile(config, JSON.stringify({ compilerOptions, files }));
  await execute(process.execPath, [join(dirname(manifest), "bin/tsc"), "-p", config]);
}

async function hasReference() {
  for (const entry of ["entry/node", "entry/native", "entry/wasm", "entry/remote", "index", "testing/index"]) {
    const text = await readFile(join(root, `packages/ts-api/dist/${entry}.d.ts`), "utf8");
    if (!text.includes('/// <reference lib="esnext.disposable" preserve="true" />'))
      throw new Error(`${entry}.d.ts lost its reference`);
    if (text.includes("node:")) throw new Error(`${entry}.d.ts names a module of Node`);
  }
}

async function publintIsClean() {
  const { publint } = await import(fromPackage.resolve("publint"));
  const { messages } = await publint({ pkgDir: join(root, "packages/ts-api"), strict: true, pack: "npm" });
  if (messages.length > 0) throw new Error(JSON.stringify(messages, undefined, 2));
}

/** What attw says of the packed package, beside the snapshot: ESM only, by decision. */
async function attwIsUnchanged(folder) {
  const { stdout: packed } = await execute("npm", ["pack", "--json", "--pack-destination", folder], {
    cwd: join(root, "packages/ts-api"),
    shell: process.platform === "win32",
  });
  const [{ filename }] = JSON.parse(packed);
  const cli = join(dirname(fromPackage.resolve("@arethetypeswrong/cli/package.json")), "dist/index.js");
  // Into a file: it ends its process without waiting until a pipe has taken all that it says.
  const said = join(folder, "attw.json");
  const output = openSync(said, "w");
  spawnSync(process.execPath, [cli, join(folder, filename), "--format", "json"], {
    stdio: ["ignore", output, "inherit"],
  });
  closeSync(output);
  const { analysis } = JSON.parse(await readFile(said, "utf8"));
  const found = analysis.problems
    .map(({ kind, entrypoint, resolutionKind }) => `${kind} ${entrypoint} ${resolutionKind}`)
    .toSorted();
  const snapshot = join(here, "attw.snap.json");
  if (process.argv.includes("--update")) return writeFile(snapshot, `${JSON.stringify(found, undefined, 2)}\n`);
  const expected = JSON.parse(await readFile(snapshot, "utf8"));
  if (JSON.stringify(found) !== JSON.stringify(expected)) {
    throw new Error(
      `attw found ${JSON.stringify(found)}, the snapshot has ${JSON.stringify(expected)}; see run.mjs --update`,
    );
  }
}

const folder = await mkdtemp(join(tmpdir(), "wick-types-"));
const tests = [];
for (const compiler of compilers) {
  for (const strict of strictness) {
    for (const library of libraries) {
      // How a module is found does not depend on the flags, so that one run each is enough.
      const isFirst = strict === strictness[0] && library === libraries[0];
      for (const resolution of isFirst ? resolutions : resolutions.slice(0, 1)) {
        const name = `programs: TypeScript ${compiler.name}, ${strict.name}, ${library.name}, ${resolution.name}`;
        const options = { ...strict.options, ...library.options, ...resolution.options };
        const index = tests.length;
        tests.push([name, () => compiles(folder, index, compiler, options, library.programs)]);
      }
    }
  }
}
tests.push(["declarations keep their references and no module of Node", hasReference]);
tests.push(["publint finds nothing", publintIsClean]);
tests.push(["attw finds what the snapshot has", () => attwIsUnchanged(folder)]);

let failed = 0;
for (const [name, test] of tests) {
  try {
    await test();
    console.log(`ok ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${name}\n${error.stdout || error.stderr || error.stack}`);
  }
}
await rm(folder, { recursive: true, force: true });
console.log(`${tests.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
