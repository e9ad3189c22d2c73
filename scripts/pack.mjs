// `npm run pack`: the packages as they are published, in dist-packages/. `--profile release` packs the addon as tests use it.

import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { buildAddon, buildTypeScript } from "./build.mjs";
import { buildWasm } from "./build-wasm.mjs";
import { packages } from "./setup.mjs";
import { main, step } from "./step.mjs";
import { npm, root, tool } from "./toolchain.mjs";

const readJson = (file) => JSON.parse(readFileSync(file, "utf8"));
const writeJson = (file, value) => writeFileSync(file, `${JSON.stringify(value, undefined, 2)}\n`);

/** Copies a package to `stage`, without what is only of use in this clone. */
function stagePackage(folder, stage) {
  const source = join(root, "packages", folder);
  cpSync(source, stage, {
    recursive: true,
    filter: (path) => !/[/\\](?:node_modules|test|[^/\\]*\.node)$/.test(path.slice(source.length)),
  });
  cpSync(join(root, "LICENSE"), join(stage, "LICENSE"));
  const manifest = readJson(join(stage, "package.json"));
  delete manifest.scripts; // of use in this clone only
  delete manifest.devDependencies;
  writeJson(join(stage, "package.json"), manifest);
}

/** Writes the folders of the platform packages, fills the one of this platform, and names all as optional dependencies. */
async function stagePlatforms(stage) {
  const node = join(stage, "node");
  const [command, ...args] = tool("@napi-rs/cli/cli.mjs");
  await step(
    "Writing the platform packages",
    command,
    [...args, "create-npm-dirs", "--cwd", node, "--npm-dir", "npm"],
    { quiet: true },
  );
  const addons = new Set(readdirSync(join(root, "packages/node")).filter((name) => name.endsWith(".node")));
  const manifest = readJson(join(node, "package.json"));
  manifest.optionalDependencies = {};
  const filled = [];
  for (const target of readdirSync(join(node, "npm"))) {
    const folder = join(node, "npm", target);
    const platform = readJson(join(folder, "package.json"));
    manifest.optionalDependencies[platform.name] = platform.version;
    if (addons.has(platform.main)) {
      cpSync(join(root, "packages/node", platform.main), join(folder, platform.main));
      cpSync(join(root, "LICENSE"), join(folder, "LICENSE"));
      filled.push(folder);
    }
  }
  delete manifest.napi;
  writeJson(join(node, "package.json"), manifest);
  return filled;
}

/** Packs everything that can be packed on this machine. */
export async function pack(profile = "dist") {
  await packages();
  await buildAddon(profile);
  await buildTypeScript();
  await buildWasm();
  const target = join(root, "dist-packages");
  const stage = join(target, "stage");
  rmSync(target, { recursive: true, force: true });
  mkdirSync(stage, { recursive: true });
  const isPublished = (name) => readJson(join(root, "packages", name, "package.json")).private !== true;
  const names = readdirSync(join(root, "packages")).filter(isPublished);
  for (const name of names) stagePackage(name, join(stage, name));
  const folders = [...names.map((name) => join(stage, name)), ...(await stagePlatforms(stage))];
  const [command, ...args] = npm();
  await step(
    "Packing",
    command,
    [...args, "pack", "--ignore-scripts", "--loglevel=error", "--pack-destination", target, ...folders],
    {
      cwd: target,
    },
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const at = process.argv.indexOf("--profile");
  await main(() => pack(at === -1 ? undefined : process.argv[at + 1]));
}
