// `npm run build:wasm`: the two modules of @wick/wasm and their bindings, when their sources changed.

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { cargoTool, packages, rust, rustTarget } from "./setup.mjs";
import { digest, isFresh, note } from "./stamp.mjs";
import { StepError, main, step } from "./step.mjs";
import { root, tool } from "./toolchain.mjs";

const sources = [
  "Cargo.toml",
  "Cargo.lock",
  "rust-toolchain.toml",
  ".cargo",
  "crates/formats",
  "crates/kernels",
  "crates/core",
  "crates/wasm",
  "scripts/build-wasm.mjs",
];
const home = join(root, "packages/wasm");
const outputs = ["simd128.wasm", "relaxed-simd.wasm", "bindings.js"].map((name) => join(home, name));

/** Rust's features of each module, beside those of `.cargo/config.toml`. */
export const modules = { simd128: [], "relaxed-simd": ["+relaxed-simd"] };

/**
 * Bytes of the stack, the first of the linear memory. The deepest calls are those of schemas that lead into one another, and of
 * the longest chat templates, of 270 kB: both are bounded.
 */
const stack = 1 << 20;

/** What modules have that is not WebAssembly's first version. */
const proposals = [
  "simd",
  "relaxed-simd",
  "bulk-memory",
  "nontrapping-float-to-int",
  "sign-ext",
  "mutable-globals",
  "reference-types",
  "multivalue",
];

/** wasm-bindgen's command line must be of the version of its library. */
function bindgenVersion() {
  const lock = readFileSync(join(root, "Cargo.lock"), "utf8");
  return /name = "wasm-bindgen"\nversion = "(?<version>[^"]+)"/.exec(lock).groups.version;
}

/**
 * wasm-bindgen's script for pages without modules is one function that holds one instance. As a factory it makes any number of
 * them: each model has its own, whose memory goes with it and whose trap is its own. `host` is what the module calls.
 */
function factory(script) {
  const begin = "let wasm_bindgen = (function(exports) {";
  const end = "})({ __proto__: null });";
  if (!script.startsWith(begin) || !script.trimEnd().endsWith(end)) {
    throw new StepError("wasm-bindgen's script has another form than this version knows: compare `factory` with it.");
  }
  const body = script.trimEnd().slice(begin.length, -end.length);
  return `// Written by \`npm run build:wasm\`.
const bind = (host, exports) => {${body}};

export async function instantiate(module, host) {
  const bindings = bind(host, { __proto__: null });
  const { memory } = await bindings({ module_or_path: module });
  return { Engine: bindings.Engine, memory };
}
`;
}

async function binaryen(what, program, args) {
  const [command, ...first] = tool(`binaryen/bin/${program}`);
  await step(what, command, [...first, ...args, ...proposals.map((proposal) => `--enable-${proposal}`)], { cwd: root });
}

/**
 * Exports that are our own, as wasm-metadce reads them. llguidance has an interface for C, which linkers export from whatever
 * it is linked into; half of the library is needed for nothing else. The modules export the same, and Node.js 20 compiles only
 * the one without relaxed SIMD.
 */
function ownExports() {
  const bytes = readFileSync(join(root, "target/wasm/simd128/wick_bg.wasm"));
  const all = WebAssembly.Module.exports(new WebAssembly.Module(bytes)).map(({ name }) => name);
  const names = all.filter((name) => !name.startsWith("llg_"));
  return JSON.stringify([
    { name: "outside", reaches: names, root: true },
    ...names.map((name) => ({ name, export: name })),
  ]);
}

async function buildModule(name, path) {
  const out = join(root, "target", "wasm", name);
  mkdirSync(out, { recursive: true });
  const features = modules[name].flatMap((feature) => ["-C", `target-feature=${feature}`]);
  const link = ["-C", `link-arg=-zstack-size=${stack}`];
  const flags = ["-C", "target-feature=+simd128", "--cfg", 'getrandom_backend="wasm_js"', ...link, ...features];
  await step(
    `Building the WebAssembly module ${name}`,
    "wasm-pack",
    [
      "build",
      join(root, "crates/wasm"),
      "--mode",
      "no-install",
      "--target",
      "no-modules",
      "--profile",
      "wasm",
      "--no-pack",
      "--no-typescript",
      "--out-name",
      "wick",
      "--out-dir",
      out,
    ],
    {
      cwd: root,
      // Each module has a target folder: their flags differ in every crate.
      env: {
        PATH: path,
        CARGO_TARGET_DIR: join(out, "target"),
        // Whatever the caller's is.
        CARGO_BUILD_TARGET: "wasm32-unknown-unknown",
        CARGO_ENCODED_RUSTFLAGS: flags.join("\u001F"),
        CARGO_PROFILE_WASM_STRIP: "none",
      },
    },
  );
  const [graph, own] = ["exports.json", "own.wasm"].map((file) => join(out, file));
  writeFileSync(graph, ownExports());
  await binaryen(`Leaving out what the module ${name} does not need`, "wasm-metadce", [
    join(out, "wick_bg.wasm"),
    "--graph-file",
    graph,
    "-o",
    own,
  ]);
  const optimised = join(home, `${name}.wasm`);
  await binaryen(`Optimising the WebAssembly module ${name}`, "wasm-opt", ["-O3", own, "-o", optimised]);
  return readFileSync(join(out, "wick.js"), "utf8");
}

/** All that `wick/wasm` needs. */
export async function buildWasm() {
  const wanted = digest(sources);
  if (isFresh("wasm", wanted) && outputs.every((file) => existsSync(file))) return;
  await packages();
  await rust();
  await rustTarget("wasm32-unknown-unknown");
  const bindgen = await cargoTool("wasm-bindgen-cli", bindgenVersion(), { binary: "wasm-bindgen", locked: false });
  const wasmPack = await cargoTool("wasm-pack", "0.15.1");
  const path = [bindgen, wasmPack]
    .map((program) => dirname(program))
    .concat(process.env.PATH ?? "")
    .join(delimiter);
  for (const file of outputs) rmSync(file, { force: true });
  const scripts = [];
  for (const name of Object.keys(modules)) scripts.push(await buildModule(name, path));
  if (new Set(scripts).size !== 1) throw new StepError("The two modules have different bindings; they must share one.");
  writeFileSync(join(home, "bindings.js"), factory(scripts[0]));
  note("wasm", wanted);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main(buildWasm);
