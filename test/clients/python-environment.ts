import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "../../bench/models.ts";

/** What is installed, once for all clones of a user. */
const versions = { openai: "3.57.0", mistralai: "3.7.0" } as const;
/** What these versions run on. */
const oldest = [3, 10] as const;

const system = process.platform === "win32" ? "python" : "python3";
const version = versionOf(system);

/** Why Python's clients cannot be run here; undefined where they can. */
export const whyNoPython =
  version === undefined
    ? `there is no ${system}`
    : version[0] === oldest[0] && version[1] >= oldest[1]
      ? undefined
      : `${system} is ${version.join(".")}, and the clients need ${oldest.join(".")}`;

if (whyNoPython !== undefined) console.error(`Python's clients are not run: ${whyNoPython}.`);

/**
 * A Python that has the clients, which are installed at the first run.
 *
 * @throws {Error} with what pip says.
 */
export function pythonWithClients(): string {
  const names = Object.entries(versions).map(([name, wanted]) => `${name}-${wanted}`);
  const parent = join(cacheFolder, "clients");
  const folder = join(parent, [...names, `python-${version?.join(".")}`].join("-"));
  if (!hasClients(programIn(folder))) install(parent, folder);
  return programIn(folder);
}

/** Somewhere else, and then moved: whoever finds the folder finds all of it, and two may make it at once. */
function install(parent: string, folder: string): void {
  mkdirSync(parent, { recursive: true });
  const made = mkdtempSync(join(parent, "new-"));
  try {
    run("Making an environment for Python", system, ["-m", "venv", made]);
    const packages = Object.entries(versions).map(([name, wanted]) => `${name}==${wanted}`);
    run("Installing Python's clients", programIn(made), [
      "-m",
      "pip",
      "install",
      "--only-binary",
      ":all:",
      ...packages,
    ]);
    if (!hasClients(programIn(folder))) {
      rmSync(folder, { recursive: true, force: true });
      renameSync(made, folder);
    }
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

/** It finds what is installed by where it lies itself. */
function programIn(folder: string): string {
  return join(folder, ...(process.platform === "win32" ? ["Scripts", "python.exe"] : ["bin", "python"]));
}

function hasClients(python: string): boolean {
  if (!existsSync(python)) return false;
  const program = "import importlib.metadata as m, sys; print(*(m.version(name) for name in sys.argv[1:]))";
  const { stdout } = spawnSync(python, ["-c", program, ...Object.keys(versions)], { encoding: "utf8" });
  return stdout.trim() === Object.values(versions).join(" ");
}

function versionOf(command: string): [major: number, minor: number] | undefined {
  const { stdout } = spawnSync(command, ["-c", "import sys; print(*sys.version_info[:2])"], { encoding: "utf8" });
  const [major, minor] = (stdout ?? "").trim().split(" ").map(Number);
  return major === undefined || minor === undefined ? undefined : [major, minor];
}

function run(title: string, command: string, args: readonly string[]): void {
  console.error(`${title} …`);
  const { status, stderr } = spawnSync(command, args, { encoding: "utf8", stdio: ["ignore", "ignore", "pipe"] });
  if (status !== 0) throw new Error(`${title}: ${command} ended with ${status}\n${stderr.slice(-4000)}`);
}
