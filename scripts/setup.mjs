// Brings in what a script needs and a machine may lack. Each function does nothing when there is nothing to do.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findChromium } from "./chromium.mjs";
import { digest, isFresh, note } from "./stamp.mjs";
import { StepError, step } from "./step.mjs";
import { cache, environment, npm, root } from "./toolchain.mjs";

const succeeds = (command, args) =>
  spawnSync(command, args, { cwd: root, env: environment(), stdio: "ignore" }).status === 0;

/** The packages of node_modules, as the lockfile says. */
export async function packages() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new StepError(
      `Node ${process.versions.node} is too old: install Node 20.19 or later from https://nodejs.org.`,
    );
  }
  const wanted = digest(["package.json", "package-lock.json", ".npmrc"]);
  if (isFresh("packages", wanted) && existsSync(join(root, "node_modules", ".package-lock.json"))) return;
  const [command, ...args] = npm();
  // Not `npm ci`: it refuses a lockfile that lacks an optional package of another platform, which `--no-save` leaves as it is.
  await step(
    "Installing packages",
    command,
    [...args, "install", "--no-save", "--ignore-scripts", "--loglevel=error"],
    {
      cwd: root,
      advice: "Check the connection to the npm registry (`npm ping`), then run the same command again.",
    },
  );
  note("packages", wanted);
}

/** cargo with the toolchain of rust-toolchain.toml. */
export async function rust() {
  if (succeeds("cargo", ["--version"])) return;
  if (!succeeds("rustup", ["--version"])) {
    throw new StepError(
      "Rust is missing: install it from https://rustup.rs, open a new terminal, and run the same command again.",
    );
  }
  const { channel } = /channel = "(?<channel>[^"]+)"/.exec(
    readFileSync(join(root, "rust-toolchain.toml"), "utf8"),
  ).groups;
  await step(
    `Installing Rust ${channel}`,
    "rustup",
    ["toolchain", "install", channel, "--profile", "minimal", "-c", "rustfmt", "-c", "clippy"],
    {
      advice: "Check the connection to static.rust-lang.org, then run the same command again.",
    },
  );
}

/** The standard library of `target`. */
export async function rustTarget(target) {
  const installed = spawnSync("rustup", ["target", "list", "--installed"], { cwd: root, encoding: "utf8" });
  if (installed.status === 0 && installed.stdout.split("\n").includes(target)) return;
  await step(`Installing the Rust target ${target}`, "rustup", ["target", "add", target], {
    cwd: root,
    advice: "Without rustup, install the standard library of this target by your own means.",
  });
}

/**
 * A program built by cargo, kept outside the clone. Resolves to its path. `binary` is what it is called, if not as its crate;
 * `locked`: whether with the dependencies that its authors had, which a registry's mirror may not have yet.
 */
export async function cargoTool(name, version, { binary = name, locked = true } = {}) {
  const home = join(cache, `${name}-${version}`);
  const program = join(home, "bin", process.platform === "win32" ? `${binary}.exe` : binary);
  if (!existsSync(program)) {
    await step(
      `Building ${name} ${version}`,
      "cargo",
      ["install", name, "--version", version, ...(locked ? ["--locked"] : []), "--root", home],
      {
        // Not into this clone's target folder: the tool has its own dependencies and outlives the clone.
        env: { CARGO_TARGET_DIR: join(cache, "target") },
        advice: "Check the connection to crates.io, then run the same command again.",
      },
    );
  }
  return program;
}

/** Chrome or Chromium; Debian's package where there is none and it can be installed. */
export async function chromium() {
  const found = findChromium();
  if (found !== undefined) {
    if (existsSync(found)) return;
    throw new StepError(`CHROME_PATH is ${found}, and there is no such file: correct or unset it.`);
  }
  if (!canInstall()) {
    throw new StepError(
      "Chrome or Chromium is missing: install it (Debian: `apt install chromium`), or name its program in CHROME_PATH.",
    );
  }
  await install("Chromium", "chromium", "or install Chromium by other means and name it in CHROME_PATH");
}

/** tmux, in which the program `wick` is tried at a terminal; Debian's package where it can be installed. Without it those tests are skipped. */
export async function tmux() {
  if (succeeds("tmux", ["-V"]) || !canInstall()) return;
  await install("tmux", "tmux", "or install tmux by other means");
}

/** What runs programs for aarch64 on other machines, or why there is none; Debian's package where it can be installed. */
export async function aarch64Emulator() {
  if (process.arch === "arm64") return { missing: "this machine is one: `cargo test` has run them" };
  if (process.platform !== "linux") return { missing: "QEMU runs programs of other machines on Linux alone" };
  const find = () => ["qemu-aarch64", "qemu-aarch64-static"].find((name) => succeeds(name, ["--version"]));
  if (find() === undefined && canInstall()) {
    await install("QEMU", "qemu-user", "or install QEMU's user mode by other means");
  }
  const program = find();
  return program === undefined
    ? { missing: "there is no qemu-aarch64 (Debian: `apt install qemu-user`)" }
    : { program };
}

/** Whether this is Debian, where we may install its packages. */
function canInstall() {
  const isDebian = existsSync("/etc/os-release") && /^ID=debian$/m.test(readFileSync("/etc/os-release", "utf8"));
  return isDebian && process.getuid() === 0;
}

/** Installs a package of Debian. */
async function install(title, name, otherwise) {
  const options = {
    env: { DEBIAN_FRONTEND: "noninteractive" },
    advice: `Check the connection to Debian's archive, ${otherwise}.`,
  };
  // The package lists of an image are usually absent, or too old to still be served.
  await step("Reading the package lists", "apt-get", ["update"], options);
  await step(`Installing ${title}`, "apt-get", ["install", "--yes", "--no-install-recommends", name], options);
}
