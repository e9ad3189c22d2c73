import { fileURLToPath } from "node:url";

import type { Engine, EngineOptions } from "./engine.ts";
import { LineProcess } from "./line-process.ts";
import type { Request } from "./serve.ts";
import { nodeLlamaCpp, pythonWithLlamaCpp, pythonWithMistralRs } from "./setup.ts";
import { noteVersion } from "./versions.ts";

/** Which package an engine's version is of, where it has another name. */
const PACKAGES: Readonly<{ [engine: string]: string }> = { "llama.cpp": "llama-cpp-python", "mistral.rs": "mistralrs" };

const program = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export const startWick = (options: EngineOptions, backend: "cpu" | "candle" = "cpu"): Promise<Engine> =>
  start(backend === "cpu" ? "wick" : "candle", process.execPath, program("wick.child.ts"), options, [backend]);

export const startLlamaCpp = (options: EngineOptions): Promise<Engine> =>
  start("llama.cpp", pythonWithLlamaCpp(), program("llama.py"), options);

export const startMistralRs = (options: EngineOptions): Promise<Engine> =>
  start("mistral.rs", pythonWithMistralRs(), program("mistral.py"), options);

export const startNodeLlamaCpp = (options: EngineOptions): Promise<Engine> =>
  start("node-llama-cpp", process.execPath, program("node-llama-cpp.child.ts"), options, [nodeLlamaCpp()]);

async function start(
  name: string,
  command: string,
  module: string,
  { path, threads, contextLength, sequences = 1 }: EngineOptions,
  more: readonly string[] = [],
): Promise<Engine> {
  const args = [module, path, ...[threads, contextLength, sequences].map(String), ...more];
  // Those that take the number of threads from there; nobody is bound to cores.
  const environment = {
    OMP_NUM_THREADS: String(threads),
    RAYON_NUM_THREADS: String(threads),
    PYTHONDONTWRITEBYTECODE: "1",
  };
  const process = new LineProcess(command, args, environment);
  const { version, loadMs } = JSON.parse(await process.line()) as { version: string; loadMs: number };
  if (version !== "") noteVersion(PACKAGES[name] ?? name, version);
  const ask = async (request: Request) => (JSON.parse(await process.ask(JSON.stringify(request))) as { ms: number }).ms;
  return {
    name,
    loadMs,
    prefill: (tokens) => ask({ measure: "prefill", tokens }),
    decode: (context, tokens, parallel = 1) => ask({ measure: "decode", context, tokens, sequences: parallel }),
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}
