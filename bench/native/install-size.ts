import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { Figure } from "../report.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

function folderBytes(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((total, entry) => total + statSync(join(entry.parentPath, entry.name)).size, 0);
}

/** Packs as for a release, installs without scripts into an empty folder, and weighs node_modules. */
export function measureInstallSize(): Figure[] {
  const packed = spawnSync(process.execPath, [join(root, "scripts/pack.mjs")], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (packed.status !== 0) throw new Error("packing failed");
  const tarballs = readdirSync(join(root, "dist-packages")).filter(
    (name) => name.endsWith(".tgz") && !name.includes("demo-model"),
  );
  const folder = mkdtempSync(join(tmpdir(), "wick-install-"));
  try {
    writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
    const paths = tarballs.map((name) => join(root, "dist-packages", name));
    const npm = spawnSync("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", ...paths], {
      cwd: folder,
      encoding: "utf8",
    });
    if (npm.status !== 0) throw new Error(npm.stderr);
    const modules = join(folder, "node_modules");
    const packages = readdirSync(modules, { recursive: true, withFileTypes: true }).filter(
      (entry) => entry.name === "package.json" && !entry.parentPath.includes("dist"),
    );
    const manifests = packages.map((entry) => JSON.parse(readFileSync(join(entry.parentPath, entry.name), "utf8")));
    const scripted = manifests.filter(({ scripts = {} }) =>
      ["preinstall", "install", "postinstall"].some((name) => name in scripts),
    ).length;
    const foreign = manifests
      .filter(({ name = "" }) => name !== "" && name !== "wick" && !name.startsWith("@wick/"))
      .map(({ name }) => name);
    return [
      {
        name: "install of the packed packages, without the demo model",
        value: folderBytes(modules) / 1e6,
        unit: "MB",
        atMost: 25,
        note: tarballs.join(", "),
      },
      { name: "packages with install scripts", value: scripted, unit: "packages", atMost: 0 },
      {
        name: "third-party runtime dependencies",
        value: new Set(foreign).size,
        unit: "packages",
        atMost: 1,
        note: foreign.join(", "),
      },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}
