import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { cpuSlug } from "../machine.ts";
import { cacheFolder } from "../models.ts";

/** Raised when peers are to be set up anew. */
const GENERATION = 1;

export const VERSIONS = {
  "llama-cpp-python": "0.3.36",
  mistralrs: "0.9.5",
  "mistralrs-cli": "0.8.1",
  huggingface_hub: "2.4.0",
  "node-llama-cpp": "3.22.1",
  "@mistralai/mistralai": "2.7.0",
  openai: "7.59.0",
  ai: "7.0.173",
  "@ai-sdk/openai-compatible": "3.0.92",
  "js-tiktoken": "1.0.21",
} as const;

type PythonPeer = "llama-cpp-python" | "mistralrs" | "huggingface_hub";
type NpmPeer = Exclude<keyof typeof VERSIONS, PythonPeer | "mistralrs-cli">;

/** Of this CPU alone: what is built for one may not run on another. */
const folder = join(cacheFolder, `bench-peers-${GENERATION}`, cpuSlug);
const python = join(folder, "python", "bin", "python");

function run(title: string, command: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): void {
  console.error(`${title} …`);
  const { status, stderr } = spawnSync(command, args, {
    encoding: "utf8",
    env: { ...process.env, ...environment },
    maxBuffer: 1 << 28,
    stdio: ["ignore", "ignore", "pipe"],
  });
  if (status !== 0) throw new Error(`${title}: ${command} ended with ${status}\n${stderr.slice(-4000)}`);
}

/** The Python that has `name`. */
function pythonWith(name: PythonPeer, pip: readonly string[], environment?: NodeJS.ProcessEnv): string {
  if (!existsSync(python)) run("Making an environment for Python", "python3", ["-m", "venv", join(folder, "python")]);
  const version = VERSIONS[name];
  const found = spawnSync(python, ["-c", `import importlib.metadata as m; print(m.version("${name}"))`], {
    encoding: "utf8",
  });
  if (found.stdout.trim() !== version)
    run(`Installing ${name} ${version}`, python, ["-m", "pip", "install", ...pip, `${name}==${version}`], environment);
  return python;
}

/** llama.cpp with all that this CPU has: its source built here, which takes a while, and not what pip built for another CPU before. */
export const pythonWithLlamaCpp = (): string =>
  pythonWith("llama-cpp-python", ["--no-cache-dir", "--no-binary", "llama-cpp-python"], {
    CMAKE_ARGS: "-DGGML_NATIVE=ON -DLLAVA_BUILD=OFF",
    CXXFLAGS: `-include ${fileURLToPath(new URL("tile-config.h", import.meta.url))}`,
  });

/** The same with its server. */
export function pythonWithLlamaCppServer(): string {
  const program = pythonWithLlamaCpp();
  if (spawnSync(program, ["-c", "import fastapi, sse_starlette, starlette_context, pydantic_settings"]).status !== 0)
    run("Installing the server of llama-cpp-python", program, [
      "-m",
      "pip",
      "install",
      `llama-cpp-python[server]==${VERSIONS["llama-cpp-python"]}`,
    ]);
  return program;
}

export const pythonWithMistralRs = (): string => pythonWith("mistralrs", ["--only-binary", ":all:"]);

/** The server of mistral.rs by its program: built here at the first run, which takes twenty minutes. Python's package has none. */
export function mistralRsServer(): string {
  const version = VERSIONS["mistralrs-cli"];
  const root = join(cacheFolder, `mistralrs-cli-${version}`);
  const program = join(root, "bin", "mistralrs");
  if (!existsSync(program)) {
    const args = ["install", "mistralrs-cli", "--version", version, "--locked", "--root", root];
    run(`Building mistralrs-cli ${version}`, "cargo", args);
  }
  return program;
}

export const pythonWithHuggingFaceHub = (): string => pythonWith("huggingface_hub", ["--only-binary", ":all:"]);

/** node-llama-cpp as npm installs it, by its entry. */
export const nodeLlamaCpp = (): string => npmPackage("node-llama-cpp", "dist/index.js");

/** A vocabulary that models have: the bytes of its tokens by their ids. */
export async function tiktokenRanks(name: "o200k_base"): Promise<Buffer[]> {
  const file = npmPackage("js-tiktoken", `dist/ranks/${name}.js`);
  const { default: found } = (await import(file)) as { default: { bpe_ranks: string } };
  // Lines of `! <id of the first> <token> <token> …`, in base64.
  return found.bpe_ranks.split("\n").flatMap((line) =>
    line
      .split(" ")
      .slice(2)
      .map((token) => Buffer.from(token, "base64")),
  );
}

/** A package as npm installs it, by a file of it. */
export function npmPackage(name: NpmPeer, file: string): string {
  const manifest = join(folder, "node_modules", name, "package.json");
  const installed = existsSync(manifest) && (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
  if (installed !== VERSIONS[name]) {
    mkdirSync(folder, { recursive: true });
    if (!existsSync(join(folder, "package.json"))) writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
    run(`Installing ${name} ${VERSIONS[name]}`, "npm", [
      "install",
      "--prefix",
      folder,
      "--no-audit",
      "--no-fund",
      `${name}@${VERSIONS[name]}`,
    ]);
  }
  return join(folder, "node_modules", name, file);
}
