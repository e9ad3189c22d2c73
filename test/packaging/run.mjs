// The packages as they are published: the tarballs of `npm run pack`, installed into a clean folder and used as people use them.
// Each line below is one test.

import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { pageTests, workerTests } from "./bundlers.mjs";

const execute = promisify(execFile);
const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");
const { runInstall } = createRequire(import.meta.url)("deno/install_api.cjs");
const fromPackage = createRequire(join(root, "packages/ts-api/package.json"));
const isWindows = process.platform === "win32";

/** Node as this runs, and the one of the machine if that is another: the product supports older ones than its tools do. */
async function nodes() {
  const all = [{ name: `Node ${process.version}`, path: process.execPath }];
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    if (folder.includes("node_modules")) continue;
    const path = join(folder, isWindows ? "node.exe" : "node");
    const { stdout } = await execute(path, ["--version"]).catch(() => ({ stdout: "" }));
    const version = stdout.trim();
    if (version === "") continue;
    const [major, minor] = version.slice(1).split(".").map(Number);
    const isSupported = major > 20 || (major === 20 && minor >= 19);
    if (isSupported && version !== process.version) all.push({ name: `Node ${version}`, path });
    break;
  }
  return all;
}

async function install(folder) {
  const tarballs = (await readdir(join(root, "dist-packages"))).filter((name) => name.endsWith(".tgz"));
  const dependencies = {};
  for (const name of tarballs) {
    const { stdout } = await execute("tar", ["-xzOf", join(root, "dist-packages", name), "package/package.json"]);
    const manifest = JSON.parse(stdout);
    dependencies[manifest.name] = `file:${join(root, "dist-packages", name)}`;
    if (manifest.scripts !== undefined) throw new Error(`${name} has scripts`);
  }
  const manifest = { name: "consumer", private: true, type: "module", dependencies };
  await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];
  await execute("npm", ["install", ...flags], { cwd: folder, shell: isWindows });
  await cp(join(here, "consumers"), folder, { recursive: true });
}

function streamed(result, expected) {
  const { text = "", usage, backend } = result;
  if (backend !== expected || text.trim() === "" || !(usage.completionTokens >= 1)) {
    throw new Error(`streamed ${JSON.stringify(result)}`);
  }
}

const said = ({ stdout }) => JSON.parse(stdout.trim().split("\n").at(-1));
const streams = (output) => streamed(said(output), "native");
const streamsWasm = (result) => streamed(result, "wasm");

async function bundle(folder) {
  const { build } = await import(fromPackage.resolve("esbuild"));
  // The recipe of the README: the addon beside the bundle, and `require` for it.
  await build({
    absWorkingDir: folder,
    entryPoints: ["esm.mjs"],
    outfile: join(folder, "bundle/out.mjs"),
    bundle: true,
    platform: "node",
    format: "esm",
    external: ["@wick/demo-model"],
    loader: { ".node": "copy" },
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    logLevel: "error",
  });
}

async function compile(folder, module, moduleResolution) {
  const config = join(folder, `tsconfig.${module}.json`);
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: "es2022",
    lib: ["es2022", "dom"],
    types: [],
    module,
    moduleResolution,
  };
  await writeFile(config, JSON.stringify({ compilerOptions, files: ["typescript.ts"] }));
  const manifest = fromPackage.resolve("typescript-5.4/package.json");
  await execute(process.execPath, [join(dirname(manifest), "bin/tsc"), "-p", config]);
}

async function fails(node, folder, expected, environment = {}) {
  const { stdout } = await execute(node.path, ["failing.mjs"], {
    cwd: folder,
    env: { ...process.env, ...environment },
  });
  const { isWickError, code, message } = JSON.parse(stdout);
  if (!isWickError || code !== "backend_unavailable" || !expected.test(message)) throw new Error(`printed ${stdout}`);
}

/** Without the package of the platform, as npm below 11.3 leaves it. */
async function failsWithoutAddon(node, folder) {
  const scope = join(folder, "node_modules/@wick");
  const platforms = (await readdir(scope)).filter((name) => name.startsWith("node-"));
  for (const name of platforms) await rename(join(scope, name), join(folder, name));
  try {
    await fails(node, folder, /npm install @wick\/node-.*wick\/wasm/s);
  } finally {
    for (const name of platforms) await rename(join(folder, name), join(scope, name));
  }
}

/** As its bin is found, and as a person calls it. */
async function runsProgram(node) {
  const running = run(node, "node_modules/.bin/wick", "run", "--max-tokens", "5", "--json", "Hello");
  // What is piped in belongs to the prompt: it is waited for.
  running.child.stdin.end();
  const { stdout } = await running;
  const last = JSON.parse(stdout.trim().split("\n").at(-1));
  if (last.kind !== "done" || last.completion.usage.completionTokens < 1) throw new Error(`wrote ${stdout}`);
}

const folder = await mkdtemp(join(tmpdir(), "wick-packaging-"));
const run = (node, ...args) => execute(node.path, args, { cwd: folder });
const tests = [["the tarballs install into a clean folder, without scripts", () => install(folder)]];
for (const node of await nodes()) {
  tests.push(
    [`${node.name}: import`, async () => streams(await run(node, "esm.mjs"))],
    [`${node.name}: require`, async () => streams(await run(node, "commonjs.cjs"))],
    [`${node.name}: a server, and a client of it`, async () => streamed(said(await run(node, "server.mjs")), "remote")],
    [`${node.name}: a model of the AI SDK`, async () => said(await run(node, "ai-sdk.mjs"))],
    [`${node.name}: the program wick`, () => runsProgram(node)],
  );
}
const [node] = await nodes();
tests.push(
  [
    "a bundle of esbuild",
    async () => {
      await bundle(folder);
      streams(await run(node, "bundle/out.mjs"));
    },
  ],
  [
    "Deno finds the types that its example wants",
    async () => {
      await cp(join(root, "examples/deno/chat.ts"), join(folder, "chat.ts"));
      // Beside a `node_modules` Deno has no types of Node's modules but those that are in it.
      for (const name of ["@types/node", "undici-types"]) {
        await cp(join(root, "node_modules", name), join(folder, "node_modules", name), { recursive: true });
      }
      await execute(runInstall(), ["check", "chat.ts"], { cwd: folder });
    },
  ],
  [
    "Deno, with leave to read the model alone",
    async () => {
      const allowed = `--allow-read=${join(folder, "node_modules/@wick/demo-model")}`;
      streamsWasm(said(await execute(runInstall(), ["run", "--no-prompt", allowed, "esm.mjs"], { cwd: folder })));
    },
  ],
  ["TypeScript under nodenext", () => compile(folder, "nodenext", "nodenext")],
  ["TypeScript under bundler", () => compile(folder, "esnext", "bundler")],
  [
    "an addon of another version",
    () => fails(node, folder, /0{16}.*one version/, { WICK_NATIVE_PATH: join(folder, "other-version.cjs") }),
  ],
  ["no addon for the platform", () => failsWithoutAddon(node, folder)],
  [
    "three packages of others are needed, which need none",
    async () => {
      const read = async (name) =>
        JSON.parse(await readFile(join(folder, "node_modules", name, "package.json"), "utf8"));
      const others = Object.keys((await read("wick")).dependencies).filter((name) => !name.startsWith("@wick/"));
      // Server-sent events, JSON Schema of tools that run and of values, values as they grow.
      const known = ["@cfworker/json-schema", "eventsource-parser", "jsonriver"];
      if (String(others.toSorted()) !== String(known))
        throw new Error(`third-party dependencies: ${others.join(", ")}`);
      for (const name of known) {
        const { dependencies = {} } = await read(name);
        if (Object.keys(dependencies).length > 0)
          throw new Error(`${name} needs ${Object.keys(dependencies).join(", ")}`);
      }
    },
  ],
);
const pages = pageTests(folder, streamsWasm);
tests.push(...pages.tests, ...workerTests(folder, streamsWasm));

let failed = 0;
for (const [name, test] of tests) {
  try {
    await test();
    console.log(`ok ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${name}\n${error.stdout ?? ""}${error.stderr ?? ""}${error.stack}`);
  }
}
await pages.close();
await rm(folder, { recursive: true, force: true });
console.log(`${tests.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
