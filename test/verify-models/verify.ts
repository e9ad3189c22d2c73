import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type LoadOptions, type LoadProgress, Model, WickError } from "wick";
import { hubName } from "../../packages/ts-api/dist/hub/hub-name.js";
import { hubSource } from "../../packages/ts-api/dist/hub/hub.js";
import { startLlamaCppPython } from "../peers/llama-cpp-python.ts";
import type { Checkpoint } from "./checkpoints.ts";
import { type Golden, compared } from "./golden.ts";

/** How a model did. */
export interface Verdict {
  source: string;
  result: "pass" | "fail" | "no reference";
  /** What was compared, or what went wrong. */
  note: string;
}

/** Near ties: of types that round, the reference's own rounding decides by less. */
const ties: Readonly<Record<string, number>> = { f32: 0.01, f16: 0.1, bf16: 0.5 };
const question = "Count from one to twenty, in words.";

/** Fetches a model and compares what it says with its reference. */
export async function verify(
  { source, reference }: Checkpoint,
  hub: LoadOptions["hub"] = {},
  onProgress?: (progress: LoadProgress) => void,
): Promise<Verdict> {
  const verdict = (result: Verdict["result"], note: string): Verdict => ({ source, result, note });
  try {
    const found = await hubSource(hubName(source), { hub, ...(onProgress && { onProgress }) });
    if (found.kind !== "path") throw new Error("the hub gave no path");
    await using model = await Model.load(found.path);
    if (reference === "llama.cpp") return verdict(...(await besideLlamaCpp(model, found.path)));
    const golden = reference === "transformers" ? ofTransformers(found.path) : await stored(reference.stored);
    if (golden === undefined) return verdict("no reference", "python3 has no transformers and torch");
    const { tokens, difference } = await compared(model, golden, ties[model.info.quantization ?? ""] ?? 0.5);
    return verdict(difference === undefined ? "pass" : "fail", difference ?? `${tokens} tokens are the same`);
  } catch (error) {
    if (!WickError.isInstance(error)) throw error;
    return verdict("fail", `${error.code}: ${error.message}`);
  }
}

async function stored(path: string): Promise<Golden> {
  return JSON.parse(await readFile(path, "utf8")) as Golden;
}

function ofTransformers(folder: string): Golden | undefined {
  const hasIt = spawnSync("python3", ["-c", "import torch, transformers"]).status === 0;
  if (!hasIt) return undefined;
  const program = fileURLToPath(new URL("transformers.py", import.meta.url));
  const { status, stdout, stderr } = spawnSync("python3", [program, folder], { encoding: "utf8", maxBuffer: 1 << 26 });
  if (status !== 0) throw new Error(`transformers failed\n${stderr.slice(-2000)}`);
  return JSON.parse(stdout) as Golden;
}

/** Text of quantised models drifts apart where two words are near; half of it, or thirty characters, must be the same. */
async function besideLlamaCpp(model: Model, path: string): Promise<[Verdict["result"], string]> {
  const server = await startLlamaCppPython(path);
  try {
    const there = Model.connect({ provider: "openai", model: "demo", baseURL: server.url });
    const request = { messages: [{ role: "user" as const, content: question }], temperature: 0, maxTokens: 64 };
    const [ours, theirs] = await Promise.all(
      [model, there].map(async (one) => (await one.chat.complete(request)).choices[0].message.content),
    );
    const same = commonLength(ours ?? "", theirs ?? "");
    const isEnough = same >= Math.min(30, (theirs ?? "").length / 2) && same > 0;
    return [isEnough ? "pass" : "fail", `${same} of ${theirs?.length} characters are the same as llama.cpp's`];
  } finally {
    await server.stop();
  }
}

function commonLength(one: string, other: string): number {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length += 1;
  return length;
}
