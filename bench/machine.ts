import { readFileSync } from "node:fs";
import { availableParallelism, cpus, platform, arch } from "node:os";

/** What figures depend on besides the programs. */
export interface Machine {
  readonly cpu: string;
  /** Instructions that kernels here or in a peer are written for. */
  readonly features: readonly string[];
  readonly cores: number;
  readonly platform: string;
}

const FEATURES = [
  ..."avx2 f16c avx_vnni avx512f avx512bw avx512_vnni avx512_bf16 avx512_fp16 amx_int8 amx_bf16".split(" "),
  ..."asimddp i8mm bf16 sve sve2".split(" "),
];

function readMachine(): Machine {
  const fields = new Map<string, string>();
  if (platform() === "linux") {
    for (const line of readFileSync("/proc/cpuinfo", "utf8").split("\n\n", 1)[0]?.split("\n") ?? []) {
      const [name = "", value = ""] = line.split(":", 2);
      fields.set(name.trim(), value.trim());
    }
  }
  const model = fields.get("model name") ?? cpus()[0]?.model ?? "unknown";
  // Virtual machines often hide all of the name but the maker.
  const generation = fields.has("cpu family")
    ? ` (family ${fields.get("cpu family")}, model ${fields.get("model")})`
    : "";
  const flags = (fields.get("flags") ?? fields.get("Features") ?? "").split(" ");
  return {
    cpu: model + generation,
    features: FEATURES.filter((feature) => flags.includes(feature)),
    cores: availableParallelism(),
    platform: `${platform()}-${arch()}`,
  };
}

export const machine = readMachine();

export const cpuSlug = machine.cpu
  .toLowerCase()
  .replaceAll(/[^a-z0-9]+/g, "-")
  .replaceAll(/^-|-$/g, "");
