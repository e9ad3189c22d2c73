// `npm run build`: the addon and the TypeScript packages, each only when its sources changed.

import { cpSync, existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { packages, rust } from "./setup.mjs";
import { digest, isFresh, note } from "./stamp.mjs";
import { main, step } from "./step.mjs";
import { root, tool } from "./toolchain.mjs";

const rustSources = [
  "Cargo.toml",
  "Cargo.lock",
  "rust-toolchain.toml",
  ".cargo",
  "crates",
  "packages/node/package.json",
];
/** Packages that are compiled, each after those it imports. */
const typeScriptPackages = ["ts-api", "server", "ai-sdk", "cli"].map((name) => `packages/${name}`);
const typeScriptSources = [
  "package-lock.json",
  "tsconfig.base.json",
  ...typeScriptPackages,
  "packages/node/index.d.ts",
];

const hasAddon = () => readdirSync(join(root, "packages/node")).some((name) => name.endsWith(".node"));

/** Builds the addon with a cargo profile: `release` for work, `dist` for what is published. */
export async function buildAddon(profile = "release") {
  const wanted = `${profile} ${digest(rustSources)}`;
  if (isFresh("addon", wanted) && hasAddon()) return;
  await rust();
  const [command, ...args] = tool("@napi-rs/cli/cli.mjs");
  // cargo chooses a dependency's features by what is built together. With the selection of `cargo test --workspace`,
  // tests and checks reuse every dependency of this build; what is published has only what it needs.
  const selection = profile === "release" ? ["--", "--workspace", "--lib", "--examples"] : [];
  await step(
    "Building the engine",
    command,
    [
      ...args,
      "build",
      "--profile",
      profile,
      "--platform",
      "--no-js",
      "--dts",
      "index.d.ts",
      "--cwd",
      join(root, "packages/node"),
      "--manifest-path",
      "../../crates/node/Cargo.toml",
      "--output-dir",
      ".",
      ...selection,
    ],
    {
      advice:
        "If the linker or the C compiler is missing, install your system's build tools (Debian: `apt install build-essential`).",
    },
  );
  note("addon", wanted);
}

/** Compiles the TypeScript packages into their `dist` folders. */
export async function buildTypeScript() {
  const wanted = digest(typeScriptSources);
  const folders = typeScriptPackages.map((folder) => join(root, folder));
  if (isFresh("typescript", wanted) && folders.every((folder) => existsSync(join(folder, "dist")))) return;
  const [command, ...args] = tool("typescript/bin/tsc");
  await step("Compiling TypeScript", command, [...args, "--build", ...folders]);
  note("typescript", wanted);
}

const playgroundSources = [
  "package-lock.json",
  "packages/playground",
  "packages/ts-api/src",
  "packages/wasm/package.json",
];

/** Builds the page of the server into the server's package. */
export async function buildPlayground() {
  const target = join(root, "packages/server/dist/playground");
  const wanted = digest(playgroundSources);
  if (isFresh("playground", wanted) && existsSync(join(target, "index.html"))) return;
  const built = join(root, "packages/playground/dist");
  const [command, ...args] = tool("vite/bin/vite.js");
  await step("Building the playground", command, [...args, "build", "--logLevel", "warn"], {
    cwd: join(root, "packages/playground"),
  });
  rmSync(target, { recursive: true, force: true });
  cpSync(built, target, { recursive: true, filter: (path) => path !== join(built, "types") });
  note("playground", wanted);
}

/** All that a program in this clone needs to run. */
export async function build() {
  await packages();
  await buildAddon();
  await buildTypeScript();
  await buildPlayground();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main(build);
