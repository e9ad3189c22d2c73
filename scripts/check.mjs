// `npm run check`: everything about the sources that needs no run of the program. Names all that failed at the end.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildAddon, buildTypeScript } from "./build.mjs";
import { cargoTool, packages, rust, rustTarget } from "./setup.mjs";
import { forget } from "./stamp.mjs";
import { StepError, step } from "./step.mjs";
import { hostBuild, root, tool } from "./toolchain.mjs";

const cargo = (title, ...args) => step(title, "cargo", args, { cwd: root, env: hostBuild() });
const script = (title, file, ...args) => {
  const [command, ...first] = tool(file);
  return step(title, command, [...first, ...args], { cwd: root });
};

/** Runs `generate` and fails if it changes `file`, which is committed. */
async function fresh(file, generate) {
  const read = () => (existsSync(join(root, file)) ? readFileSync(join(root, file), "utf8") : "");
  const before = read();
  await generate();
  if (read() !== before) throw new StepError(`${file} was out of date. It has been generated anew: commit it.`);
}

const checks = {
  "formatting of Rust": () => cargo("Formatting of Rust", "fmt", "--all", "--check"),
  "formatting of the rest": () => script("Formatting of the rest", "oxfmt/bin/oxfmt", "--check"),
  oxlint: () => script("oxlint", "oxlint/bin/oxlint", "--deny-warnings"),
  spelling: () => script("Spelling", "cspell/bin.mjs", "--no-progress", "--no-summary", "--dot"),
  "unused npm dependencies": () => script("Unused npm dependencies", "knip/bin/knip.js"),
  "unused cargo dependencies": async () => {
    await step("Unused cargo dependencies", await cargoTool("cargo-machete", "0.9.2"), ["crates"], { cwd: root });
  },
  // The release profile throughout: what the tests build is reused here and the other way round.
  clippy: () => cargo("clippy", "clippy", "--release", "--workspace", "--all-targets", "--", "--deny", "warnings"),
  "type check for wasm32": async () => {
    const target = "wasm32-unknown-unknown";
    await rustTarget(target);
    const crates = ["wick-formats", "wick-kernels", "wick-core", "wick-wasm"].flatMap((name) => ["--package", name]);
    await cargo("Type check for wasm32", "check", "--release", "--target", target, ...crates);
  },
  "clippy for aarch64": async () => {
    const target = "aarch64-unknown-linux-musl";
    await rustTarget(target);
    const args = ["--release", "--target", target, "--package", "wick-kernels", "--all-targets"];
    await cargo("clippy for aarch64", "clippy", ...args, "--", "--deny", "warnings");
  },
  "types of the addon are fresh": () =>
    fresh("packages/node/index.d.ts", async () => {
      forget("addon");
      await buildAddon();
    }),
  "types of the wire are fresh": async () => {
    // Run as the addon's build left it: `cargo run` would choose other features and build every dependency again.
    const metadata = spawnSync("cargo", ["metadata", "--no-deps", "--format-version=1"], {
      cwd: root,
      encoding: "utf8",
    });
    const folder = join(JSON.parse(metadata.stdout).target_directory, hostBuild().CARGO_BUILD_TARGET);
    const program = join(folder, "release/examples/generate_types");
    await fresh("packages/ts-api/src/generated/protocol.ts", () =>
      step("Types of the wire", program, [], { cwd: root }),
    );
  },
  TypeScript: async () => {
    await buildTypeScript();
    await script("TypeScript", "typescript/bin/tsc", "--build");
    // With the types of pages, which the other tests must not have.
    await script("TypeScript of the playground's tests", "typescript/bin/tsc", "-p", "packages/playground/test");
  },
};

const failed = [];
try {
  await packages();
  await rust();
  for (const [name, check] of Object.entries(checks)) {
    try {
      await check();
    } catch (error) {
      failed.push(name);
      process.stdout.write(`${error instanceof StepError ? error.message : error.stack}\n`);
    }
  }
} catch (error) {
  failed.push("setting up");
  process.stdout.write(`${error instanceof StepError ? error.message : error.stack}\n`);
}
process.stdout.write(failed.length === 0 ? "All checks passed.\n" : `Failed: ${failed.join(", ")}.\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
